package faults

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	relaylocal "github.com/banyan-edge/banyan/legacy-adapter/relay/local"
)

// clock is the machine's, set forward and back by somebody.
type clock struct{ off atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.off.Load())) }

// jump sets it up to ten hours wrong. An idempotency key holds for a day, so a
// jump of more than that would rightly make a repeated key a new order.
func (c *clock) jump() { c.off.Store(rand.Int64N(int64(20*time.Hour)) - int64(10*time.Hour)) }

// flaky defers one order in twenty, so that due times are in play.
type flaky struct{ *legacydb.DB }

func (f flaky) Write(ctx context.Context, orders []order.Order) []relay.Outcome {
	if rand.IntN(20) == 0 {
		outcomes := make([]relay.Outcome, len(orders))
		for i := range outcomes {
			outcomes[i] = relay.Outcome{Disposition: order.DispositionDeferred, Cause: "a bad moment"}
		}
		return outcomes
	}
	return f.DB.Write(ctx, orders)
}

// TestClock_OrdersSurviveJumpsOfHours sets the clock of queue, relay and legacy
// forward and back by hours while orders pass through. A Go program
// asks the kernel for the time, past any library that could be put in between,
// so this runs within the test's own process.
func TestClock_OrdersSurviveJumpsOfHours(t *testing.T) {
	const orders, stock = 2000, 1900
	c := &clock{}
	dir := t.TempDir()
	legacy := newLegacy(t, filepath.Join(dir, "legacy.db"), stock, c)
	store, err := local.Open(t.Context(), local.Options{Path: filepath.Join(dir, "intake.db"), Now: c.now})
	require.NoError(t, err)
	defer store.Close()
	require.NoError(t, store.SeedStock(t.Context(), []order.Stock{{SKU: plentiful, OnHand: stock}}))
	r := relay.New(relay.Options{
		Source: relaylocal.New(store, relaylocal.Options{Now: c.now}), Legacy: flaky{legacy}, Budget: relay.NewBudget(1),
		Now: c.now, BackoffBase: time.Millisecond, BackoffCap: 5 * time.Millisecond,
	})
	ctx, stop := context.WithCancel(t.Context())
	var relaying, jumping sync.WaitGroup
	relaying.Go(func() { r.Run(ctx) })
	settled := make(chan struct{})
	jumping.Go(func() {
		for {
			select {
			case <-settled:
				return
			case <-time.After(3 * time.Millisecond):
				c.jump()
			}
		}
	})

	accepted := acceptAll(t, store, orders)
	close(settled)
	jumping.Wait()
	require.Eventually(t, func() bool {
		l, err := store.Ledger(t.Context())
		require.NoError(t, err)
		require.True(t, l.Balanced(), "%+v", l)
		c.off.Add(int64(time.Hour)) // time goes on; what was deferred from hours ahead comes due
		return l.Waiting == 0
	}, 30*time.Second, 10*time.Millisecond, "orders still wait")
	stop()
	relaying.Wait()

	l, err := store.Ledger(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, stock, accepted)
	require.Equal(t, order.Ledger{Accepted: stock, Written: stock}, l)
	for what, want := range map[string]int{
		"SELECT count(DISTINCT number) FROM orders": stock, "SELECT count(DISTINCT email) FROM orders": stock,
		"SELECT count(*) FROM orders": stock, "SELECT count(*) FROM banyan_ledger": stock, "SELECT on_hand FROM stock": 0,
	} {
		var got int
		require.NoError(t, legacy.SQL().QueryRow(what).Scan(&got))
		require.Equal(t, want, got, what)
	}
}

// acceptAll places every order, three times at once, and returns how many were
// accepted.
func acceptAll(t *testing.T, store *local.Store, orders int64) int64 {
	var next, accepted atomic.Int64
	var shoppers sync.WaitGroup
	for range 16 {
		shoppers.Go(func() {
			for n := next.Add(1); n <= orders; n = next.Add(1) {
				o := order.Order{
					Customer: order.Customer{Email: fmt.Sprintf("shopper-%d@example.com", n), Name: "Ann Angler", Address: "1 Main St, Albany NY 12207"},
					Lines:    []order.Line{{SKU: plentiful, Quantity: 1, Price: &order.Money{Amount: 18900, Currency: "USD"}}},
					Payment:  order.Payment{Token: "tok_demo"},
					Total:    order.Money{Amount: 18900, Currency: "USD"},
					Key:      fmt.Sprintf("order-%d", n),
				}
				var ids sync.Map
				var copy sync.WaitGroup
				for range copies {
					copy.Go(func() {
						if receipt, err := store.Accept(t.Context(), o); err == nil {
							ids.Store(receipt.OrderID, true)
						}
					})
				}
				copy.Wait()
				ids.Range(func(any, any) bool { accepted.Add(1); return true })
			}
		})
	}
	shoppers.Wait()
	return accepted.Load()
}

// newLegacy is a small shop's SQLite database with its mapping.
func newLegacy(t *testing.T, path string, stock int, c *clock) *legacydb.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	for _, statement := range []string{
		"PRAGMA journal_mode=WAL",
		"CREATE TABLE orders (number TEXT NOT NULL UNIQUE, email TEXT NOT NULL)",
		"CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand INTEGER NOT NULL CHECK (on_hand >= 0))",
		fmt.Sprintf("INSERT INTO stock VALUES ('%s', %d)", plentiful, stock),
	} {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	one := 1
	legacy, err := legacydb.Open(t.Context(), legacydb.Config{
		Database: "sqlite:" + path, File: "banyan.yaml",
		Write: []legacydb.Statement{
			{SQL: "INSERT INTO orders (number, email) VALUES (:id, :customer.email)"},
			{SQL: "UPDATE stock SET on_hand = on_hand - :line.quantity WHERE sku = :line.sku AND on_hand >= :line.quantity",
				Each: legacydb.EachLine, Rows: &one, Else: "out_of_stock"},
		},
	}, legacydb.Options{Now: c.now})
	require.NoError(t, err)
	t.Cleanup(func() { legacy.Close() })
	return legacy
}
