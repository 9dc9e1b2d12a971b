package local_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
)

// BenchmarkMillionWaiting queues a million orders and reports what memory that
// took, and how long the questions take that are asked all the time.
func BenchmarkMillionWaiting(b *testing.B) {
	for b.Loop() {
		s := stocked(b, local.Options{Path: filepath.Join(b.TempDir(), "orders.db"), NoSync: true})
		acceptMany(b, s, 256, 100_000)
		b.ReportMetric(residentMB(b), "rss-MB-at-100k")
		acceptManyFrom(b, s, 256, 100_000, 1_000_000)
		b.ReportMetric(residentMB(b), "rss-MB-at-1M")

		ask := func(what string, question func() error) {
			start := time.Now()
			require.NoError(b, question())
			b.ReportMetric(float64(time.Since(start).Microseconds())/1000, what+"-ms")
		}
		ask("ledger", func() error { _, err := s.Ledger(b.Context()); return err })
		ask("list", func() error { _, err := s.List(b.Context(), intake.Filter{}); return err })
		ask("waiting-100", func() error { _, err := s.Waiting(b.Context(), 500_000, 100); return err })
		ask("accept", func() error { _, err := s.Accept(b.Context(), orderWith("one more")); return err })
		require.NoError(b, s.Close())
	}
}

// BenchmarkSettle measures orders settled per second in batches of 50.
func BenchmarkSettle(b *testing.B) {
	s := stocked(b, local.Options{Path: filepath.Join(b.TempDir(), "orders.db")})
	acceptMany(b, s, 256, b.N)
	b.ResetTimer()
	for settled := 0; settled < b.N; {
		waiting, err := s.Waiting(b.Context(), 0, 50)
		require.NoError(b, err)
		all := make([]order.Settlement, len(waiting))
		for i, q := range waiting {
			all[i] = order.Settlement{Seq: q.Seq, OrderID: q.Order.ID, Disposition: order.DispositionWritten}
		}
		require.NoError(b, s.Settle(b.Context(), all))
		settled += len(all)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
}

// residentMB is the memory of the process, SQLite's own included, which the
// Go heap does not count.
func residentMB(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(b, err)
	_, after, _ := bytes.Cut(status, []byte("VmRSS:"))
	kb, err := strconv.Atoi(string(bytes.Fields(after)[0]))
	require.NoError(b, err)
	return float64(kb) / 1024
}
