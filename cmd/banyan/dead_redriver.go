package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// redriver puts dead letters back in the queue, no faster than told to, and
// watches what becomes of them. It begins with no more than stopAfter orders
// whose outcome is not known, and takes two more for each that is written: where
// the cause was not mended, no more than stopAfter orders find that out.
type redriver struct {
	mender interface {
		Redrive(ctx context.Context, id string, by intake.Act) error
	}
	book interface {
		Find(ctx context.Context, id string) (order.Record, error)
	}
	next      func(context.Context) (id string, more bool, err error)
	by        intake.Act
	every     time.Duration // the time from one to the next, at least
	stopAfter int
	wait      time.Duration  // how long no outcome may come
	watch     bool           // somebody takes orders out of the queue
	tell      func(redriven) // how it goes; nil: nobody asks

	done    redriven
	open    []openOrder // redriven, and not known what became of them; in order
	row     int         // how many in a row died of cause
	cause   string
	dueAt   time.Time // the next may be redriven
	learned time.Time // of an outcome, or of something redriven after none was open
	ended   bool      // there are no more
}

// openOrder is an order that was redriven after so many attempts.
type openOrder struct {
	id       string
	attempts int
}

// redriven is what became of dead letters that were redriven.
type redriven struct {
	Redriven int    `json:"redriven"`
	Written  int    `json:"written"`
	Refused  int    `json:"refused"` // dead again
	Waiting  int    `json:"waiting"` // in the queue, when the watch ended
	Skipped  int    `json:"skipped"` // no dead letters any more when their turn came
	Dead     int64  `json:"dead"`    // all dead letters, afterwards
	Stopped  string `json:"stopped,omitempty"`
	Cause    string `json:"cause,omitempty"` // that stopped it, as legacy's mapping names it
}

// How often outcomes are looked for, and how many may be open at most.
const (
	lookEvery = 100 * time.Millisecond
	mostOpen  = 200
)

// run redrives until there are no more or it has to stop. What was done until
// then is returned also with an error.
func (r *redriver) run(ctx context.Context) (redriven, error) {
	r.learned = time.Now()
	for r.done.Stopped == "" {
		if err := r.look(ctx); err != nil || r.done.Stopped != "" {
			return r.finish(), err
		}
		if r.tell != nil {
			r.tell(r.finish())
		}
		redrove, err := r.one(ctx)
		if err != nil {
			return r.finish(), err
		}
		if r.ended && (len(r.open) == 0 || !r.watch) {
			break
		}
		if redrove {
			continue
		}
		if r.watch && len(r.open) > 0 && time.Since(r.learned) > r.wait {
			r.done.Stopped = fmt.Sprintf("stopped: no order was written or refused for %s", r.wait)
			break
		}
		if err := r.pause(ctx); err != nil {
			return r.finish(), err
		}
	}
	return r.finish(), nil
}

func (r *redriver) finish() redriven {
	r.done.Waiting = len(r.open)
	return r.done
}

// one redrives the next order if it may go now.
func (r *redriver) one(ctx context.Context) (redrove bool, err error) {
	window := max(r.stopAfter, min(mostOpen, r.stopAfter+2*r.done.Written))
	if r.ended || r.watch && len(r.open)+r.row >= window || time.Now().Before(r.dueAt) {
		return false, nil
	}
	id, more, err := r.next(ctx)
	if err != nil || !more {
		r.ended = err == nil
		return false, err
	}
	before, err := r.book.Find(ctx, id)
	if err != nil {
		return false, err
	}
	err = r.mender.Redrive(ctx, id, r.by)
	if errors.Is(err, intake.ErrNotDead) { // somebody else was quicker
		r.done.Skipped++
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if len(r.open) == 0 {
		r.learned = time.Now()
	}
	r.open = append(r.open, openOrder{id, before.Attempts})
	r.done.Redriven++
	r.dueAt = time.Now().Add(r.every)
	return true, nil
}

// look asks what became of the open orders, in the order they were redriven.
func (r *redriver) look(ctx context.Context) error {
	if !r.watch {
		return nil
	}
	var failed error
	r.open = slices.DeleteFunc(r.open, func(o openOrder) bool {
		if failed != nil {
			return false
		}
		record, err := r.book.Find(ctx, o.id)
		if err != nil {
			failed = err
			return false
		}
		return r.outcome(record, o)
	})
	return failed
}

// outcome notes what became of an order and reports whether that is known.
func (r *redriver) outcome(record order.Record, o openOrder) (known bool) {
	switch {
	case record.Dead() && record.Attempts > o.attempts:
		r.done.Refused++
		if record.Cause != r.cause {
			r.cause, r.row = record.Cause, 0
		}
		if r.row++; r.row >= r.stopAfter && r.done.Stopped == "" {
			r.done.Cause = r.cause
			r.done.Stopped = fmt.Sprintf("stopped: %d in a row died again of the same cause: %s", r.row, causeWords(r.cause))
		}
	case record.State == order.Written:
		r.done.Written++
		r.cause, r.row = "", 0
	case record.State != order.Accepted: // taken back meanwhile
	default:
		return false
	}
	r.learned = time.Now()
	return true
}

// pause waits until outcomes are looked for again, or the next order is due.
func (r *redriver) pause(ctx context.Context) error {
	d := lookEvery
	if due := time.Until(r.dueAt); due > 0 && !r.ended && due < d {
		d = due
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
