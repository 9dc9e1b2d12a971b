package console

import "net/http"

// overviewRows is how many orders and flips the overview shows.
const overviewRows = 8

// overviewView is the overview, and its JSON. A part that could not be read is
// marked and the others are shown all the same, for the overview is where
// somebody looks when something is down.
type overviewView struct {
	frame   `json:"-"`
	Ledger  *ledgerAnswer  `json:"ledger"` // nil where it could not be read
	Orders  []orderSummary `json:"orders"`
	Entries []Entry        `json:"history"`
	Missing []string       `json:"missing,omitempty"` // the parts that could not be read
}

// Lacks reports whether a part could not be read.
func (v overviewView) Lacks(part string) bool {
	for _, m := range v.Missing {
		if m == part {
			return true
		}
	}
	return false
}

// overview shows the numbers, the last orders and the last flips.
func (c *console) overview(w http.ResponseWriter, r *http.Request) {
	v := overviewView{Entries: []Entry{}}
	ledger, err := c.Ledger.Ledger(r.Context())
	if err == nil {
		v.Ledger = &ledgerAnswer{ledger, ledger.Verdict(), c.Products.Table().view()}
	}
	v.note(c, "ledger", err)

	records, err := c.Orders.List(r.Context(), OrderFilter{Limit: overviewRows})
	v.Orders = summaries(records)
	v.note(c, "orders", err)

	entries, err := c.History.History(r.Context(), HistoryFilter{Limit: overviewRows})
	v.Entries = append(v.Entries, entries...)
	v.note(c, "history", err)

	if wantsJSON(r) {
		c.json(w, http.StatusOK, v)
		return
	}
	v.frame = c.frame(w, r, "overview", "Overview")
	v.Refresh = 5
	c.page(w, "overview", v)
}

// note marks a part as missing where reading it failed.
func (v *overviewView) note(c *console, part string, err error) {
	if err != nil {
		c.Logger.Error("read overview failed", "part", part, "error", err)
		v.Missing = append(v.Missing, part)
	}
}
