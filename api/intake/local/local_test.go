package local_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/intaketest"
	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
)

func quick(t *testing.T) local.Options {
	return local.Options{Path: filepath.Join(t.TempDir(), "orders.db"), NoSync: true}
}

func TestAccept_OtherProcessesSeeTheOrderBeforeItsReceiptIsGiven(t *testing.T) {
	o := quick(t)
	s := stocked(t, o)
	r, err := local.OpenReadOnly(o.Path)
	require.NoError(t, err)
	defer r.Close()
	for i := range 20 {
		receipt, err := s.Accept(t.Context(), orderWith(fmt.Sprint(i)))
		require.NoError(t, err)
		_, err = r.Find(t.Context(), receipt.OrderID)
		require.NoError(t, err)
	}
}

func TestAccept_ShopperWhoLeavesBeforeTheTurnIsNotSoldTo(t *testing.T) {
	o := quick(t)
	s := stocked(t, o)
	release := holdWriteLock(t, o.Path)

	ctx, leave := context.WithCancel(t.Context())
	answered := make(chan error)
	go func() {
		_, err := s.Accept(ctx, orderWith("gone"))
		answered <- err
	}()
	leave()
	require.ErrorIs(t, <-answered, context.Canceled)

	release()
	receipt, err := s.Accept(t.Context(), orderWith("gone"))
	require.NoError(t, err)
	require.False(t, receipt.Replayed)
}

// holdWriteLock makes the store's next transaction wait until release is called.
func holdWriteLock(t *testing.T, path string) (release func()) {
	db, err := sql.Open("sqlite", path+"?_txlock=immediate")
	require.NoError(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	return func() {
		require.NoError(t, tx.Rollback())
		require.NoError(t, db.Close())
	}
}

func TestArrived_IsSignalledWhenAnOrderIsQueued(t *testing.T) {
	s := stocked(t, quick(t))
	_, err := s.Accept(t.Context(), order.Order{Lines: []order.Line{{SKU: "no-such-thing", Quantity: 1}}})
	require.Error(t, err)
	require.Empty(t, s.Arrived())
	for i := range 3 {
		_, err := s.Accept(t.Context(), orderWith(fmt.Sprint(i)))
		require.NoError(t, err)
	}
	<-s.Arrived()
	require.Empty(t, s.Arrived())
}

func TestOpen_SecondWriterIsRefusedWithAHint(t *testing.T) {
	o := quick(t)
	s := open(t, o)
	_, err := local.Open(t.Context(), o)
	var locked *local.LockedError
	require.ErrorAs(t, err, &locked)
	require.Equal(t, os.Getpid(), locked.PID)
	require.ErrorContains(t, err, fmt.Sprintf("process %d has it open", os.Getpid()))
	require.NotEmpty(t, locked.Hint())

	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "closing twice is harmless")
	require.NoError(t, open(t, o).Close())
}

func TestOpen_RefusesWhatItCannotRead(t *testing.T) {
	newer := quick(t)
	require.NoError(t, open(t, newer).Close())
	tamper(t, newer.Path, "PRAGMA user_version = 99")
	_, err := local.Open(t.Context(), newer)
	require.ErrorContains(t, err, "made by a newer banyan")
	_, err = local.OpenReadOnly(newer.Path)
	require.ErrorContains(t, err, "version 99")

	garbage := quick(t)
	require.NoError(t, os.WriteFile(garbage.Path, []byte(strings.Repeat("not a database. ", 500)), 0o600))
	_, err = local.Open(t.Context(), garbage)
	require.ErrorContains(t, err, "not a database")

	_, err = local.Open(t.Context(), local.Options{Path: filepath.Join(t.TempDir(), "no", "such", "folder", "orders.db")})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = local.OpenReadOnly(filepath.Join(t.TempDir(), "orders.db"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestOpen_TakesAnyPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c=d&mode=memory#%41.db")
	require.NoError(t, stocked(t, local.Options{Path: path, NoSync: true}).Close())
	require.FileExists(t, path)
	r, err := local.OpenReadOnly(path)
	require.NoError(t, err)
	stocks, err := r.Stocks(t.Context())
	require.NoError(t, err)
	require.Len(t, stocks, 1)
	require.NoError(t, r.Close())
}

func TestOpenReadOnly_ReadsBesideARunningStoreAndAfterIt(t *testing.T) {
	o := quick(t)
	s := stocked(t, o)
	receipt, err := s.Accept(t.Context(), orderWith("k"))
	require.NoError(t, err)
	read := func() {
		r, err := local.OpenReadOnly(o.Path)
		require.NoError(t, err)
		_, err = r.Find(t.Context(), receipt.OrderID)
		require.NoError(t, err)
		ledger, err := r.Ledger(t.Context())
		require.NoError(t, err)
		require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, ledger)
		require.NoError(t, r.Close())
	}
	read()
	require.NoError(t, s.Close())
	read()
}

func TestClose_FinishesWhatWaitsAndRefusesWhatComesLater(t *testing.T) {
	o := quick(t)
	s := stocked(t, o)
	const callers = 50
	var wg sync.WaitGroup
	var mu sync.Mutex
	var accepted int64
	for i := range callers {
		wg.Go(func() {
			_, err := s.Accept(t.Context(), orderWith(fmt.Sprint(i)))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				accepted++
			} else if !errors.Is(err, order.ErrUnavailable) {
				t.Error(err)
			}
		})
	}
	require.NoError(t, s.Close())
	wg.Wait()
	_, err := s.Accept(t.Context(), orderWith("late"))
	require.ErrorIs(t, err, order.ErrUnavailable)

	ledger, err := open(t, o).Ledger(t.Context())
	require.NoError(t, err)
	require.Equal(t, order.Ledger{Accepted: accepted, Waiting: accepted}, ledger)
}

func TestSweep_RemovesExpiredKeysBesideNewOnes(t *testing.T) {
	clock := intaketest.NewClock()
	o := quick(t)
	o.Now = clock.Now
	s := stocked(t, o)
	accept := func(from, to int) {
		for i := from; i < to; i++ {
			_, err := s.Accept(t.Context(), orderWith(fmt.Sprint(i)))
			require.NoError(t, err)
		}
	}
	accept(0, 50)
	clock.Advance(order.KeyTTL / 2)
	accept(50, 60)
	require.Equal(t, 60, ask[int](t, o.Path, "SELECT count(*) FROM claims"))

	clock.Advance(order.KeyTTL / 2)
	accept(60, 70) // each sweeps a few
	require.Equal(t, 20, ask[int](t, o.Path, "SELECT count(*) FROM claims"))

	require.NoError(t, s.Close())
	s = open(t, o)
	clock.Advance(order.KeyTTL)
	accept(0, 10) // the old keys are free again
	require.Equal(t, 10, ask[int](t, o.Path, "SELECT count(*) FROM claims"))
}

func TestMetrics_CountOutcomes(t *testing.T) {
	o := quick(t)
	reg := prometheus.NewRegistry()
	o.Metrics = reg
	s := stocked(t, o)
	for range 2 {
		_, err := s.Accept(t.Context(), orderWith("k"))
		require.NoError(t, err)
	}
	other := orderWith("k")
	other.Customer.Email = "bob@example.com"
	_, err := s.Accept(t.Context(), other)
	require.ErrorIs(t, err, order.ErrKeyReused)
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP banyan_intake_orders_total Orders that asked to be accepted, by outcome.
# TYPE banyan_intake_orders_total counter
banyan_intake_orders_total{outcome="accepted"} 1
banyan_intake_orders_total{outcome="key_reused"} 1
banyan_intake_orders_total{outcome="replayed"} 1
`), "banyan_intake_orders_total"))
}
