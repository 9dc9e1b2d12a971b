package proxy

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/banyan-edge/banyan/edge/route"
)

// BreakerOptions say when an arm is no longer asked, and when again. A zero
// field takes the default that its comment gives.
type BreakerOptions struct {
	Failures uint32        // so many in a row open the breaker, 5
	Share    float64       // or this share of failures, 0.5,
	Least    uint32        // of at least so many requests, 20,
	Window   time.Duration // within this time, 10 s
	Open     time.Duration // how long the arm is then left alone, 5 s
	Probes   uint32        // how many requests then have to succeed, one at first, 1
}

func (o BreakerOptions) withDefaults() BreakerOptions {
	o.Failures = cmp.Or(o.Failures, 5)
	o.Share = cmp.Or(o.Share, 0.5)
	o.Least = cmp.Or(o.Least, 20)
	o.Window = cmp.Or(o.Window, 10*time.Second)
	o.Open = cmp.Or(o.Open, 5*time.Second)
	o.Probes = cmp.Or(o.Probes, 1)
	return o
}

// BreakerStatus is the state of an arm's breaker, for the console.
type BreakerStatus struct {
	Arm      route.Arm `json:"arm"`
	State    string    `json:"state"` // closed, half-open, open
	Since    time.Time `json:"since"`
	Requests uint32    `json:"requests"` // in the window
	Failures uint32    `json:"failures"` // of them
}

// Breakers returns the state of every breaker there is.
func (p *Proxy) Breakers() []BreakerStatus {
	if p.serverless == nil {
		return nil
	}
	return []BreakerStatus{p.serverless.breaker.status()}
}

// breaker keeps an arm that fails from being asked.
type breaker struct {
	arm     route.Arm
	proxy   *Proxy
	circuit *gobreaker.TwoStepCircuitBreaker[struct{}]
	since   atomic.Pointer[time.Time] // of the state
	open    time.Duration
}

func newBreaker(p *Proxy, arm route.Arm) *breaker {
	o := p.options.Breaker.withDefaults()
	b := &breaker{arm: arm, proxy: p, open: o.Open}
	now := p.now()
	b.since.Store(&now)
	b.circuit = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:         arm.String(),
		MaxRequests:  o.Probes,
		Interval:     o.Window,
		BucketPeriod: o.Window / 10,
		Timeout:      o.Open,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return c.ConsecutiveFailures >= o.Failures ||
				c.Requests >= o.Least && float64(c.TotalFailures) >= o.Share*float64(c.Requests)
		},
		IsExcluded:    func(err error) bool { return errors.Is(err, errNoVerdict) },
		OnStateChange: b.changed,
	})
	p.metrics.breaker(arm, gobreaker.StateClosed)
	return b
}

// allow returns how to report what became of a request, once, or nil where the
// arm is not to be asked.
func (b *breaker) allow() func(error) {
	report, err := b.circuit.Allow()
	if err != nil {
		return nil
	}
	return report
}

// changed is told of every change of state.
func (b *breaker) changed(_ string, from, to gobreaker.State) {
	now := b.proxy.now()
	b.since.Store(&now)
	b.proxy.metrics.breaker(b.arm, to)
	level := slog.LevelInfo
	if to == gobreaker.StateOpen {
		level = slog.LevelWarn
	}
	b.proxy.log.Log(context.Background(), level, "breaker "+to.String(), "arm", b.arm.String(), "from", from.String())
}

// retryAfter is when the arm may be asked again, in whole seconds.
func (b *breaker) retryAfter() string {
	left := b.since.Load().Add(b.open).Sub(b.proxy.now())
	seconds := max(int64((left+time.Second-1)/time.Second), 1)
	return strconv.FormatInt(seconds, 10)
}

func (b *breaker) status() BreakerStatus {
	state, counts := b.circuit.State(), b.circuit.Counts()
	return BreakerStatus{
		Arm: b.arm, State: state.String(), Since: *b.since.Load(),
		Requests: counts.Requests, Failures: counts.TotalFailures,
	}
}
