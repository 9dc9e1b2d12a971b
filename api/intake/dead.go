package intake

import (
	"errors"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// The refusals of mending.
var (
	// ErrNotDead: only a dead letter can be mended, redriven or dropped.
	ErrNotDead = errors.New("the order is no dead letter")
	// ErrChanged: somebody else corrected the order since it was looked at.
	ErrChanged = errors.New("somebody else changed the order meanwhile")
)

// Cause is a group of dead letters that legacy refused for the same cause.
type Cause struct {
	Cause   string    `json:"cause"`
	Orders  int64     `json:"orders"`
	Oldest  time.Time `json:"oldest"`  // when the first of them became a dead letter
	Newest  time.Time `json:"newest"`  // and the last
	Example string    `json:"example"` // the id of the one accepted first
}

// DeadFilter says which dead letters are wanted. They come in the order in
// which they were accepted.
type DeadFilter struct {
	Cause string // part of the cause, in any case; empty: whatever it is
	After string // only orders accepted after the one with this id; empty: from the first
	Limit int    // 0 means DefaultListLimit
}

// DeadLetter is an order that waits for somebody to mend it.
type DeadLetter struct {
	order.Record
	Since time.Time `json:"since"` // when legacy refused it last
}

// Act says who does something to a dead letter, and why.
type Act struct {
	Who string
	Why string
}

// Action is what was done to a dead letter, or happened to it.
type Action string

// The actions.
const (
	Refused  Action = "refused"  // by legacy: the order became a dead letter
	Checked  Action = "checked"  // tried on legacy, and rolled back
	Edited   Action = "edited"   // corrected
	Redriven Action = "redriven" // put back in the queue
	Dropped  Action = "dropped"  // given up on, its stock given back
)

// AuditEntry is one thing that was done to an order. Entries are only ever added.
type AuditEntry struct {
	At      time.Time    `json:"at"`
	Action  Action       `json:"action"`
	Who     string       `json:"who"`
	Why     string       `json:"why,omitempty"`
	Cause   string       `json:"cause,omitempty"`   // of the dead letter at that time; of checked, what came of it
	Changes []Change     `json:"changes,omitempty"` // of edited
	Before  *order.Order `json:"before,omitempty"`  // of edited: the order as it was
}

// Change is one field of an order that was corrected.
type Change struct {
	Field string `json:"field"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// Changes lists the fields that differ. What pays is not repeated.
func Changes(from, to order.Order) []Change {
	var all []Change
	add := func(field, from, to string) {
		if from != to {
			all = append(all, Change{field, from, to})
		}
	}
	add("customer.email", from.Customer.Email, to.Customer.Email)
	add("customer.name", from.Customer.Name, to.Customer.Name)
	add("customer.address", from.Customer.Address, to.Customer.Address)
	for i := range max(len(from.Lines), len(to.Lines)) {
		add(fmt.Sprintf("lines[%d]", i), lineWords(from.Lines, i), lineWords(to.Lines, i))
	}
	if from.Payment != to.Payment {
		all = append(all, Change{Field: "payment.token"})
	}
	add("total", from.Total.String(), to.Total.String())
	return all
}

func lineWords(lines []order.Line, i int) string {
	if i >= len(lines) {
		return ""
	}
	words := fmt.Sprintf("%d × %s", lines[i].Quantity, lines[i].SKU)
	if p := lines[i].Price; p != nil {
		words += " at " + p.String()
	}
	return words
}
