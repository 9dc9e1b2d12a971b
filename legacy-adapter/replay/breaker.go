package replay

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

// breakerFailures in a row open the breaker.
const breakerFailures = 3

// breaker keeps a legacy that is away from being asked, and the queue alone
// meanwhile.
type breaker struct {
	circuit *gobreaker.TwoStepCircuitBreaker[struct{}]
	rest    time.Duration
	log     *slog.Logger
	observe func(gobreaker.State)

	mu      sync.Mutex
	since   time.Time
	changed chan struct{} // closed at the next change
}

// errNoVerdict: the sending was cut short here, which says nothing of legacy.
var errNoVerdict = errors.New("the sending was cut short")

func newBreaker(o Options, observe func(gobreaker.State)) *breaker {
	b := &breaker{rest: o.BreakerRest, log: o.Logger, observe: observe, since: time.Now(), changed: make(chan struct{})}
	b.circuit = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name: "replay", MaxRequests: 1, Timeout: o.BreakerRest,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerFailures },
		IsExcluded:    func(err error) bool { return errors.Is(err, errNoVerdict) },
		OnStateChange: b.stateChanged,
	})
	observe(gobreaker.StateClosed)
	return b
}

// stateChanged is called by gobreaker under its own lock.
func (b *breaker) stateChanged(_ string, from, to gobreaker.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since = time.Now()
	close(b.changed)
	b.changed = make(chan struct{})
	b.observe(to)
	level := slog.LevelInfo
	if to == gobreaker.StateOpen {
		level = slog.LevelWarn
	}
	b.log.Log(context.Background(), level, "replay breaker changed", "from", from.String(), "to", to.String())
}

// state returns the state, since when, and what is closed when it changes.
func (b *breaker) state() (gobreaker.State, time.Time, <-chan struct{}) {
	state := b.circuit.State() // may itself change the state, so before the lock
	b.mu.Lock()
	defer b.mu.Unlock()
	return state, b.since, b.changed
}

func (b *breaker) isOpen() bool { return b.circuit.State() == gobreaker.StateOpen }

// allow asks whether legacy may be asked, and returns where to report how it
// did.
func (b *breaker) allow() (report func(error), err error) { return b.circuit.Allow() }
