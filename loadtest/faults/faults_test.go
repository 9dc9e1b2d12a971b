package faults

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// plan is how much is done to whom.
type plan struct {
	orders   int64
	over     time.Duration // the orders come within this time, unless the machine is slower
	shoppers int
	hold     time.Duration // a fault lasts up to this long
	gap      time.Duration // between two faults of a lane
	rounds   int           // how often each fault comes, at least
	patient  bool          // there is time for the long ones
}

// TestFaults_NoOrderIsLostDoubledOrOversold is the promise of the whole thing.
func TestFaults_NoOrderIsLostDoubledOrOversold(t *testing.T) {
	p := plan{orders: 3000, over: 8 * time.Second, shoppers: 16, hold: 500 * time.Millisecond, gap: 150 * time.Millisecond, rounds: 1}
	if text := os.Getenv("BANYAN_FAULT_ORDERS"); text != "" {
		orders, err := strconv.ParseInt(text, 10, 64)
		require.NoError(t, err, "BANYAN_FAULT_ORDERS")
		p = plan{orders: orders, over: 150 * time.Second, shoppers: 48, hold: 4 * time.Second, gap: time.Second, rounds: 2, patient: true}
	}
	// One order in eleven is for the scarce product, three times what there is of it.
	p.orders += p.orders / 10
	r := newRig(t, map[string]int64{plentiful: 10 * p.orders, alsoMany: 10 * p.orders, scarce: p.orders / 33})
	c := newCrowd(r.up.Host(), p.orders, p.over)
	a := &auditor{r: r, c: c}

	watching, done := context.WithCancel(t.Context())
	var audit sync.WaitGroup
	audit.Go(func() { a.watch(watching) })
	start := time.Now()
	counts := breakAll(t, r, c, p)
	broken := time.Since(start)
	l := a.drained(t)
	done()
	audit.Wait()
	a.sample()

	t.Logf("%d orders placed, each %d times at once (%d requests) in %v: %d accepted, %d sold out; drained %v later",
		p.orders, copies, c.sent.Load(), broken.Round(time.Second), c.accepted.Load(), c.refused.Load(), (time.Since(start) - broken).Round(time.Second))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("  %3d × %s", counts[name], name)
	}
	t.Logf("ledger sampled every second, %d answers: %d did not balance; %d times Banyan was dead when asked", a.samples, len(a.wrong), a.unanswered)
	close(c.faults)
	for err := range c.faults {
		t.Error(err)
	}
	require.Empty(t, a.wrong)
	require.NotZero(t, a.samples)
	requireAllWell(t, r, c, l)
	t.Logf("lost 0, doubled 0, oversold 0; ledger %+v", l)
}

// breakAll lets the crowd shop while two lanes of faults run, and returns when
// every order has its answer and all is mended, with how often each fault came.
func breakAll(t *testing.T, r *rig, c *crowd, p plan) map[string]int {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	shopped := make(chan struct{})
	go func() {
		defer close(shopped)
		c.shop(ctx, p.shoppers)
	}()
	var mu sync.Mutex
	counts := map[string]int{}
	note := func(name string) {
		mu.Lock()
		defer mu.Unlock()
		counts[name]++
	}
	var lanes sync.WaitGroup
	errs := make(chan error, 2)
	for _, faults := range [][]fault{databaseFaults(r, p), processFaults()} {
		lanes.Go(func() { errs <- runLane(ctx, r, p, faults, shopped, note) })
	}
	lanes.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	<-shopped
	return counts
}

// runLane brings on faults in random order: each at least as often as planned,
// and on until the shoppers are done.
func runLane(ctx context.Context, r *rig, p plan, faults []fault, shopped <-chan struct{}, note func(string)) error {
	for round := 0; ; round++ {
		for _, i := range rand.Perm(len(faults)) {
			select {
			case <-shopped:
				if round >= p.rounds {
					return nil
				}
			default:
			}
			hold := p.hold/4 + rand.N(p.hold*3/4)
			if err := faults[i].do(ctx, r, hold); err != nil {
				return fmt.Errorf("%s: %w", faults[i].name, err)
			}
			note(faults[i].name)
			wait(ctx, p.gap)
		}
	}
}
