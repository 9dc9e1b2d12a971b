package intaketest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
)

var settleTests = map[string]func(*testing.T, *bench){
	"WrittenOrderIsSold":   func(t *testing.T, b *bench) { endsWritten(t, b, order.DispositionWritten) },
	"DuplicateOrderIsSold": func(t *testing.T, b *bench) { endsWritten(t, b, order.DispositionDuplicate) },

	"DeferredOrderComesBackWhenDue": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		id := b.accepted(t, orderOf("k", rod)).OrderID
		due := b.clock.Now().Add(time.Minute)
		for attempt := 1; attempt <= 3; attempt++ {
			q := b.queued(t, id)
			s := b.settlement(q, order.DispositionDeferred, "connection refused")
			s.DueAt = due
			require.NoError(t, b.Settle(t.Context(), []order.Settlement{s}))
			again := b.queued(t, id)
			require.Equal(t, attempt, again.Attempts)
			require.WithinDuration(t, due, again.DueAt, 0)
		}
		r := b.find(t, id)
		require.Equal(t, order.Accepted, r.State)
		require.Equal(t, 3, r.Attempts)
		require.False(t, r.Dead())
		require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, b.ledger(t))
		require.Equal(t, 1, b.stock(t, rod).Held)
	},

	"RejectedOrderIsADeadLetterWithItsStockHeld": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		id := b.accepted(t, orderOf("k", rod)).OrderID
		q := b.queued(t, id)
		for range 2 {
			b.settle(t, q, order.DispositionRejected, "name is too long for legacy")
		}
		require.Empty(t, b.waiting(t))
		r := b.find(t, id)
		require.True(t, r.Dead())
		require.Equal(t, "name is too long for legacy", r.Cause)
		require.Equal(t, 1, r.Attempts)
		require.Equal(t, order.Ledger{Accepted: 1, Dead: 1}, b.ledger(t))
		require.Equal(t, order.Stock{SKU: rod, OnHand: 10, Held: 1}, b.stock(t, rod))
	},

	"DeadLetterThatWasWrittenAfterAllIsWritten": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		id := b.accepted(t, orderOf("k", rod)).OrderID
		q := b.queued(t, id)
		b.settle(t, q, order.DispositionRejected, "a value that does not fit")
		b.settle(t, q, order.DispositionDuplicate, "")
		require.Equal(t, order.Written, b.find(t, id).State)
		require.Equal(t, order.Ledger{Accepted: 1, Written: 1}, b.ledger(t))
		require.Equal(t, order.Stock{SKU: rod, OnHand: 10, Sold: 1}, b.stock(t, rod))
	},

	"BatchOfSettlementsEndsEachItsOwnWay": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		for _, key := range []string{"a", "b", "c", "d"} {
			b.accepted(t, orderOf(key, rod))
		}
		q := b.waiting(t)
		require.NoError(t, b.Settle(t.Context(), []order.Settlement{
			b.settlement(q[0], order.DispositionWritten, ""),
			b.settlement(q[1], order.DispositionRejected, "refused"),
			b.settlement(q[2], order.DispositionDeferred, "later"),
		}))
		require.Equal(t, order.Ledger{Accepted: 4, Written: 1, Dead: 1, Waiting: 2}, b.ledger(t))
		require.Equal(t, order.Stock{SKU: rod, OnHand: 10, Held: 3, Sold: 1}, b.stock(t, rod))
	},

	"SettlingAnUnknownOrderSettlesTheOthers": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		id := b.accepted(t, orderOf("k", rod)).OrderID
		q := b.queued(t, id)
		stranger := order.Settlement{Seq: q.Seq + 100, OrderID: order.NewID(b.clock.Now()), Disposition: order.DispositionWritten}
		err := b.Settle(t.Context(), []order.Settlement{stranger, b.settlement(q, order.DispositionWritten, "")})
		require.ErrorIs(t, err, order.ErrNotFound)
		require.Equal(t, order.Ledger{Accepted: 1, Written: 1}, b.ledger(t))
	},
}

// endsWritten settles one delivery over and over: the first time counts.
func endsWritten(t *testing.T, b *bench, d order.Disposition) {
	b.stocked(t, map[string]int{rod: 10})
	id := b.accepted(t, orderOf("k", rod, rod)).OrderID
	other := b.accepted(t, orderOf("other", rod)).OrderID
	q := b.queued(t, id)
	b.settle(t, q, order.DispositionDeferred, "busy")
	b.clock.Advance(time.Minute)
	written := b.clock.Now()

	for range 2 {
		b.settle(t, q, d, "")
		b.settle(t, q, order.DispositionDeferred, "a late answer")
		b.settle(t, q, order.DispositionRejected, "a late answer")
		b.clock.Advance(time.Minute)
	}

	r := b.find(t, id)
	require.Equal(t, order.Written, r.State)
	require.WithinDuration(t, written, r.WrittenAt, 0)
	require.Equal(t, 2, r.Attempts)
	require.Empty(t, r.Cause)
	require.Equal(t, order.Ledger{Accepted: 2, Written: 1, Waiting: 1}, b.ledger(t))
	require.Equal(t, order.Stock{SKU: rod, OnHand: 10, Held: 1, Sold: 2}, b.stock(t, rod))
	require.Len(t, b.waiting(t), 1)
	require.Equal(t, order.Accepted, b.find(t, other).State)
}
