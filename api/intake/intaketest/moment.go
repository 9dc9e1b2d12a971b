package intaketest

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/api/intake"
)

// MomentReconciler is a store that can be reconciled exactly with a legacy that
// says which orders it has. The suite skips these tests where it cannot.
type MomentReconciler interface {
	ReconcileAt(ctx context.Context, legacy intake.Moment) ([]intake.Adjustment, error)
}

func (b *bench) momentReconciler(t *testing.T) MomentReconciler {
	m, can := b.Store.(MomentReconciler)
	if !can {
		t.Skipf("%T has no ReconcileAt", b.Store)
	}
	return m
}

var momentTests = map[string]func(*testing.T, *bench){
	"OrdersInLegacyThatAreNotSettledAreCounted": func(t *testing.T, b *bench) {
		m := b.momentReconciler(t)
		b.stocked(t, map[string]int{rod: 10})
		id := b.accepted(t, orderOf("written", rod, rod)).OrderID
		b.accepted(t, orderOf("waiting", rod))
		changed, err := m.ReconcileAt(t.Context(), moment{onHand: map[string]int{rod: 8}, has: map[string]bool{id: true}})
		require.NoError(t, err)
		require.Empty(t, changed)
		require.Equal(t, 7, b.stock(t, rod).Left())
	},

	"ReconcilingAtAMomentIsExactWhateverIsUnderWay": func(t *testing.T, b *bench) {
		m := b.momentReconciler(t)
		var shops int
		rapid.Check(t, func(rt *rapid.T) {
			shops++
			l := &legacyShop{b: b, sku: fmt.Sprint("moment-", shops), onHand: rapid.IntRange(0, 12).Draw(rt, "on hand")}
			l.reconcile(rt, nil, nil)
			day := l.actions()
			day["reconcile"] = func(rt *rapid.T) { l.reconcileAt(rt, m) }
			rt.Repeat(day)
		})
	},
}

// moment is what a legacy had at one moment.
type moment struct {
	onHand map[string]int
	has    map[string]bool
}

func (m moment) Stock(context.Context) (map[string]int, error)          { return m.onHand, nil }
func (m moment) Has(context.Context, []string) (map[string]bool, error) { return m.has, nil }

// movingMoment is the moment of a legacy in which things happen before and
// after.
type movingMoment struct {
	moment
	before, after func()
	take          func() moment
}

func (m *movingMoment) Stock(ctx context.Context) (map[string]int, error) {
	m.before()
	m.moment = m.take()
	m.after()
	return m.moment.Stock(ctx)
}

// reconcileAt reconciles while things happen before and after the moment. Only
// what legacy sells by itself after it cannot be known.
func (l *legacyShop) reconcileAt(rt *rapid.T, m MomentReconciler) {
	before, after := l.actions(), l.actions()
	for name := range l.alone() {
		delete(after, name)
	}
	_, err := m.ReconcileAt(context.Background(), &movingMoment{
		before: func() { some(rt, before) },
		after:  func() { some(rt, after) },
		take: func() moment {
			return moment{map[string]int{l.sku: l.onHand}, maps.Clone(l.written)}
		},
	})
	require.NoError(rt, err)
	left, err := l.b.Left(context.Background(), l.sku)
	require.NoError(rt, err)
	require.Equal(rt, max(0, l.onHand-l.promised()), left)
}

// promised is how many units are promised and not in legacy.
func (l *legacyShop) promised() int {
	n := l.dead
	for _, q := range l.waiting {
		n += q.Order.Lines[0].Quantity
	}
	return n
}
