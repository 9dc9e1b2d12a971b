package intaketest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
)

var keyTests = map[string]func(*testing.T, *bench){
	"SameKeyAndOrderGetTheFirstReceiptAgain": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 1})
		first := b.accepted(t, orderOf("k", rod))
		b.clock.Advance(order.KeyTTL - time.Second)

		again := b.accepted(t, orderOf("k", rod)) // although the last unit is sold

		require.True(t, again.Replayed)
		again.Replayed = false
		require.Equal(t, first, again)
		require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, b.ledger(t))
		require.Equal(t, 1, b.stock(t, rod).Held)
	},

	"SameKeyGetsTheFirstReceiptAlsoOnceWritten": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 1})
		first := b.accepted(t, orderOf("k", rod))
		b.settle(t, b.queued(t, first.OrderID), order.DispositionWritten, "")
		again := b.accepted(t, orderOf("k", rod))
		require.True(t, again.Replayed)
		require.Equal(t, first.OrderID, again.OrderID)
	},

	"SameKeyForAnotherOrderIsRefused": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		b.accepted(t, orderOf("k", rod))
		_, err := b.Accept(t.Context(), orderOf("k", rod, rod))
		require.ErrorIs(t, err, order.ErrKeyReused)
		require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, b.ledger(t))
		require.Equal(t, 1, b.stock(t, rod).Held)
	},

	"KeyMayBeUsedAgainOnceExpired": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		first := b.accepted(t, orderOf("k", rod))
		b.clock.Advance(order.KeyTTL)

		second := b.accepted(t, orderOf("k", rod, rod))

		require.False(t, second.Replayed)
		require.NotEqual(t, first.OrderID, second.OrderID)
		third := b.accepted(t, orderOf("k", rod, rod))
		require.True(t, third.Replayed)
		require.Equal(t, second.OrderID, third.OrderID)
		require.Equal(t, order.Ledger{Accepted: 2, Waiting: 2}, b.ledger(t))
	},

	"ClockThatJumpsBackDoublesNothing": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		first := b.accepted(t, orderOf("a", rod))
		b.clock.Advance(-48 * time.Hour)
		require.Equal(t, first.OrderID, b.accepted(t, orderOf("a", rod)).OrderID)
		second := b.accepted(t, orderOf("b", rod))
		q := b.waiting(t)
		require.Equal(t, []string{first.OrderID, second.OrderID}, []string{q[0].Order.ID, q[1].Order.ID})
	},

	"DoubleClickOnAFormIsOneOrder": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		form := orderOf("", rod)
		form.Session = "a browser"
		first := b.accepted(t, form)
		require.Equal(t, first.OrderID, b.accepted(t, form).OrderID)

		other := form
		other.Session = "another browser"
		require.NotEqual(t, first.OrderID, b.accepted(t, other).OrderID)

		b.clock.Advance(order.DerivedKeyTTL)
		require.NotEqual(t, first.OrderID, b.accepted(t, form).OrderID)
		require.Equal(t, order.Ledger{Accepted: 3, Waiting: 3}, b.ledger(t))
	},

	"RefusedOrderLeavesItsKeyFree": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 1})
		_, err := b.Accept(t.Context(), orderOf("k", rod, rod))
		var soldOut *order.SoldOutError
		require.ErrorAs(t, err, &soldOut)
		require.False(t, b.accepted(t, orderOf("k", rod)).Replayed)
	},

	"SameOrderAtOnceIsOneOrder": func(t *testing.T, b *bench) {
		const orders, copies = 20, 5
		b.stocked(t, map[string]int{rod: orders})
		ids := make([][copies]string, orders)
		var wg sync.WaitGroup
		for i := range orders {
			for j := range copies {
				wg.Go(func() {
					receipt, err := b.Accept(t.Context(), orderOf(fmt.Sprint("key", i), rod))
					if err == nil {
						ids[i][j] = receipt.OrderID
					} else {
						ids[i][j] = err.Error()
					}
				})
			}
		}
		wg.Wait()
		for _, copiesOf := range ids {
			require.True(t, order.ValidID(copiesOf[0]), copiesOf[0])
			for _, id := range copiesOf {
				require.Equal(t, copiesOf[0], id)
			}
		}
		require.Equal(t, order.Ledger{Accepted: orders, Waiting: orders}, b.ledger(t))
		require.Zero(t, b.stock(t, rod).Left())
	},
}
