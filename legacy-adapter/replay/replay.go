package replay

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Replay captures requests and takes them to legacy. See the package comment.
type Replay struct {
	options Options
	store   Store
	sender  *sender
	breaker *breaker
	hands   *hands
	hub     hub
	proofs  proofs
	metrics *metrics
	log     *slog.Logger
	now     func() time.Time

	working context.Context // of what is in hand; outlives the shopper's request
	stop    context.CancelFunc
}

// New returns a replay that captures at once and sends what nobody waits for
// once Run is called; or an error that says which option will not do.
func New(o Options) (*Replay, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	r := &Replay{options: o, store: o.Store, sender: newSender(o), hands: newHands(o.Workers), log: o.Logger, now: o.Now}
	r.working, r.stop = context.WithCancel(context.Background())
	var err error
	if r.metrics, err = newMetrics(r, o.Metrics); err != nil {
		return nil, err
	}
	r.breaker = newBreaker(o, r.metrics.breakerChanged)
	return r, nil
}

func (o Options) withDefaults() Options {
	o.BodyBytes = cmp.Or(o.BodyBytes, DefaultBodyBytes)
	o.AnswerBytes = cmp.Or(o.AnswerBytes, DefaultAnswerBytes)
	o.AnswerTimeout = cmp.Or(o.AnswerTimeout, DefaultAnswerTimeout)
	o.LookupTimeout = cmp.Or(o.LookupTimeout, DefaultLookupTimeout)
	o.Grace = cmp.Or(o.Grace, DefaultGrace)
	o.BackoffBase = cmp.Or(o.BackoffBase, DefaultBackoffBase)
	o.BackoffCap = cmp.Or(o.BackoffCap, DefaultBackoffCap)
	o.BreakerRest = cmp.Or(o.BreakerRest, DefaultBreakerRest)
	o.DrainTimeout = cmp.Or(o.DrainTimeout, DefaultDrainTimeout)
	o.Keep = cmp.Or(o.Keep, DefaultKeep)
	o.GiveUpAnswers = cmp.Or(o.GiveUpAnswers, DefaultGiveUpAnswers)
	o.GiveUpAfter = cmp.Or(o.GiveUpAfter, DefaultGiveUpAfter)
	o.Workers = cmp.Or(o.Workers, 8)
	if o.SessionCookies == nil {
		o.SessionCookies = func() []string { return nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

const (
	storeRest   = time.Second      // after the store itself failed
	forgetEvery = 10 * time.Minute // what has ended long ago is dropped
	drainGrace  = 2 * time.Second  // for what is cut short to notice it
)

// Run sends what waits until ctx ends. Then it takes nothing more in hand and
// finishes what is, within DrainTimeout; or returns an error that says how many
// were cut short. Those are found out about when the store is next opened.
func (r *Replay) Run(ctx context.Context) error {
	forget := time.NewTicker(forgetEvery)
	defer forget.Stop()
	r.forget(ctx)
	for ctx.Err() == nil {
		rest, err := r.round(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.Error("captured requests cannot be read", "error", err)
			rest = storeRest
		}
		timer := time.NewTimer(rest)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-r.store.Arrived():
		case <-r.hands.changed:
		case <-forget.C:
			r.forget(ctx)
		}
		timer.Stop()
	}
	return r.drain()
}

// probeRest is how long what may not be sent, because another is finding out
// whether legacy is back, stays in hand.
const probeRest = 100 * time.Millisecond

// longRest is how long the loop sleeps where nothing is due and nothing wakes
// it.
const longRest = time.Minute

// round takes in hand what is due and can be, and returns when to look again.
func (r *Replay) round(ctx context.Context) (time.Duration, error) {
	if r.options.Hold {
		return longRest, nil
	}
	state, since, _ := r.breaker.state()
	limit := r.hands.count() + r.options.Workers
	switch {
	case state == gobreaker.StateOpen:
		return max(time.Millisecond, time.Until(since.Add(r.options.BreakerRest))), nil
	case state == gobreaker.StateHalfOpen:
		limit = r.hands.count() + 1 // one more finds out whether legacy is back
	}
	now := r.now()
	heads, next, err := r.store.Due(ctx, now, limit)
	if err != nil {
		return 0, err
	}
	for _, h := range heads {
		if r.start(h, r.hub.waits(h.ID)) && state == gobreaker.StateHalfOpen {
			break
		}
	}
	if next.IsZero() {
		return longRest, nil
	}
	return min(longRest, max(time.Millisecond, next.Sub(now))), nil
}

func (r *Replay) forget(ctx context.Context) {
	if err := r.store.Forget(ctx, r.now().Add(-r.options.Keep)); err != nil && ctx.Err() == nil {
		r.log.Error("ended captures cannot be dropped", "error", err)
	}
}

// drain waits for what is in hand.
func (r *Replay) drain() error {
	r.hands.close()
	defer r.sender.close()
	ended := make(chan struct{})
	go func() {
		r.hands.work.Wait()
		close(ended)
	}()
	for _, patience := range []time.Duration{r.options.DrainTimeout, drainGrace} {
		timer := time.NewTimer(patience)
		select {
		case <-ended:
			timer.Stop()
			r.stop()
			return nil
		case <-timer.C:
			r.stop()
		}
	}
	return fmt.Errorf("replay: %d captured requests were still in hand; what became of them is found out at the next start", r.hands.count())
}
