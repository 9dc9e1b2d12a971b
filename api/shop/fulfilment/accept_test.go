package fulfilment_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop/fulfilment"
)

// atOnce runs do n times at once and waits for all.
func atOnce(n int, do func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

func TestAccept_FiftyBuyersForTheOnlyCreel(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{})
		var accepted, soldOut atomic.Int32
		atOnce(50, func(i int) {
			_, err := s.Accept(t.Context(), anOrder(fmt.Sprint("k", i), "creel"))
			var out *order.SoldOutError
			switch {
			case err == nil:
				accepted.Add(1)
			case errors.As(err, &out) && out.Left == 0 && out.SKU == "creel":
				soldOut.Add(1)
			default:
				t.Error(err)
			}
		})
		require.EqualValues(t, 1, accepted.Load())
		require.EqualValues(t, 49, soldOut.Load())
		require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM orders"))
		require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM order_items"))
		require.Equal(t, 0, count(t, db, "SELECT on_hand FROM stock WHERE sku = 'creel'"))
	})
}

func TestAccept_OrdersThatShareSKUsInAnyOrderAllEnd(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{Connections: 8})
		atOnce(30, func(i int) {
			skus := []string{"rod", "fly"}
			if i%2 == 0 {
				skus = []string{"fly", "rod"}
			}
			_, err := s.Accept(t.Context(), anOrder(fmt.Sprint("k", i), skus...))
			var out *order.SoldOutError
			if err != nil && !errors.As(err, &out) {
				t.Error(err)
			}
		})
		require.Equal(t, 7, count(t, db, "SELECT COUNT(*) FROM orders"))
		require.Equal(t, 1000-7, count(t, db, "SELECT on_hand FROM stock WHERE sku = 'fly'"))
	})
}

func TestAccept_TwoLinesOfOneSKUAddUp(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{})
		o := anOrder("k", "rod", "rod")
		o.Lines[0].Quantity, o.Lines[1].Quantity = 4, 4
		_, err := s.Accept(t.Context(), o)
		var out *order.SoldOutError
		require.ErrorAs(t, err, &out)
		require.Equal(t, 7, out.Left)
	})
}

func TestAccept_ARefusedOrderLeavesNothingBehind(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{})
		o := anOrder("k", "creel", "rod")
		o.Lines[1].Quantity = 8
		_, err := s.Accept(t.Context(), o)
		var out *order.SoldOutError
		require.ErrorAs(t, err, &out)
		_, err = s.Accept(t.Context(), anOrder("k", "creel", "canoe"))
		var unknown *order.UnknownProductError
		require.ErrorAs(t, err, &unknown)
		require.Equal(t, 0, count(t, db, "SELECT COUNT(*) FROM orders"))
		require.Equal(t, 0, count(t, db, "SELECT COUNT(*) FROM order_items"))
		require.Equal(t, 1, count(t, db, "SELECT on_hand FROM stock WHERE sku = 'creel'"))
		_, err = s.Accept(t.Context(), anOrder("k", "creel"))
		require.NoError(t, err, "the refused order's key is free")
	})
}

func TestAccept_ARepeatedKeyGivesTheFirstReceipt(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		now := &clock{noon}
		s := store(t, db, fulfilment.Options{Now: now.now})
		first, err := s.Accept(t.Context(), anOrder("k", "rod", "fly"))
		require.NoError(t, err)
		now.at = noon.Add(order.KeyTTL - time.Second)
		again, err := s.Accept(t.Context(), anOrder("k", "rod", "fly"))
		require.NoError(t, err)
		require.True(t, again.Replayed)
		again.Replayed = false
		require.Equal(t, first, again)
		_, err = s.Accept(t.Context(), anOrder("k", "fly", "rod"))
		require.ErrorIs(t, err, order.ErrKeyReused)
		require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM orders"))
		require.Equal(t, 6, count(t, db, "SELECT on_hand FROM stock WHERE sku = 'rod'"))
	})
}

func TestAccept_AKeyHoldsForItsTime(t *testing.T) {
	for name, test := range map[string]struct {
		key string
		ttl time.Duration
	}{"a client's own": {"k", order.KeyTTL}, "one made of a form": {"", order.DerivedKeyTTL}} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, db database) {
				now := &clock{noon}
				s := store(t, db, fulfilment.Options{Now: now.now})
				first, err := s.Accept(t.Context(), anOrder(test.key, "rod"))
				require.NoError(t, err)
				now.at = noon.Add(test.ttl)
				second, err := s.Accept(t.Context(), anOrder(test.key, "rod"))
				require.NoError(t, err)
				require.NotEqual(t, first.OrderID, second.OrderID)
				require.False(t, second.Replayed)
				third, err := s.Accept(t.Context(), anOrder(test.key, "rod"))
				require.NoError(t, err)
				require.Equal(t, second.OrderID, third.OrderID)
				require.Equal(t, 2, count(t, db, "SELECT COUNT(*) FROM orders"))
			})
		})
	}
}

func TestAccept_OneKeySentTwentyTimesAtOnceIsOneOrder(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{})
		var ids sync.Map
		atOnce(20, func(int) {
			receipt, err := s.Accept(t.Context(), anOrder("k", "rod"))
			if err != nil {
				t.Error(err)
			}
			ids.Store(receipt.OrderID, true)
		})
		distinct := 0
		ids.Range(func(any, any) bool { distinct++; return true })
		require.Equal(t, 1, distinct)
		require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM orders"))
	})
}

func TestAccept_WaitingForAConnectionEndsWithTheShopper(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{Connections: 1})
		taken, err := db.Conn(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err = s.Accept(ctx, anOrder("k", "rod"))
		require.ErrorIs(t, err, order.ErrUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, taken.Close())
		require.Equal(t, 0, count(t, db, "SELECT COUNT(*) FROM orders"))
	})
}

func TestAccept_LatencyHoldsTheConnection(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{Connections: 1, Latency: time.Hour})
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := s.Accept(ctx, anOrder("k", "rod"))
			done <- err
		}()
		require.Eventually(t, func() bool { return db.Stats().InUse == 1 }, 10*time.Second, time.Millisecond)
		short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := s.Left(short, "rod")
		require.ErrorIs(t, err, order.ErrUnavailable, "everyone else waits")
		leave()
		require.ErrorIs(t, <-done, order.ErrUnavailable)
		require.Equal(t, 0, count(t, db, "SELECT COUNT(*) FROM orders"))
	})
}

func TestAccept_NeverHoldsMoreThanItsConnections(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{Connections: 3, Latency: time.Millisecond})
		atOnce(40, func(i int) {
			if _, err := s.Accept(t.Context(), anOrder(fmt.Sprint("k", i), "fly")); err != nil {
				t.Error(err)
			}
			if open := db.Stats().OpenConnections; open > 3 {
				t.Errorf("%d connections are open", open)
			}
		})
		require.Equal(t, 40, count(t, db, "SELECT COUNT(*) FROM orders"))
	})
}
