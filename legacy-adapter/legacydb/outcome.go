package legacydb

import (
	"time"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

// Outcome is what became of one order. It is an alias of a plain struct, the
// same that the relay asks for, since neither package imports the other.
type Outcome = struct {
	Disposition order.Disposition
	Cause       string // in words, for deferred and rejected; holds no personal data
	Err         error  // what the database said, for the log
}

// verdict is what an error of the database means for the order at hand.
type verdict struct {
	disposition order.Disposition // deferred or rejected
	cause       string            // in words
	away        bool              // legacy itself is away, or takes no orders at all
	stop        bool              // the transaction is lost; the other orders share the verdict
	locked      bool              // it waited for a lock in vain, and the next order may as well
	again       bool              // the same transaction may well succeed at once
}

func (v verdict) outcome(err error) Outcome {
	if v.away {
		err = awayError{err}
	}
	return Outcome{v.disposition, v.cause, err}
}

// awayError marks an error that says that legacy is away. The relay's breaker
// asks for the method.
type awayError struct{ error }

func (awayError) Away() bool      { return true }
func (e awayError) Unwrap() error { return e.error }

// batch is a set of orders, no id twice, with their outcomes so far.
type batch struct {
	plan     *plan
	orders   []order.Order
	listings []listing.Listing // those that the orders are the envelopes of; nil: they are orders
	outcomes []Outcome
	decided  []bool
	blocked  map[string]bool // ordering keys of which an order was deferred
	now      time.Time
}

func newBatch(p *plan, orders []order.Order, now time.Time) *batch {
	return &batch{
		plan:     p,
		orders:   orders,
		outcomes: make([]Outcome, len(orders)),
		decided:  make([]bool, len(orders)),
		blocked:  make(map[string]bool),
		now:      now,
	}
}

// only is a batch of order i alone, with nothing decided.
func (b *batch) only(i int) *batch {
	own := newBatch(b.plan, b.orders[i:i+1], b.now)
	if b.listings != nil {
		own.listings = b.listings[i : i+1]
	}
	return own
}

// subject is what the statements see of the i-th of the batch.
func (b *batch) subject(i int) subject {
	if b.listings != nil {
		return subject{listing: &b.listings[i]}
	}
	return subject{order: &b.orders[i]}
}

func (b *batch) decide(i int, o Outcome) {
	b.outcomes[i], b.decided[i] = o, true
	if o.Disposition == order.DispositionDeferred {
		b.blocked[b.orders[i].OrderingKey()] = true
	}
}

// waits reports whether order i has to wait because an earlier order of its
// customer was deferred, and decides so.
func (b *batch) waits(i int) bool {
	if !b.blocked[b.orders[i].OrderingKey()] {
		return false
	}
	b.decide(i, Outcome{Disposition: order.DispositionDeferred, Cause: b.plan.words.behind})
	return true
}

// deferAll gives every order the same verdict, whatever was thought of it
// before: the transaction in which that was thought is lost.
func (b *batch) deferAll(v verdict, err error) {
	v.disposition = order.DispositionDeferred
	for i := range b.orders {
		b.decide(i, v.outcome(err))
	}
}

// deferRest gives the orders that are not decided yet the same verdict.
func (b *batch) deferRest(v verdict, err error) {
	v.disposition = order.DispositionDeferred
	for i := range b.orders {
		if !b.decided[i] {
			b.decide(i, v.outcome(err))
		}
	}
}

// writeRest decides the orders that nothing was found against, once their
// transaction is committed.
func (b *batch) writeRest() {
	for i := range b.orders {
		if !b.decided[i] {
			b.decide(i, Outcome{Disposition: order.DispositionWritten})
		}
	}
}

// outcomesOf returns the outcomes in the sequence of the ids. One that comes once
// more than it is in the batch is a duplicate from then on.
func (b *batch) outcomesOf(ids []string) []Outcome {
	at := make(map[string]int, len(b.orders))
	for i, o := range b.orders {
		at[o.ID] = i
	}
	outcomes, told := make([]Outcome, len(ids)), make([]bool, len(b.orders))
	for i, id := range ids {
		n := at[id]
		outcomes[i] = b.outcomes[n]
		if told[n] && outcomes[i].Disposition == order.DispositionWritten {
			outcomes[i] = duplicate
		}
		told[n] = true
	}
	return outcomes
}

// reset forgets what was decided, before another try.
func (b *batch) reset() {
	clear(b.outcomes)
	clear(b.decided)
	clear(b.blocked)
}

// duplicate is the outcome of an order that legacy has already.
var duplicate = Outcome{Disposition: order.DispositionDuplicate}
