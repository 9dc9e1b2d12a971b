package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"

	"github.com/banyan-edge/banyan/api/order"
)

// Defaults of Options.
const (
	DefaultBatchSize    = 100
	DefaultWriteTimeout = 30 * time.Second
	DefaultDrainTimeout = 20 * time.Second
)

// Options make a Relay. Source, Legacy and Budget are required.
type Options struct {
	Source Source
	Legacy Legacy
	Budget *Budget // shared with everything else that touches legacy

	BatchSize    int           // orders in one transaction; zero: DefaultBatchSize
	Workers      int           // batches in hand at once; zero: the budget's limit
	WriteTimeout time.Duration // of one batch; zero: DefaultWriteTimeout
	DrainTimeout time.Duration // for what is in hand when Run is told to end; zero: DefaultDrainTimeout
	BackoffBase  time.Duration // zero: BackoffBase
	BackoffCap   time.Duration // zero: BackoffCap
	BreakerRest  time.Duration // zero: BreakerRest

	Now     func() time.Time      // zero: time.Now
	Logger  *slog.Logger          // zero: silent
	Metrics prometheus.Registerer // zero: not registered
	Rand    func() float64        // for jitter, in [0,1); zero: math/rand
}

// Relay takes orders from a Source to Legacy. See the package comment.
type Relay struct {
	source Source
	legacy Legacy
	budget *Budget

	batchSize    int
	hands        chan struct{} // a token a batch in hand
	writeTimeout time.Duration
	drainTimeout time.Duration
	backoffBase  time.Duration
	backoffCap   time.Duration

	now     func() time.Time
	rand    func() float64
	logger  *slog.Logger
	metrics metrics
	breaker *breaker
	rate    rate
	inHand  atomic.Int64
}

// New returns a relay that does nothing until Run. It panics where a required
// option is missing.
func New(o Options) *Relay {
	if o.Source == nil || o.Legacy == nil || o.Budget == nil {
		panic("relay: Source, Legacy and Budget are required")
	}
	r := &Relay{
		source: o.Source, legacy: o.Legacy, budget: o.Budget,
		batchSize:    or(o.BatchSize, DefaultBatchSize),
		hands:        make(chan struct{}, or(o.Workers, o.Budget.Limit())),
		writeTimeout: or(o.WriteTimeout, DefaultWriteTimeout),
		drainTimeout: or(o.DrainTimeout, DefaultDrainTimeout),
		backoffBase:  or(o.BackoffBase, BackoffBase),
		backoffCap:   or(o.BackoffCap, BackoffCap),
		now:          o.Now, rand: o.Rand, logger: o.Logger,
	}
	if r.now == nil {
		r.now = time.Now
	}
	if r.rand == nil {
		r.rand = rand.Float64
	}
	if r.logger == nil {
		r.logger = slog.New(slog.DiscardHandler)
	}
	r.metrics = newMetrics(r, o.Metrics, o.Budget)
	r.breaker = newBreaker(or(o.BreakerRest, BreakerRest), r.logger, r.breakerChanged)
	return r
}

// breakerChanged has what was deferred come back once legacy does: a backoff of
// minutes is for a legacy of which nothing is known. Legacy does not get it all
// at once, since the budget is what it was.
func (r *Relay) breakerChanged(to gobreaker.State) {
	r.metrics.breakerChanged(to)
	if rouser, can := r.source.(Rouser); can && to == gobreaker.StateClosed {
		rouser.Rouse()
	}
}

func or[T int | time.Duration](value, otherwise T) T {
	if value > 0 {
		return value
	}
	return otherwise
}

// Run delivers orders until ctx ends. Then it receives no more, finishes and
// settles what is in hand, within DrainTimeout, and returns nil; or an error
// that says how many orders were still in hand. Those are delivered again.
func (r *Relay) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var deliveries sync.WaitGroup
	for failures := 0; ctx.Err() == nil; {
		if err := r.deliverNext(ctx, work, &deliveries); err != nil && ctx.Err() == nil {
			wait := min(r.backoffCap, receiveRest<<min(failures, 8))
			failures++
			r.logger.Error("queue not readable", "err", err, "again_in", wait)
			r.pause(ctx, wait)
			continue
		}
		failures = 0
	}
	return r.drain(&deliveries, stop)
}

// How long the relay waits after the queue itself failed: first, and doubling.
const receiveRest = 100 * time.Millisecond

// deliverNext waits until legacy may be asked, there is a free hand, and
// orders are due; then it delivers them in the background.
func (r *Relay) deliverNext(ctx, work context.Context, deliveries *sync.WaitGroup) error {
	select {
	case r.hands <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	putDown := func() { <-r.hands }
	state, err := r.breaker.wait(ctx)
	if err != nil {
		putDown()
		return err
	}
	receive := func() ([]order.Queued, error) { return r.source.Receive(ctx, r.batchSize) }
	if state == gobreaker.StateHalfOpen {
		receive = func() ([]order.Queued, error) { return r.receiveOne(ctx) }
	}
	batch, err := receive()
	if err != nil || len(batch) == 0 {
		putDown()
		return err
	}
	r.inHand.Add(int64(len(batch)))
	delivered := make(chan struct{})
	deliveries.Go(func() {
		defer close(delivered)
		defer putDown()
		defer r.inHand.Add(-int64(len(batch)))
		r.deliver(work, batch)
	})
	if state == gobreaker.StateHalfOpen {
		select { // nothing more before it is known how this one fared
		case <-delivered:
		case <-ctx.Done():
		}
	}
	return nil
}

// receiveOne receives the single order that finds out whether legacy is back.
// Where none is due the next one that will be is taken soon: legacy may be back
// long before its time. One that was due comes first, so that no order that
// takes legacy down each time is the only one to ask.
func (r *Relay) receiveOne(ctx context.Context) ([]order.Queued, error) {
	rouser, can := r.source.(Rouser)
	if !can {
		return r.source.Receive(ctx, 1)
	}
	soon, cancel := context.WithTimeout(ctx, r.breaker.rest)
	defer cancel()
	batch, err := r.source.Receive(soon, 1)
	if len(batch) > 0 || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
		return batch, err
	}
	rouser.Hasten()
	return r.source.Receive(ctx, 1)
}

// drain waits for the deliveries in hand: DrainTimeout for them to end, and a
// moment more for them to notice that they have to.
func (r *Relay) drain(deliveries *sync.WaitGroup, stop func()) error {
	ended := make(chan struct{})
	go func() {
		deliveries.Wait()
		close(ended)
	}()
	for _, patience := range []time.Duration{r.drainTimeout, drainGrace} {
		timer := time.NewTimer(patience)
		select {
		case <-ended:
			timer.Stop()
			return nil
		case <-timer.C:
			stop()
		}
	}
	return fmt.Errorf("relay: %d orders were still in hand after %v; they will be delivered again",
		r.inHand.Load(), r.drainTimeout)
}

const drainGrace = 2 * time.Second

// pause waits for d or until ctx ends.
func (r *Relay) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// ordersOf returns the orders of a batch.
func ordersOf(batch []order.Queued) []order.Order {
	orders := make([]order.Order, len(batch))
	for i, q := range batch {
		orders[i] = q.Order
	}
	return orders
}
