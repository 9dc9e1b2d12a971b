package shopper

import (
	"slices"
	"sync"
	"time"
)

// Told is what a shopper knows of an order.
type Told string

// What a shopper may know.
const (
	Accepted Told = "accepted" // it is accepted, and has an id
	Declined Told = "declined" // it is not: sold out, come back later, an error
	Nothing  Told = "nothing"  // an answer never came: it may be there or not
)

// Purchase is an order that a shopper tried to place.
type Purchase struct {
	Key      string `json:"key"`   // the Idempotency-Key
	Token    string `json:"token"` // of the payment; legacy's row has it
	Email    string `json:"email"`
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Amount   int64  `json:"amount"` // in cents, the total

	Told   Told          `json:"told"`
	IDs    []string      `json:"ids,omitempty"` // that it was told; more than one is a lie
	Sent   time.Duration `json:"sent"`          // since the beginning
	Ended  time.Duration `json:"ended"`         // when the last answer came
	Silent bool          `json:"silent"`        // an attempt was never answered
}

// Notes keep every purchase of a run.
type Notes struct {
	mu        sync.Mutex
	purchases []Purchase
	accepted  int64
	counts    Did
}

// Did is what shoppers did beside buying once.
type Did struct {
	Doubled   int64 `json:"doubled"`   // pressed the button twice
	Retried   int64 `json:"retried"`   // pressed again after no answer came, with the same key
	Returned  int64 `json:"returned"`  // bought a second time
	Abandoned int64 `json:"abandoned"` // left a cart behind
}

func (n *Notes) add(p Purchase) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.purchases = append(n.purchases, p)
	if p.Told == Accepted {
		n.accepted++
	}
}

func (n *Notes) did(d Did) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.counts.Doubled += d.Doubled
	n.counts.Retried += d.Retried
	n.counts.Returned += d.Returned
	n.counts.Abandoned += d.Abandoned
}

// Purchases returns a copy of all of them.
func (n *Notes) Purchases() []Purchase {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.purchases)
}

// Did returns what shoppers did so far.
func (n *Notes) Did() Did {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.counts
}

// Accepted returns how many orders were accepted so far.
func (n *Notes) Accepted() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.accepted
}
