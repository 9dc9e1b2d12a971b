// Package order is the order itself: its types, what makes one valid, its wire
// form, its states, and the answers that placing one can have. It is pure: no
// clock, no network, no store. Everything that accepts, queues, relays, writes
// or shows an order speaks in these types.
//
// The way of an order is
//
//	ParseJSON | ParseForm → Price → Accept (202) → queued → written
//
// and its id is the key under which the legacy database knows it, so that a
// second delivery is harmless.
package order

import (
	"strings"
	"time"
)

// Order is what a shopper buys. The first group of fields is the shopper's, the
// second is set by the shop when it prices the order, the third by intake when
// it accepts it.
type Order struct {
	Customer Customer `json:"customer"`
	Lines    []Line   `json:"lines"`
	Payment  Payment  `json:"payment"`

	Total Money `json:"total"`

	ID         string    `json:"id"`
	Key        string    `json:"key,omitempty"` // the Idempotency-Key as the client sent it; empty where it sent none
	AcceptedAt time.Time `json:"accepted_at"`
	Trace      string    `json:"trace,omitempty"` // W3C traceparent of the request that placed it
	Epoch      uint64    `json:"epoch,omitempty"` // the table's epoch that routed that request

	// Session tells one browser from another, for forms that send no key. It
	// never travels with the order.
	Session string `json:"-"`
}

// Customer is who buys.
type Customer struct {
	Email   string `json:"email"`
	Name    string `json:"name"`
	Address string `json:"address"`
}

// Line is one SKU and how many of it. Price is per unit. In an order that came
// from a shopper Price is what the shopper was shown, or nil; in a priced order
// it is the catalogue's.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Price    *Money `json:"price,omitempty"`
}

// Payment is the token of the payment provider. Banyan never sees a card.
type Payment struct {
	Token string `json:"token"`
}

// OrderingKey names the orders that must reach legacy in the order they were
// accepted: those of one customer.
func (o Order) OrderingKey() string { return strings.ToLower(strings.TrimSpace(o.Customer.Email)) }

// Units returns how many of each SKU the order takes; two lines of one SKU add up.
func (o Order) Units() map[string]int {
	units := make(map[string]int, len(o.Lines))
	for _, l := range o.Lines {
		units[l.SKU] += l.Quantity
	}
	return units
}

// Record is an order as a store knows it: the order and what became of it.
type Record struct {
	Order
	State     State     `json:"state"`
	Cause     string    `json:"cause,omitempty"`    // a dead letter's cause, in words
	Attempts  int       `json:"attempts,omitempty"` // deliveries to legacy so far
	WrittenAt time.Time `json:"written_at,omitzero"`
}

// Dead reports whether the order cannot be written until someone mends it.
func (r Record) Dead() bool { return r.State == Accepted && r.Cause != "" }

// Receipt is the answer to an accepted order.
type Receipt struct {
	OrderID    string    `json:"order_id"`
	State      State     `json:"status"`
	AcceptedAt time.Time `json:"accepted_at"`
	Replayed   bool      `json:"-"` // the first answer given again to a repeated key
}
