package relay

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/banyan-edge/banyan/api/order"
)

// When the breaker opens and for how long.
const (
	BreakerFailures = 3               // batches in a row that found legacy away
	BreakerRest     = 5 * time.Second // until a single order is tried again
)

// breaker stops the relay from asking a legacy that is away. It counts
// batches: one fails when legacy was away and not a single order ended.
type breaker struct {
	two    *gobreaker.TwoStepCircuitBreaker[struct{}]
	rest   time.Duration
	logger *slog.Logger

	mu       sync.Mutex
	since    time.Time // of the present state
	changed  chan struct{}
	observed func(gobreaker.State)
}

func newBreaker(rest time.Duration, logger *slog.Logger, observed func(gobreaker.State)) *breaker {
	b := &breaker{rest: rest, logger: logger, observed: observed, since: time.Now(), changed: make(chan struct{})}
	b.two = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:          "legacy",
		MaxRequests:   1,
		Timeout:       rest,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= BreakerFailures },
		OnStateChange: b.stateChanged,
	})
	observed(gobreaker.StateClosed)
	return b
}

// stateChanged is called by gobreaker under its own lock.
func (b *breaker) stateChanged(_ string, from, to gobreaker.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since = time.Now()
	close(b.changed)
	b.changed = make(chan struct{})
	b.observed(to)
	level := slog.LevelInfo
	if to == gobreaker.StateOpen {
		level = slog.LevelWarn
	}
	b.logger.Log(context.Background(), level, "breaker changed", "from", from.String(), "to", to.String())
}

func (b *breaker) state() (gobreaker.State, time.Time) {
	state := b.two.State() // may itself change the state, so before the lock
	b.mu.Lock()
	defer b.mu.Unlock()
	return state, b.since
}

// restsUntil is when an open breaker lets the next order try.
func (b *breaker) restsUntil() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.since.Add(b.rest)
}

// wait returns when the breaker is not open, and its state; or ctx's error.
func (b *breaker) wait(ctx context.Context) (gobreaker.State, error) {
	for {
		b.mu.Lock()
		changed := b.changed
		b.mu.Unlock()
		state, since := b.state()
		if state != gobreaker.StateOpen {
			return state, ctx.Err()
		}
		timer := time.NewTimer(max(time.Millisecond, time.Until(since.Add(b.rest))))
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
		if err := ctx.Err(); err != nil {
			return state, err
		}
	}
}

// allow asks whether legacy may be asked, and returns where to report.
func (b *breaker) allow() (report func([]Outcome), err error) {
	done, err := b.two.Allow()
	if err != nil {
		return nil, err
	}
	return func(outcomes []Outcome) { done(away(outcomes)) }, nil
}

// away returns why legacy counts as away after a batch, or nil.
func away(outcomes []Outcome) error {
	var found error
	for _, o := range outcomes {
		if o.Disposition != order.DispositionDeferred {
			return nil
		}
		if isAway(o.Err) {
			found = o.Err
		}
	}
	return found
}
