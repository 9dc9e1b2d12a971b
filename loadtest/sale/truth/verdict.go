package truth

import (
	"fmt"
	"slices"
	"strings"
)

// Finding is a kind of lie.
type Finding string

// The lies that are looked for.
const (
	Missing  Finding = "missing"        // accepted, and not there
	Doubled  Finding = "doubled"        // bought once, and there more than once
	Amount   Finding = "amount"         // there, with another amount or other lines
	Sequence Finding = "sequence"       // a customer's later order was written before an earlier one
	Untold   Finding = "untold"         // there, and its shopper was told that it is not
	Stranger Finding = "stranger"       // there, and nobody placed it
	Count    Finding = "stock"          // stock is not what was there less what was sold
	Negative Finding = "negative_stock" // stock is below zero
)

// Words says a finding to anybody.
func (f Finding) Words() string {
	return map[Finding]string{
		Missing:  "accepted orders that are not in the legacy database",
		Doubled:  "orders that are there more than once",
		Amount:   "orders with another amount or other lines",
		Sequence: "orders written before an earlier one of the same customer",
		Untold:   "orders whose shopper was told that there is none",
		Stranger: "orders that nobody placed",
		Count:    "products whose stock does not fit what was sold",
		Negative: "products whose stock is below zero",
	}[f]
}

// maxExamples is how many cases of each finding are named.
const maxExamples = 5

// Verdict is what was found in the legacy database.
type Verdict struct {
	Clean    bool                 `json:"clean"`
	Accepted int64                `json:"accepted"` // orders that shoppers were told are accepted
	Found    int64                `json:"found"`    // of them, those that are there exactly once and right
	Rows     int64                `json:"rows"`     // orders that are there
	Units    int64                `json:"units"`    // that they took from stock
	Pairs    int64                `json:"pairs"`    // of orders of one customer whose sequence was looked at
	Unheard  int64                `json:"unheard"`  // orders that are there and whose shopper never got an answer
	Lies     map[Finding]int64    `json:"lies,omitempty"`
	Examples map[Finding][]string `json:"examples,omitempty"`
}

func (v *Verdict) lie(f Finding, format string, args ...any) {
	if v.Lies == nil {
		v.Lies, v.Examples = make(map[Finding]int64), make(map[Finding][]string)
	}
	v.Lies[f]++
	if len(v.Examples[f]) < maxExamples {
		v.Examples[f] = append(v.Examples[f], fmt.Sprintf(format, args...))
	}
}

// String says the verdict in a sentence.
func (v Verdict) String() string {
	if v.Clean {
		return fmt.Sprintf("all %d accepted orders are in the legacy database exactly once, with the right amounts, and stock fits", v.Accepted)
	}
	var lies []string
	for f, n := range v.Lies {
		lies = append(lies, fmt.Sprintf("%d %s", n, f.Words()))
	}
	slices.Sort(lies)
	return strings.Join(lies, "; ")
}
