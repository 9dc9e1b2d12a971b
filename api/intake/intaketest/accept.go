package intaketest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
)

var acceptTests = map[string]func(*testing.T, *bench){
	"AcceptedOrderIsFoundQueuedAndHeld": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		asked := orderOf("k1", rod, rod)

		receipt := b.accepted(t, asked)

		require.True(t, order.ValidID(receipt.OrderID))
		require.Equal(t, order.Receipt{OrderID: receipt.OrderID, State: order.Accepted, AcceptedAt: b.clock.Now()}, receipt)
		want := asked
		want.ID, want.AcceptedAt = receipt.OrderID, receipt.AcceptedAt
		require.Equal(t, order.Record{Order: want, State: order.Accepted}, b.find(t, receipt.OrderID))
		q := b.waiting(t)
		require.Len(t, q, 1)
		require.Equal(t, order.Queued{Order: want, Seq: q[0].Seq}, q[0])
		require.Equal(t, order.Stock{SKU: rod, OnHand: 10, Held: 2}, b.stock(t, rod))
		require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, b.ledger(t))
	},

	"OrdersWaitInTheOrderOfAcceptance": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		var ids []string
		for _, key := range []string{"a", "b", "c", "d"} {
			ids = append(ids, b.accepted(t, orderOf(key, rod)).OrderID)
		}
		all := b.waiting(t)
		require.Len(t, all, len(ids))
		for i, q := range all {
			require.Equal(t, ids[i], q.Order.ID)
		}
		two, err := b.Waiting(t.Context(), all[0].Seq, 2)
		require.NoError(t, err)
		require.Equal(t, all[1:3], two)
	},

	"UnknownOrderIsNotFound": func(t *testing.T, b *bench) {
		_, err := b.Find(t.Context(), order.NewID(b.clock.Now()))
		require.ErrorIs(t, err, order.ErrNotFound)
		_, err = b.Find(t.Context(), "../../etc/passwd")
		require.ErrorIs(t, err, order.ErrNotFound)
	},

	"UnknownProductIsRefused": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		_, err := b.Accept(t.Context(), orderOf("k", rod, "no-such-thing"))
		var unknown *order.UnknownProductError
		require.ErrorAs(t, err, &unknown)
		require.Equal(t, "no-such-thing", unknown.SKU)
		require.Equal(t, 10, b.stock(t, rod).Left())
		require.Equal(t, order.Ledger{}, b.ledger(t))

		_, err = b.Left(t.Context(), "no-such-thing")
		require.ErrorAs(t, err, &unknown)
	},

	"ShopperWhoHasGoneIsNotSoldTo": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		gone, leave := context.WithCancel(t.Context())
		leave()
		_, err := b.Accept(gone, orderOf("k", rod))
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, order.Ledger{}, b.ledger(t))
		require.False(t, b.accepted(t, orderOf("k", rod)).Replayed)
	},

	"NegativeQuantityPutsNothingOnTheShelf": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		o := orderOf("k", rod, rod)
		o.Lines[0].Quantity = -5
		for _, o := range []order.Order{o, orderOf("empty")} {
			_, err := b.Accept(t.Context(), o)
			var invalid *order.InvalidError
			require.ErrorAs(t, err, &invalid)
		}
		require.Equal(t, 10, b.stock(t, rod).Left())
		require.Equal(t, order.Ledger{}, b.ledger(t))
	},

	"OddTextComesBackUnchanged": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		o := orderOf("k", rod)
		o.Customer.Name = `Žofie "O'Fisher"; DROP TABLE orders; -- <b>&amp; 🎣`
		require.Equal(t, o.Customer, b.find(t, b.accepted(t, o).OrderID).Customer)
	},
}
