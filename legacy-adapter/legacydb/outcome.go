package legacydb

import (
	"time"

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
	orders   []order.Order
	outcomes []Outcome
	decided  []bool
	blocked  map[string]bool // ordering keys of which an order was deferred
	now      time.Time
}

func newBatch(orders []order.Order, now time.Time) *batch {
	return &batch{
		orders:   orders,
		outcomes: make([]Outcome, len(orders)),
		decided:  make([]bool, len(orders)),
		blocked:  make(map[string]bool),
		now:      now,
	}
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
	b.decide(i, Outcome{Disposition: order.DispositionDeferred, Cause: "an earlier order of this customer has to be written first"})
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

// reset forgets what was decided, before another try.
func (b *batch) reset() {
	clear(b.outcomes)
	clear(b.decided)
	clear(b.blocked)
}

// duplicate is the outcome of an order that legacy has already.
var duplicate = Outcome{Disposition: order.DispositionDuplicate}
