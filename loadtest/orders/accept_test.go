package orders

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest"
)

// acceptance sends checkouts to host for a time, as fast as the callers get
// their answers, and returns orders a second.
func acceptance(t *testing.T, host string, callers int, skus []string, first *atomic.Int64, span time.Duration) float64 {
	t.Helper()
	clients := dial(t, host, callers)
	var done atomic.Int64
	start := time.Now()
	took := everyone(t, clients, func(c *loadtest.Client) error {
		for time.Since(start) < span {
			if err := place(c, checkout(first.Add(1), skus)); err != nil {
				return err
			}
			done.Add(1)
		}
		return nil
	})
	return float64(done.Load()) / took.Seconds()
}

// preload places n orders.
func preload(t *testing.T, host string, n int64, skus []string, first *atomic.Int64) {
	t.Helper()
	last := first.Load() + n
	everyone(t, dial(t, host, 64), func(c *loadtest.Client) error {
		for i := first.Add(1); i <= last; i = first.Add(1) {
			if err := place(c, checkout(i, skus)); err != nil {
				return err
			}
		}
		return nil
	})
	first.Store(last)
}

// latency is how long checkouts took from the moment each was due, and how late
// the generator itself woke: what it waited for the processor, the others may
// have waited too.
type latency struct{ took, late *hdrhistogram.Histogram }

func newLatency() latency {
	h := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3) }
	return latency{h(), h()}
}

// arrivals sends checkouts at a fixed rate, whether or not the earlier ones are
// answered.
func arrivals(t *testing.T, host string, rate float64, skus []string, first *atomic.Int64, span time.Duration) latency {
	t.Helper()
	const callers = 256
	all := newLatency()
	n := int64(rate * span.Seconds())
	var next atomic.Int64
	var mu sync.Mutex
	clients := dial(t, host, callers)
	start := time.Now()
	everyone(t, clients, func(c *loadtest.Client) error {
		mine := newLatency()
		for i := next.Add(1); i <= n; i = next.Add(1) {
			request := checkout(first.Add(1), skus)
			due := start.Add(time.Duration(float64(i) / rate * float64(time.Second)))
			if ahead := time.Until(due); ahead > 0 {
				time.Sleep(ahead)
				mine.late.RecordValue(time.Since(due).Microseconds())
			}
			if err := place(c, request); err != nil {
				return err
			}
			if err := mine.took.RecordValue(time.Since(due).Microseconds()); err != nil {
				return err
			}
		}
		mu.Lock()
		defer mu.Unlock()
		all.took.Merge(mine.took)
		all.late.Merge(mine.late)
		return nil
	})
	return all
}

func place(c *loadtest.Client, request []byte) error {
	status, err := c.Do(request)
	if err == nil && status != 202 && status != 201 {
		err = fmt.Errorf("status %d", status)
	}
	return err
}

// dial opens a connection for each caller.
func dial(t *testing.T, host string, callers int) []*loadtest.Client {
	t.Helper()
	clients := make([]*loadtest.Client, callers)
	for i := range clients {
		c, err := loadtest.Dial(host)
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		clients[i] = c
	}
	return clients
}

// everyone runs do for all clients at once, closes them, and returns how long
// that took.
func everyone(t *testing.T, clients []*loadtest.Client, do func(*loadtest.Client) error) time.Duration {
	t.Helper()
	errs := make([]error, len(clients))
	var all sync.WaitGroup
	start := time.Now()
	for i, c := range clients {
		all.Go(func() { errs[i] = do(c) })
	}
	all.Wait()
	took := time.Since(start)
	for _, c := range clients {
		c.Close()
	}
	require.NoError(t, errors.Join(errs...))
	return took
}
