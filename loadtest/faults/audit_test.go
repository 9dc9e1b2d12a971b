package faults

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
)

// auditor asks for the ledger once a second.
type auditor struct {
	r *rig
	c *crowd

	mu         sync.Mutex
	samples    int
	unanswered int // Banyan was dead, or died while it was asked
	wrong      []string
	last       rigtest.Ledger
}

// watch takes a sample every second, also while an earlier one still waits for
// its answer.
func (a *auditor) watch(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var samples sync.WaitGroup
	defer samples.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			samples.Go(a.sample)
		}
	}
}

// sample takes the ledger and does its sum again. An order that a shopper has
// the answer to must be in it, and no count may go back.
func (a *auditor) sample() {
	known := a.c.accepted.Load()
	a.mu.Lock()
	before := a.last
	a.mu.Unlock()
	l, err := a.r.up.Ledger()
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		a.unanswered++
		return
	}
	a.samples++
	switch {
	case !l.Balanced || l.Accepted != l.Written+l.Waiting+l.Dead+l.Cancelled:
		a.wrong = append(a.wrong, fmt.Sprintf("does not balance: %+v", l))
	case l.Accepted < known:
		a.wrong = append(a.wrong, fmt.Sprintf("%d orders were answered before, and the ledger has %+v", known, l))
	case l.Accepted < before.Accepted, l.Written < before.Written:
		a.wrong = append(a.wrong, fmt.Sprintf("it went back from %+v to %+v", before, l))
	}
	if l.Accepted >= a.last.Accepted {
		a.last = l
	}
}

// drained waits until no order waits any more. Orders that met many faults may
// wait out a backoff of minutes.
func (a *auditor) drained(t *testing.T) rigtest.Ledger {
	t.Helper()
	for deadline := time.Now().Add(12 * time.Minute); ; {
		l, err := a.r.up.Ledger()
		if err == nil && l.Waiting == 0 {
			return l
		}
		require.True(t, time.Now().Before(deadline), "orders still wait: %+v, %v\n%s", l, err, tail(a.r.up.Log()))
		wait(t.Context(), 200*time.Millisecond)
	}
}

func tail(log string) string { return log[max(0, len(log)-3000):] }

// requireAllWell holds the answers against the legacy database.
func requireAllWell(t *testing.T, r *rig, c *crowd, l rigtest.Ledger) {
	t.Helper()
	require.Zero(t, l.Dead, "no order had anything wrong with it")
	require.EqualValues(t, c.accepted.Load(), l.Accepted, "shoppers' answers against the ledger")
	require.Equal(t, l.Accepted, l.Written)

	lost, rows := 0, map[string]int{}
	for _, number := range query[string](t, r, "SELECT number FROM orders") {
		rows[number]++
	}
	c.answers.Range(func(n, id any) bool {
		if rows[id.(string)] != 1 {
			lost++
			t.Errorf("order %v was accepted as %v, and legacy has %d of it", n, id, rows[id.(string)])
		}
		return lost < 20
	})
	require.Zero(t, lost, "lost")
	require.Empty(t, query[string](t, r, "SELECT name FROM orders GROUP BY name HAVING count(*) > 1"), "doubled: a shopper's order is there under two numbers")
	require.EqualValues(t, c.accepted.Load(), len(rows), "legacy has nothing that no shopper was told of")
	require.Equal(t, []int64{c.accepted.Load()}, query[int64](t, r, "SELECT count(*) FROM banyan_ledger"))
	require.Equal(t, []int64{0}, query[int64](t, r, "SELECT count(*) FROM orders o WHERE NOT EXISTS (SELECT FROM order_items i WHERE i.order_id = o.id)"), "orders without their lines")
	requireStock(t, r, c)
	require.Empty(t, query[string](t, r, `SELECT later.name FROM (
		SELECT name, email, split_part(name, ' ', 2)::bigint AS n,
			lag(split_part(name, ' ', 2)::bigint) OVER (PARTITION BY email ORDER BY id) AS before FROM orders) AS later
		WHERE before > n`), "written before an order that the same customer placed earlier")
}

// requireStock does the stock's sum for every product.
func requireStock(t *testing.T, r *rig, c *crowd) {
	t.Helper()
	for sku, had := range r.stock {
		sold := query[int64](t, r, "SELECT coalesce(sum(qty), 0)::bigint FROM order_items WHERE sku = '"+sku+"'")[0]
		left := query[int64](t, r, "SELECT on_hand::bigint FROM stock WHERE sku = '"+sku+"'")[0]
		require.LessOrEqual(t, sold, had, "%s is oversold", sku)
		require.Equal(t, had, sold+left, "%s", sku)
		if sku == scarce {
			require.Zero(t, left, "%s: more wanted it than there were", sku)
		}
	}
	require.NotZero(t, c.refused.Load(), "somebody has to come too late")
}
