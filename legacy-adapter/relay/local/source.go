package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// Queue is the embedded queue, as this package needs it.
type Queue interface {
	// Waiting returns at most limit waiting orders with Seq > after, in the
	// order of Seq, due or not. Dead letters do not wait.
	Waiting(ctx context.Context, after int64, limit int) ([]order.Queued, error)
	// Arrived returns a channel that is ready, or closed, once orders have
	// begun to wait after the call: accepted or redriven.
	Arrived() <-chan struct{}
	// Settle records what became of deliveries. To repeat it is harmless.
	Settle(ctx context.Context, settlements []order.Settlement) error
}

const (
	// MaxParked is how many orders may be parked. Beyond it the cursor stops
	// until some of them have gone. At about 100 bytes each it is a few MB.
	MaxParked = 50_000

	// MaxLane is how many orders of one customer may be parked. The cursor goes
	// on without the rest: nobody waits for a customer with a long backlog.
	MaxLane = 500

	// RescanEvery is how long a redriven order, whose Seq the cursor has long
	// passed, may stay unnoticed. Looking costs reading what is parked and in
	// hand, so it is not done at each arrival.
	RescanEvery = time.Second

	// LookEvery is how long the queue goes without a look when nothing is heard
	// of it: another process may have redriven an order.
	LookEvery = 5 * time.Second

	scanPage = 500 // orders a look at the queue
)

// Options of New. The zero value is fine.
type Options struct {
	Now       func() time.Time // zero: time.Now
	MaxParked int              // zero: MaxParked
	MaxLane   int              // zero: MaxLane
}

// Source is a relay.Source over a Queue.
type Source struct {
	queue     Queue
	now       func() time.Time
	receiving chan struct{} // a token: one Receive looks at a time
	changed   chan struct{} // has a token when a key became free or an order due

	lanes lanes // what is known of the orders the cursor has passed
	// Used by the Receive that holds the token only:
	arrived    <-chan struct{}
	cursor     int64
	rescan     bool // something arrived that may lie below the cursor
	lastRescan time.Time
}

// New returns a source that starts at the head of the queue.
func New(queue Queue, o Options) *Source {
	s := &Source{
		queue: queue, now: o.Now,
		receiving: make(chan struct{}, 1),
		changed:   make(chan struct{}, 1),
	}
	if s.now == nil {
		s.now = time.Now
	}
	limit, most := o.MaxParked, o.MaxLane
	if limit == 0 {
		limit = MaxParked
	}
	if most == 0 {
		most = MaxLane
	}
	s.lanes.init(limit, most)
	return s
}

// Receive waits until an order is due and returns at most max of them. The
// orders of one key come in the order of Seq. See relay.Source.
func (s *Source) Receive(ctx context.Context, max int) ([]order.Queued, error) {
	select {
	case s.receiving <- struct{}{}:
		defer func() { <-s.receiving }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		s.listen()
		batch, err := s.look(ctx, max)
		if len(batch) > 0 || err != nil {
			return batch, err
		}
		if err := s.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// listen asks whether anything arrived since the last look, and listens anew
// before the next one, so that nothing slips in between.
func (s *Source) listen() {
	select {
	case <-s.arrived: // nil, and so never ready, the first time
		s.rescan = true
	default:
	}
	s.arrived = s.queue.Arrived()
}

// look returns what is due now. What it returns is in hand even if reading
// more of the queue failed.
func (s *Source) look(ctx context.Context, max int) ([]order.Queued, error) {
	if s.rescan && s.now().Sub(s.lastRescan) >= RescanEvery {
		if err := s.scanPassed(ctx); err != nil {
			return nil, err
		}
	}
	s.lanes.beginBatch()
	batch, err := s.takeParked(ctx, max)
	if err == nil && len(batch) < max {
		batch, err = s.takeNew(ctx, batch, max)
	}
	// A long backlog is read a page a look while others have orders that are
	// due, and as far as it takes where they have none.
	for fed := err == nil; fed && err == nil; {
		if fed, err = s.feed(ctx); len(batch) > 0 {
			break
		}
		if fed && err == nil {
			batch, err = s.takeParked(ctx, max)
		}
	}
	if len(batch) > 0 {
		return batch, nil
	}
	return nil, err
}

// wait returns when looking again may find something.
func (s *Source) wait(ctx context.Context) error {
	alarm := time.NewTimer(s.untilNextLook())
	defer alarm.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.arrived:
		s.rescan = true
	case <-alarm.C:
		if s.now().Sub(s.lastRescan) >= LookEvery {
			s.rescan = true
		}
	case <-s.changed:
	}
	return nil
}

// untilNextLook is how long until a parked order is due, a rescan may run, or
// the queue has gone unseen for LookEvery.
func (s *Source) untilNextLook() time.Duration {
	now, wait := s.now(), LookEvery
	if due, ok := s.lanes.nextDue(); ok {
		wait = min(wait, due.Sub(now))
	}
	if s.rescan {
		wait = min(wait, s.lastRescan.Add(RescanEvery).Sub(now))
	}
	return wait
}

// Settle tells the queue what became of orders in hand, then lets the next
// ones of their keys go. After an error nothing has changed here, unless it
// wraps order.ErrNotFound: then the queue knew some of them only, and no order
// of a customer is to wait for one that is gone.
func (s *Source) Settle(ctx context.Context, settlements []order.Settlement) error {
	err := s.queue.Settle(ctx, settlements)
	if err != nil {
		err = fmt.Errorf("settle %d orders: %w", len(settlements), err)
		if !errors.Is(err, order.ErrNotFound) {
			return err
		}
	}
	s.lanes.settle(settlements)
	s.signal()
	return err
}

// Rouse makes the deferred orders due now, each customer's still in sequence:
// legacy is back, and what they waited for is over. What the queue has on disk
// is left as it is.
func (s *Source) Rouse() {
	s.lanes.rouse()
	s.signal()
}

// Hasten makes the deferred order that is due first due now, and what was
// deferred with it.
func (s *Source) Hasten() {
	s.lanes.hasten(s.now())
	s.signal()
}

// signal has a waiting Receive look again.
func (s *Source) signal() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}
