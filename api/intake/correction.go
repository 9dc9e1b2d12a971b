package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/banyan-edge/banyan/api/order"
)

// Correction is what a mended order is to say. What identifies the order (its
// id, key, trace and when it was accepted) cannot be corrected.
type Correction struct {
	Customer order.Customer `json:"customer"`
	Lines    []order.Line   `json:"lines"`
	Payment  order.Payment  `json:"payment,omitzero"` // without a token, the order keeps its own

	// Seen is the Seal of the order that the correction was made from, so that
	// of two people who mend the same order the second is told. Empty: not
	// looked at.
	Seen string `json:"seen,omitempty"`
}

// CorrectionOf returns the correction that changes nothing, to be edited. The
// payment token stays out of it.
func CorrectionOf(o order.Order) Correction {
	c := Correction{Customer: o.Customer, Lines: slices.Clone(o.Lines), Seen: Seal(o)}
	for i, l := range c.Lines {
		if l.Price != nil {
			price := *l.Price
			c.Lines[i].Price = &price
		}
	}
	return c
}

// Apply returns the corrected order, with its total added up anew. It returns
// ErrChanged, or an *order.InvalidError that lists all that is wrong. Unlike a
// shopper's order it has to say every line's price: the shopper has paid, and
// nobody asks the catalogue what it costs today.
func (c Correction) Apply(o order.Order) (order.Order, error) {
	if c.Seen != "" && c.Seen != Seal(o) {
		return o, ErrChanged
	}
	o.Customer, o.Lines = c.Customer, c.Lines
	if c.Payment.Token != "" {
		o.Payment = c.Payment
	}
	if err := o.Validate(); err != nil {
		return o, err
	}
	currency := o.Total.Currency
	o.Total = order.Money{}
	var faults []order.FieldError
	for i, l := range o.Lines {
		switch field := fmt.Sprintf("lines[%d].price", i); {
		case l.Price == nil:
			faults = append(faults, order.FieldError{Field: field, Detail: "is missing"})
			continue
		case currency != "" && l.Price.Currency != currency:
			faults = append(faults, order.FieldError{Field: field + ".currency", Detail: "is not the order's, " + currency})
			continue
		}
		o.Total = o.Total.Plus(l.Price.Times(l.Quantity))
	}
	if len(faults) > 0 {
		return o, &order.InvalidError{Fields: faults}
	}
	return o, nil
}

// Seal identifies what an order says now.
func Seal(o order.Order) string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // plain fields only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12])
}
