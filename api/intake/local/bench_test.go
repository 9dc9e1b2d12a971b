package local_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
)

// BenchmarkAccept measures orders made durable per second with so many callers
// at once.
func BenchmarkAccept(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := stocked(b, local.Options{Path: filepath.Join(b.TempDir(), "orders.db")})
			b.ReportAllocs()
			b.ResetTimer()
			acceptMany(b, s, callers, b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
			b.StopTimer()
			require.NoError(b, s.Close())
		})
	}
}

func acceptMany(b *testing.B, s *local.Store, callers, n int) {
	acceptManyFrom(b, s, callers, 0, n)
}

// acceptManyFrom places the orders numbered above from, up to n.
func acceptManyFrom(b *testing.B, s *local.Store, callers, from, n int) {
	var next atomic.Int64
	next.Store(int64(from))
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				i := next.Add(1)
				if i > int64(n) {
					return
				}
				if _, err := s.Accept(b.Context(), benchOrder(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func benchOrder(i int64) order.Order {
	return orderWith(fmt.Sprintf("8e03978e-40d5-43dd-bc93-%012d", i))
}

// BenchmarkAcceptPaced measures how long an order takes while so many a second
// come, whether or not earlier ones are answered (an open model).
func BenchmarkAcceptPaced(b *testing.B) {
	for _, rate := range []int{5_000, 20_000} {
		b.Run(fmt.Sprintf("rate=%d", rate), func(b *testing.B) {
			s := stocked(b, local.Options{Path: filepath.Join(b.TempDir(), "orders.db")})
			took := hdrhistogram.New(1, 60_000_000, 3)
			b.ResetTimer()
			acceptPaced(b, s, rate, took)
			for _, q := range []float64{50, 99, 99.9, 100} {
				b.ReportMetric(float64(took.ValueAtQuantile(q))/1000, fmt.Sprintf("p%v-ms", q))
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
			b.StopTimer()
			require.NoError(b, s.Close())
		})
	}
}

// acceptPaced starts the orders of each millisecond together and measures each
// from the moment it was due, so that a stall is charged to all whom it kept
// waiting.
func acceptPaced(b *testing.B, s *local.Store, rate int, took *hdrhistogram.Histogram) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	for i := range b.N {
		due := start.Add(time.Duration(i*1000/rate) * time.Millisecond)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			if _, err := s.Accept(b.Context(), benchOrder(int64(i))); err != nil {
				b.Error(err)
			}
			us := time.Since(due).Microseconds()
			mu.Lock()
			defer mu.Unlock()
			_ = took.RecordValue(us)
		})
	}
	wg.Wait()
}
