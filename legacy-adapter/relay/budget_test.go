package relay_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/legacy-adapter/relay"
)

// TestBudget_AThousandCallersNeverHoldMore has 1,000 callers of both classes,
// some of them impatient, at a budget of any size.
func TestBudget_AThousandCallersNeverHoldMore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.SampledFrom([]int{1, 2, 7, 25}).Draw(rt, "limit")
		impatient := rapid.IntRange(2, 10).Draw(rt, "impatient")
		b := relay.NewBudget(limit)
		var held, most, served atomic.Int64
		var callers sync.WaitGroup
		for n := range 1000 {
			callers.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if n%impatient == 0 {
					go cancel()
				}
				release, err := b.Acquire(ctx, relay.Class(n%2))
				if err != nil {
					return
				}
				now := held.Add(1)
				for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
				}
				served.Add(1)
				held.Add(-1)
				release()
				release() // harmless
			})
		}
		callers.Wait()
		if most.Load() > int64(limit) {
			rt.Fatalf("%d leases were held where %d are allowed", most.Load(), limit)
		}
		if b.Held() != 0 {
			rt.Fatalf("%d leases were never given back", b.Held())
		}
		if served.Load() < 500 {
			rt.Fatalf("only %d patient callers were served", served.Load())
		}
	})
}

func TestBudget_SyncComesBeforeDrainAndWithinAClassTheFirstComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := relay.NewBudget(1)
		release, err := b.Acquire(t.Context(), relay.Drain)
		require.NoError(t, err)
		var order []string
		for _, caller := range []struct {
			name  string
			class relay.Class
		}{{"drain 1", relay.Drain}, {"drain 2", relay.Drain}, {"sync 1", relay.Sync}, {"sync 2", relay.Sync}} {
			go func() {
				release, err := b.Acquire(t.Context(), caller.class)
				require.NoError(t, err)
				order = append(order, caller.name)
				release()
			}()
			synctest.Wait()
		}
		release()
		synctest.Wait()
		require.Equal(t, []string{"sync 1", "sync 2", "drain 1", "drain 2"}, order)
	})
}

func TestBudget_WhoGivesUpTakesNothingAway(t *testing.T) {
	b := relay.NewBudget(1)
	release, err := b.Acquire(t.Context(), relay.Sync)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.Acquire(ctx, relay.Sync)
	require.ErrorIs(t, err, context.Canceled)
	release()
	release, err = b.Acquire(t.Context(), relay.Drain)
	require.NoError(t, err)
	release()
	require.Zero(t, b.Held())
}

func TestBudget_IsAtLeastOne(t *testing.T) {
	require.Equal(t, 1, relay.NewBudget(0).Limit())
}

func TestBudget_ShowsInMetrics(t *testing.T) {
	b := relay.NewBudget(25)
	_, err := b.Acquire(t.Context(), relay.Sync)
	require.NoError(t, err)
	require.NoError(t, testutil.CollectAndCompare(b, strings.NewReader(`
# HELP banyan_budget_held Legacy connections held now.
# TYPE banyan_budget_held gauge
banyan_budget_held{class="drain"} 0
banyan_budget_held{class="sync"} 1
`), "banyan_budget_held"))
}
