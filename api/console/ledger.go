package console

import (
	"context"
	"fmt"
	"net/http"

	"github.com/banyan-edge/banyan/api/order"
)

// Ledger is where the numbers are read. An open overview asks once a second.
type Ledger interface {
	Ledger(ctx context.Context) (LedgerView, error)
}

// LedgerView is the ledger and how fast it moves.
type LedgerView struct {
	order.Ledger
	Balanced bool `json:"balanced"` // no order is missing and none is counted twice, legacy's own count included

	LegacyRows *int64 `json:"legacy_rows,omitempty"` // orders by legacy's own count; nil where it cannot be asked
	Note       string `json:"note,omitempty"`        // what else there is to say, such as why legacy was not asked

	QueueDepth        int64     `json:"queue_depth"`         // deliveries in the queue
	AcceptedPerSecond float64   `json:"accepted_per_second"` // of the last seconds
	WrittenPerSecond  float64   `json:"written_per_second"`
	Forecast          *Forecast `json:"forecast,omitempty"` // of the queue; nil where nobody knows the rates
	Breakers          []Breaker `json:"breakers,omitempty"`
}

// Breaker is what stops asking an arm, or legacy's database, that fails.
type Breaker struct {
	Name  string `json:"name"`           // "serverless arm", "legacy database"
	State string `json:"state"`          // gobreaker's word: closed, half-open or open
	Note  string `json:"note,omitempty"` // what it means right now, in words
}

// Words says the breaker's state to somebody who has never heard of one.
func (b Breaker) Words() string {
	switch b.State {
	case "closed":
		return "answering"
	case "half-open":
		return "being tried again"
	case "open":
		return "not answering"
	}
	return b.State
}

// Verdict says in words whether the ledger balances.
func (v LedgerView) Verdict() string {
	off := v.Accepted - v.Written - v.Waiting - v.Dead - v.Cancelled
	switch {
	case v.Balanced && v.Accepted == 0:
		return "No orders yet. The ledger is ready."
	case v.Balanced:
		return "Every order is accounted for."
	case off > 0:
		return countOrders(off) + " missing: accepted, and nowhere to be found since."
	case off < 0:
		return countOrders(-off) + " too many: counted twice, or never accepted."
	case v.LegacyRows != nil && *v.LegacyRows != v.Written:
		return fmt.Sprintf("Legacy counts %s where the ledger has %s written.", countOrders(*v.LegacyRows), count(v.Written))
	}
	return "The ledger does not balance."
}

// ledgerAnswer is the JSON of the ledger: the numbers, and what a live page
// shows beside them.
type ledgerAnswer struct {
	LedgerView
	Verdict string    `json:"verdict"`
	Table   tableView `json:"table"`
}

// ledger answers in JSON whoever asks; the page that shows it is the overview.
func (c *console) ledger(w http.ResponseWriter, r *http.Request) {
	v, err := c.Ledger.Ledger(r.Context())
	if err != nil {
		c.fail(w, r, "read the ledger", err)
		return
	}
	c.json(w, http.StatusOK, ledgerAnswer{v, v.Verdict(), c.Products.Table().view()})
}
