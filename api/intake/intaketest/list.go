package intaketest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

var listTests = map[string]func(*testing.T, *bench){
	"OrdersAreListedNewestFirst": func(t *testing.T, b *bench) {
		ids := b.oneOfEach(t)
		slices.Reverse(ids)
		require.Equal(t, ids, b.list(t, intake.Filter{}))
		require.Equal(t, ids[:2], b.list(t, intake.Filter{Limit: 2}))
		require.Equal(t, ids[2:], b.list(t, intake.Filter{After: ids[1]}))
	},

	"OrdersAreListedByWhereTheyStand": func(t *testing.T, b *bench) {
		ids := b.oneOfEach(t) // waiting, written, dead, cancelled, rejected, waiting
		require.Equal(t, []string{ids[5], ids[2], ids[0]}, b.list(t, intake.Filter{State: new(order.Accepted)}))
		require.Equal(t, []string{ids[1]}, b.list(t, intake.Filter{State: new(order.Written)}))
		require.Equal(t, []string{ids[3]}, b.list(t, intake.Filter{State: new(order.Cancelled)}))
		require.Equal(t, []string{ids[4]}, b.list(t, intake.Filter{State: new(order.Rejected)}))
		require.Equal(t, []string{ids[2]}, b.list(t, intake.Filter{Dead: true}))
		require.Equal(t, []string{ids[0]}, b.list(t, intake.Filter{State: new(order.Accepted), After: ids[2]}))
	},

	"ListAfterAnUnknownOrderIsRefused": func(t *testing.T, b *bench) {
		_, err := b.List(t.Context(), intake.Filter{After: "no such order"})
		require.ErrorIs(t, err, order.ErrNotFound)
	},
}

func (b *bench) list(t *testing.T, f intake.Filter) []string {
	t.Helper()
	all, err := b.List(t.Context(), f)
	require.NoError(t, err)
	ids := make([]string, len(all))
	for i, r := range all {
		ids[i] = r.ID
	}
	return ids
}

// oneOfEach places orders that stand in every possible place: waiting, written,
// dead, cancelled, rejected, waiting.
func (b *bench) oneOfEach(t *testing.T) []string {
	t.Helper()
	b.stocked(t, map[string]int{rod: 10})
	var ids []string
	for i := range 6 {
		ids = append(ids, b.accepted(t, orderOf(fmt.Sprint(i), rod)).OrderID)
	}
	b.settle(t, b.queued(t, ids[1]), order.DispositionWritten, "")
	b.settle(t, b.queued(t, ids[2]), order.DispositionRejected, "refused")
	require.NoError(t, b.Cancel(t.Context(), ids[3], "changed my mind"))
	b.settle(t, b.queued(t, ids[4]), order.DispositionRejected, "refused")
	require.NoError(t, b.Cancel(t.Context(), ids[4], "given up"))
	return ids
}
