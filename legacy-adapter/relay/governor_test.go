package relay_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/legacy-adapter/relay"
)

// rehearsal is a legacy that serves some at a time and lets the others queue,
// with callers that never stop asking, in a bubble where time is made up.
type rehearsal struct {
	t      *testing.T
	budget *relay.Budget
	log    bytes.Buffer
	stop   func()
	random *rand.Rand

	mu     sync.Mutex
	alone  time.Duration // what an order takes alone
	serves float64       // how many at a time without queuing
	hangs  bool
	size   func() int    // orders of a batch
	open   int           // asked just now
	took   time.Duration // by the last one
}

func rehearse(t *testing.T, connections, callers int, test func(r *rehearsal)) {
	synctest.Test(t, func(t *testing.T) {
		r := &rehearsal{t: t, alone: 50 * time.Millisecond, serves: 1000, size: func() int { return 1 }}
		r.budget = relay.NewAdaptiveBudget(relay.BudgetOptions{Connections: connections, Logger: slog.New(slog.NewTextHandler(&r.log, nil))})
		ctx, cancel := context.WithCancel(t.Context())
		r.random = rand.New(rand.NewPCG(1, 2))
		var asking sync.WaitGroup
		for range callers {
			asking.Go(func() {
				for ctx.Err() == nil {
					r.ask(ctx)
				}
			})
		}
		r.stop = func() {
			cancel()
			asking.Wait()
		}
		defer r.stop() // a bubble does not end before its goroutines
		test(r)
		r.stop()
		require.Zero(t, r.budget.Held())
	})
}

// now changes what legacy is like.
func (r *rehearsal) now(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// ask takes as long as the queue at legacy has it, give or take a fifth.
func (r *rehearsal) ask(ctx context.Context) {
	r.mu.Lock()
	size := r.size()
	r.mu.Unlock()
	end, err := r.budget.Lease(ctx, relay.Drain, relay.Work{Kind: "write", Size: size})
	if err != nil {
		return
	}
	r.mu.Lock()
	r.open++
	queue := max(1, float64(r.open)/r.serves) * (0.8 + 0.4*r.random.Float64())
	r.took = time.Duration(float64(r.alone) * float64(size) * queue)
	failed := error(nil)
	if r.hangs {
		r.took, failed = 30*time.Second, context.DeadlineExceeded
	}
	took := r.took
	r.mu.Unlock()
	time.Sleep(took)
	r.now(func() { r.open-- })
	end(failed)
}

// stays requires the limit to stay between two figures for a while.
func (r *rehearsal) stays(least, most int, during time.Duration) {
	r.t.Helper()
	for range during / (100 * time.Millisecond) {
		time.Sleep(100 * time.Millisecond)
		if limit := r.budget.Limit(); limit < least || limit > most {
			r.t.Fatalf("the limit is %d, and not from %d to %d", limit, least, most)
		}
	}
}

// becomes waits until the limit is between two figures.
func (r *rehearsal) becomes(least, most int, within time.Duration) {
	r.t.Helper()
	began := time.Now()
	for limit := r.budget.Limit(); limit < least || limit > most; limit = r.budget.Limit() {
		if time.Since(began) > within {
			r.t.Fatalf("the limit is still %d, and not from %d to %d", limit, least, most)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestBudget_ShrinksWhenLegacySlowsAndGrowsBackWhenItRecovers(t *testing.T) {
	rehearse(t, 25, 100, func(r *rehearsal) {
		r.stays(25, 25, 20*time.Second)
		r.now(func() { r.serves = 2.5 }) // ten times as slow at 25
		r.becomes(4, 7, 5*time.Second)
		r.stays(4, 8, 10*time.Minute) // it neither swings nor creeps back
		r.now(func() { require.LessOrEqual(t, r.took, 4*r.alone, "latency is back") })
		r.now(func() { r.serves = 1000 })
		r.becomes(25, 25, 10*time.Second)
		r.stays(25, 25, time.Minute)
	})
}

func TestBudget_ALegacyThatIsSlowByItselfIsFoundOutAndUsedAsBefore(t *testing.T) {
	rehearse(t, 25, 100, func(r *rehearsal) {
		r.stays(25, 25, 20*time.Second)
		r.now(func() { r.alone *= 10 })
		r.becomes(1, 2, 20*time.Second) // would fewer connections help it?
		r.becomes(25, 25, 2*time.Minute)
		r.stays(25, 25, 10*time.Minute)
		r.now(func() { r.alone /= 10 })
		r.stays(25, 25, time.Minute)
		r.now(func() { r.serves = 2.5 })
		r.becomes(4, 10, time.Minute) // quick is what is usual again
	})
}

func TestBudget_OneSlowQueryChangesNothing(t *testing.T) {
	rehearse(t, 25, 24, func(r *rehearsal) {
		r.stays(25, 25, 20*time.Second)
		for range 20 {
			end, err := r.budget.Lease(r.t.Context(), relay.Sync, relay.Work{Kind: "write", Size: 1})
			require.NoError(t, err)
			r.stays(25, 25, 20*time.Second)
			end(nil)
		}
	})
}

func TestBudget_BatchesOfEverySizeAreHeldAgainstTheirLike(t *testing.T) {
	rehearse(t, 25, 100, func(r *rehearsal) {
		r.now(func() { r.size = func() int { return 1 } })
		r.stays(25, 25, 20*time.Second)
		r.now(func() { r.size = func() int { return 100 } }) // a sale begins
		r.stays(25, 25, time.Minute)
		r.now(func() { r.size = func() int { return 1 + int(time.Now().UnixNano()%100) } })
		r.stays(20, 25, time.Minute)
		r.now(func() { r.size = func() int { return 1 } })
		r.stays(20, 25, time.Minute)
	})
}

func TestBudget_LegacyThatDoesNotAnswerHalvesIt(t *testing.T) {
	rehearse(t, 16, 100, func(r *rehearsal) {
		r.stays(16, 16, 20*time.Second)
		r.now(func() { r.hangs = true })
		r.becomes(8, 8, 31*time.Second)
		r.becomes(1, 1, 10*time.Minute)
		r.stays(1, 1, time.Hour)
		r.now(func() { r.hangs = false })
		r.becomes(16, 16, time.Minute)
	})
}

func TestBudget_WhatIsNotUsedDoesNotGrow(t *testing.T) {
	rehearse(t, 25, 100, func(r *rehearsal) {
		r.stays(25, 25, 20*time.Second)
		r.now(func() { r.serves = 1 })
		r.becomes(1, 3, 20*time.Second)
		r.stop() // a quiet night
		r.now(func() { r.serves = 1000 })
		for range 1000 {
			r.ask(r.t.Context())
		}
		require.LessOrEqual(t, r.budget.Limit(), 3, "nobody knows what legacy bears")
	})
}

func TestBudget_SaysWhatItDoesAndNotTooOften(t *testing.T) {
	rehearse(t, 25, 100, func(r *rehearsal) {
		for range 20 {
			r.now(func() { r.serves = 1000 })
			time.Sleep(10 * time.Second)
			r.now(func() { r.serves = 1 })
			time.Sleep(10 * time.Second)
		}
		r.stop()
		lines := strings.Count(r.log.String(), "\n")
		require.Contains(t, r.log.String(), "budget shrinks: legacy answers slowly")
		require.Contains(t, r.log.String(), "budget grows: legacy answers quickly")
		require.LessOrEqual(t, lines, int(400*time.Second/relay.BudgetLogEvery))
	})
}

// TestBudget_IsNeverBelowOneNorAboveItsCeiling has legacy answer anyhow.
func TestBudget_IsNeverBelowOneNorAboveItsCeiling(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ceiling := rapid.IntRange(1, 40).Draw(rt, "ceiling")
		now := time.Unix(0, 0)
		b := relay.NewAdaptiveBudget(relay.BudgetOptions{Connections: ceiling, Now: func() time.Time { return now }})
		var out []func(error)
		for range rapid.IntRange(1, 300).Draw(rt, "steps") {
			if len(out) < b.Limit() && rapid.Bool().Draw(rt, "lease") {
				work := relay.Work{Kind: rapid.SampledFrom([]string{"", "write", "replay"}).Draw(rt, "kind"), Size: rapid.IntRange(0, 200).Draw(rt, "size")}
				end, err := b.Lease(t.Context(), relay.Class(len(out)%2), work)
				if err != nil {
					rt.Fatal(err)
				}
				out = append(out, end)
			} else if len(out) > 0 {
				now = now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(rt, "took")) * time.Millisecond)
				end := out[0]
				out = out[1:]
				end(rapid.SampledFrom([]error{nil, nil, nil, errors.New("away"), context.DeadlineExceeded, context.Canceled}).Draw(rt, "failed"))
			}
			if limit := b.Limit(); limit < 1 || limit > ceiling {
				rt.Fatalf("the limit is %d of %d", limit, ceiling)
			}
			if b.Held() != len(out) {
				rt.Fatalf("%d leases are held and %d are out", b.Held(), len(out))
			}
		}
	})
}

func TestBudget_SyncComesFirstAtWhateverLimit(t *testing.T) {
	rehearse(t, 25, 100, func(r *rehearsal) {
		r.stays(25, 25, 10*time.Second)
		r.now(func() { r.serves = 1 })
		r.becomes(1, 3, 10*time.Second)
		for range 20 {
			began := time.Now()
			end, err := r.budget.Lease(r.t.Context(), relay.Sync, relay.Work{Kind: "replay"})
			require.NoError(t, err)
			require.LessOrEqual(t, time.Since(began), 200*time.Millisecond, "a hundred callers wait, and it is next")
			end(nil)
		}
	})
}
