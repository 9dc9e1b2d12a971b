package intaketest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

var cancelTests = map[string]func(*testing.T, *bench){
	"CancelledOrderGivesItsStockBackOnce": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		id := b.accepted(t, orderOf("k", rod, rod)).OrderID
		for range 2 {
			require.NoError(t, b.Cancel(t.Context(), id, "the shopper asked"))
		}
		r := b.find(t, id)
		require.Equal(t, order.Cancelled, r.State)
		require.Equal(t, "the shopper asked", r.Cause)
		require.False(t, r.Dead())
		require.Empty(t, b.waiting(t))
		require.Equal(t, order.Stock{SKU: rod, OnHand: 10}, b.stock(t, rod))
		require.Equal(t, order.Ledger{Accepted: 1, Cancelled: 1}, b.ledger(t))
	},

	"DeadLetterThatIsGivenUpIsRejected": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		id := b.accepted(t, orderOf("k", rod)).OrderID
		b.settle(t, b.queued(t, id), order.DispositionRejected, "does not fit")
		require.NoError(t, b.Cancel(t.Context(), id, "cannot be mended"))
		require.Equal(t, order.Rejected, b.find(t, id).State)
		require.Equal(t, 10, b.stock(t, rod).Left())
		require.Equal(t, order.Ledger{Accepted: 1, Cancelled: 1}, b.ledger(t))
	},

	"WrittenOrderCannotBeCancelled": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		id := b.accepted(t, orderOf("k", rod)).OrderID
		b.settle(t, b.queued(t, id), order.DispositionWritten, "")
		require.ErrorIs(t, b.Cancel(t.Context(), id, "too late"), intake.ErrWritten)
		require.Equal(t, order.Ledger{Accepted: 1, Written: 1}, b.ledger(t))
		require.Equal(t, 1, b.stock(t, rod).Sold)
	},

	"UnknownOrderCannotBeCancelled": func(t *testing.T, b *bench) {
		require.ErrorIs(t, b.Cancel(t.Context(), order.NewID(b.clock.Now()), "why not"), order.ErrNotFound)
	},

	"DeliveryUnderWayWinsOverCancelling": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		id := b.accepted(t, orderOf("k", rod)).OrderID
		delivery := b.queued(t, id)
		require.NoError(t, b.Cancel(t.Context(), id, "the shopper asked"))
		for range 2 {
			b.settle(t, delivery, order.DispositionWritten, "")
		}
		r := b.find(t, id)
		require.Equal(t, order.Written, r.State)
		require.Empty(t, r.Cause)
		require.Equal(t, order.Stock{SKU: rod, OnHand: 10, Sold: 1}, b.stock(t, rod))
		require.Equal(t, order.Ledger{Accepted: 1, Written: 1}, b.ledger(t))
	},
}
