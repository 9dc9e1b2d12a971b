package intaketest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

var restartTests = map[string]func(*testing.T, *bench){
	"RestartForgetsNothing": func(t *testing.T, b *bench) {
		ids := b.oneOfEach(t)
		waiting, ledger, stock := b.waiting(t), b.ledger(t), b.stock(t, rod)
		records, err := b.List(t.Context(), intake.Filter{})
		require.NoError(t, err)

		b.Store = b.reopen(t)

		require.Equal(t, waiting, b.waiting(t))
		require.Equal(t, ledger, b.ledger(t))
		require.Equal(t, stock, b.stock(t, rod))
		again, err := b.List(t.Context(), intake.Filter{})
		require.NoError(t, err)
		require.Equal(t, records, again)
		repeated := b.accepted(t, orderOf("0", rod))
		require.True(t, repeated.Replayed)
		require.Equal(t, ids[0], repeated.OrderID)
	},

	"RestartGoesOnWhereItStopped": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 3})
		first := b.accepted(t, orderOf("1", rod)).OrderID
		b.Store = b.reopen(t)
		second := b.accepted(t, orderOf("2", rod)).OrderID
		q := b.waiting(t)
		require.Len(t, q, 2)
		require.Equal(t, []string{first, second}, []string{q[0].Order.ID, q[1].Order.ID})
		require.Less(t, q[0].Seq, q[1].Seq)

		b.Store = b.reopen(t)
		b.settle(t, q[0], order.DispositionWritten, "")
		require.Equal(t, order.Ledger{Accepted: 2, Written: 1, Waiting: 1}, b.ledger(t))
		require.Equal(t, order.Stock{SKU: rod, OnHand: 3, Held: 1, Sold: 1}, b.stock(t, rod))
	},
}
