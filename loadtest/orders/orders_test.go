package orders

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
)

// scale is how much is measured.
type scale struct {
	rounds  int
	span    time.Duration // of accepting, for each contender
	steady  time.Duration // of arrivals at a fixed rate
	drained int64         // orders
	callers []int
	mixes   []mix
	waiting []int64
	settle  time.Duration // before memory is read
}

// TestOrders_SideBySide takes the figures; nothing is asserted of them.
func TestOrders_SideBySide(t *testing.T) {
	sc := scale{rounds: 1, span: 100 * time.Millisecond, steady: 100 * time.Millisecond, drained: 500, callers: []int{8}, mixes: []mix{manySKUs}, waiting: []int64{0, 300}}
	var out io.Writer = io.Discard
	if text := os.Getenv("BANYAN_BENCH_ROUNDS"); text != "" {
		rounds, err := strconv.Atoi(text)
		require.NoError(t, err, "BANYAN_BENCH_ROUNDS")
		sc = scale{rounds: rounds, span: 4 * time.Second, steady: 8 * time.Second, drained: 30_000, callers: []int{64, 256},
			mixes: []mix{manySKUs, hotSKUs}, waiting: []int64{0, 100_000, 1_000_000}, settle: 2 * time.Second}
		out = os.Stdout
	}
	tab := newTable(out)
	for range sc.rounds {
		t.Run("round", func(t *testing.T) { round(t, tab, sc) })
	}
	t.Run("memory", func(t *testing.T) { memory(t, tab, sc) })
	tab.print()
}

// round lets every contender have its turn once, on a fresh server.
func round(t *testing.T, tab *table, sc scale) {
	s := newServer(t)
	shop := rigtest.NewShop(t, binary, s.copy("shop"))
	defer shop.Kill()
	for _, m := range sc.mixes {
		accepting(t, tab, s, shop, m, sc)
		draining(t, tab, s, shop, m, sc)
	}
}

func accepting(t *testing.T, tab *table, s *server, shop *rigtest.Shop, m mix, sc scale) {
	skus := s.of(m)
	var first atomic.Int64 // no key is used twice
	first.Store(int64(time.Now().UnixNano()))
	peak := 0.0
	for _, callers := range sc.callers {
		name := func(who string) string { return fmt.Sprintf("accept/%s/%s/callers=%d", m.name, who, callers) }
		onBanyan(t, s, shop, []string{holdRelay}, func(up *rigtest.Up) {
			rate := acceptance(t, up.Host(), callers, skus, &first, sc.span)
			tab.add(name("banyan"), "orders/s", rate)
			peak = max(peak, rate)
		})
		tab.add(name("legacy"), "orders/s", acceptance(t, shop.Host(), callers, skus, &first, sc.span))
		tab.add(name("river"), "orders/s", riverAcceptance(t, s.copy("river"), callers, skus, sc.span))
		s.drop("river")
		tab.add(name("intake"), "orders/s", intakeAcceptance(t, callers, skus, sc.span))
	}
	for what, flags := range map[string][]string{"waiting": {holdRelay}, "relayed": nil} {
		onBanyan(t, s, shop, flags, func(up *rigtest.Up) {
			l := arrivals(t, up.Host(), peak/2, skus, &first, sc.steady)
			name := "accept-half-peak/" + m.name + "/" + what
			tab.add(name+"/p50", "ms", float64(l.took.ValueAtQuantile(50))/1000)
			tab.add(name+"/p99", "ms", float64(l.took.ValueAtQuantile(99))/1000)
			tab.add(name+"/generator-late-p99", "ms", float64(l.late.ValueAtQuantile(99))/1000)
		})
	}
}

// onBanyan runs do against a "banyan up" of its own, on a database of its own.
func onBanyan(t *testing.T, s *server, shop *rigtest.Shop, flags []string, do func(*rigtest.Up)) {
	up := rigtest.NewUp(t, rigtest.Settings{Binary: binary, Database: s.copy("banyan"), Legacy: shop.URL, Flags: flags})
	do(up)
	up.Kill()
	s.drop("banyan")
}

func draining(t *testing.T, tab *table, s *server, shop *rigtest.Shop, m mix, sc scale) {
	skus := s.of(m)
	for _, contender := range []struct {
		name string
		run  func(database string) float64
	}{
		{"banyan", func(db string) float64 { return banyanDrain(t, s, db, shop.URL, sc.drained, skus) }},
		{"river", func(db string) float64 { return riverDrain(t, s, db, sc.drained, skus) }},
		{"pgbench", func(db string) float64 { return pgbenchDrain(t, s, db, sc.drained, len(skus)) }},
	} {
		s.copy("drain")
		tab.add("drain/"+m.name+"/"+contender.name, "orders/s", contender.run("drain"))
		s.drop("drain")
	}
}
