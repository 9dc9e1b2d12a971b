package intaketest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

var reconcileTests = map[string]func(*testing.T, *bench){
	"ReconcilingTakesOverWhatLegacyHas": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 10})
		b.accepted(t, orderOf("written", rod))
		b.settle(t, b.waiting(t)[0], order.DispositionWritten, "")
		b.accepted(t, orderOf("waiting", rod))

		// Legacy had 10, one order of ours is in it, and it sold 4 by itself.
		changed, err := b.Reconcile(t.Context(), onHand(map[string]int{rod: 5, creel: 1}))
		require.NoError(t, err)
		require.Equal(t, []intake.Adjustment{{SKU: rod, From: 10, To: 6}, {SKU: creel, To: 1, New: true}}, changed)
		require.Equal(t, order.Stock{SKU: rod, OnHand: 6, Held: 1, Sold: 1}, b.stock(t, rod))
		require.Equal(t, 1, b.stock(t, creel).Left())

		changed, err = b.Reconcile(t.Context(), onHand(map[string]int{rod: 5}))
		require.NoError(t, err)
		require.Empty(t, changed)
	},

	"UnitsThatLegacySoldUnderOurHoldsArePromisedToNobodyElse": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 3})
		b.accepted(t, orderOf("k", rod, rod))
		_, err := b.Reconcile(t.Context(), onHand(map[string]int{rod: 1}))
		require.NoError(t, err)
		require.Zero(t, b.stock(t, rod).Left())
	},

	"LegacyThatCannotBeReadChangesNothing": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 3})
		away := errors.New("connection refused")
		_, err := b.Reconcile(t.Context(), func(context.Context) (map[string]int, error) { return nil, away })
		require.ErrorIs(t, err, away)
		require.Equal(t, 3, b.stock(t, rod).Left())
	},

	"ReconcilingNeverPromisesMoreThanLegacyHas": func(t *testing.T, b *bench) {
		var shops int
		rapid.Check(t, func(rt *rapid.T) {
			shops++
			l := &legacyShop{b: b, sku: fmt.Sprint("sku-", shops), onHand: rapid.IntRange(0, 12).Draw(rt, "on hand")}
			l.reconcile(rt, nil, nil)
			day := l.actions()
			day["reconcile"] = func(rt *rapid.T) { l.reconcileAmid(rt) }
			rt.Repeat(day)
		})
	},
}

func onHand(counts map[string]int) func(context.Context) (map[string]int, error) {
	return func(context.Context) (map[string]int, error) { return counts, nil }
}

// legacyShop is a legacy that sells one SKU in its own shop too, and the
// deliveries of a relay to it.
type legacyShop struct {
	b      *bench
	sku    string
	onHand int

	orders    int
	lastSeq   int64
	waiting   []order.Queued // accepted and not in legacy
	unsettled []order.Queued // in legacy, and the store not told
	dead      int            // units that are promised and will not get to legacy
	written   map[string]bool
}

// actions are what may happen at any time. What legacy does by itself comes
// apart, in alone.
func (l *legacyShop) actions() map[string]func(*rapid.T) {
	acts := l.alone()
	acts["accept"] = l.accept
	acts["write"] = l.write
	acts["settle"] = l.settle
	acts["cancel"] = l.cancel
	return acts
}

func (l *legacyShop) alone() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"sell":    func(rt *rapid.T) { l.onHand -= rapid.IntRange(0, l.onHand).Draw(rt, "sold in legacy's own shop") },
		"restock": func(rt *rapid.T) { l.onHand += rapid.IntRange(0, 5).Draw(rt, "restocked") },
	}
}

func (l *legacyShop) accept(rt *rapid.T) {
	l.orders++
	o := orderOf(fmt.Sprint(l.sku, " ", l.orders), l.sku)
	o.Lines[0].Quantity = rapid.IntRange(1, 3).Draw(rt, "quantity")
	receipt, err := l.b.Accept(context.Background(), o)
	var soldOut *order.SoldOutError
	if errors.As(err, &soldOut) {
		return
	}
	require.NoError(rt, err)
	queued, err := l.b.Waiting(context.Background(), l.lastSeq, 1000)
	require.NoError(rt, err)
	for _, q := range queued {
		l.lastSeq = q.Seq
		if q.Order.ID == receipt.OrderID {
			l.waiting = append(l.waiting, q)
		}
	}
}

func (l *legacyShop) write(rt *rapid.T) {
	q, ok := take(rt, &l.waiting)
	if !ok {
		return
	}
	if n := q.Order.Lines[0].Quantity; n <= l.onHand {
		l.onHand -= n
		if l.written == nil {
			l.written = map[string]bool{}
		}
		l.written[q.Order.ID] = true
		l.unsettled = append(l.unsettled, q)
		return
	}
	l.dead += q.Order.Lines[0].Quantity
	l.tell(rt, q, order.DispositionRejected)
}

func (l *legacyShop) settle(rt *rapid.T) {
	if q, ok := take(rt, &l.unsettled); ok {
		l.tell(rt, q, order.DispositionWritten)
	}
}

func (l *legacyShop) tell(rt *rapid.T, q order.Queued, d order.Disposition) {
	require.NoError(rt, l.b.Settle(context.Background(), []order.Settlement{l.b.settlement(q, d, d.String())}))
}

func (l *legacyShop) cancel(rt *rapid.T) {
	if q, ok := take(rt, &l.waiting); ok {
		require.NoError(rt, l.b.Cancel(context.Background(), q.Order.ID, "changed my mind"))
	}
}

// take draws one and takes it out.
func take(rt *rapid.T, from *[]order.Queued) (order.Queued, bool) {
	if len(*from) == 0 {
		return order.Queued{}, false
	}
	i := rapid.IntRange(0, len(*from)-1).Draw(rt, "which")
	q := (*from)[i]
	*from = append((*from)[:i:i], (*from)[i+1:]...)
	return q, true
}

// reconcileAmid reconciles while things happen before and after legacy is read.
// Only what legacy sells by itself after it was read cannot be known.
func (l *legacyShop) reconcileAmid(rt *rapid.T) {
	before, after := l.actions(), l.actions()
	for name := range l.alone() {
		delete(after, name)
	}
	l.reconcile(rt, before, after)
}

func (l *legacyShop) reconcile(rt *rapid.T, before, after map[string]func(*rapid.T)) {
	happened := len(l.unsettled)
	_, err := l.b.Reconcile(context.Background(), func(context.Context) (map[string]int, error) {
		happened += some(rt, before)
		seen := l.onHand
		happened += some(rt, after)
		return map[string]int{l.sku: seen}, nil
	})
	require.NoError(rt, err)
	left, err := l.b.Left(context.Background(), l.sku)
	require.NoError(rt, err)
	promised := l.promised()
	if left > 0 {
		require.LessOrEqual(rt, left+promised, l.onHand, "more is promised than legacy has")
	}
	if happened == 0 {
		require.Equal(rt, max(0, l.onHand-promised), left, "nothing was under way, and yet the count is not exact")
	}
}

// some does a few of the actions and returns how many.
func some(rt *rapid.T, actions map[string]func(*rapid.T)) int {
	if len(actions) == 0 {
		return 0
	}
	names := slices.Sorted(maps.Keys(actions))
	chosen := rapid.SliceOfN(rapid.SampledFrom(names), 0, 4).Draw(rt, "meanwhile")
	for _, name := range chosen {
		actions[name](rt)
	}
	return len(chosen)
}
