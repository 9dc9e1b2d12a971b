package intaketest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
)

var stockTests = map[string]func(*testing.T, *bench){
	"OneOfOneIsSoldOnce":         func(t *testing.T, b *bench) { sellOut(t, b, 300, 1) },
	"SeventeenAreSoldExactly":    func(t *testing.T, b *bench) { sellOut(t, b, 300, 17) },
	"AllGetOneWhereThereAreMore": func(t *testing.T, b *bench) { sellOut(t, b, 100, 300) },

	"TwoLinesOfOneSKUAddUp": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 3})
		o := orderOf("k", rod, creel, rod)
		o.Lines[1].SKU, o.Lines[0].Quantity, o.Lines[2].Quantity = rod, 2, 1
		_, err := b.Accept(t.Context(), o)
		var soldOut *order.SoldOutError
		require.ErrorAs(t, err, &soldOut)
		require.Equal(t, order.SoldOutError{SKU: rod, Left: 3}, *soldOut)

		o.Lines[0].Quantity = 1
		b.accepted(t, o)
		require.Zero(t, b.stock(t, rod).Left())
	},

	"OrderIsHeldWholeOrNotAtAll": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 5, creel: 1})
		b.accepted(t, orderOf("k1", creel))
		_, err := b.Accept(t.Context(), orderOf("k2", rod, creel))
		var soldOut *order.SoldOutError
		require.ErrorAs(t, err, &soldOut)
		require.Equal(t, order.SoldOutError{SKU: creel, Left: 0}, *soldOut)
		require.Equal(t, 5, b.stock(t, rod).Left())
	},

	"BasketsThatOverlapNeverOversell": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 30, creel: 20})
		var both, rods atomic.Int64
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				if i%2 == 0 {
					if _, err := b.Accept(t.Context(), orderOf(fmt.Sprint(i), creel, rod)); err == nil {
						both.Add(1)
					}
				} else if _, err := b.Accept(t.Context(), orderOf(fmt.Sprint(i), rod)); err == nil {
					rods.Add(1)
				}
			})
		}
		wg.Wait()
		require.Equal(t, int(both.Load()), b.stock(t, creel).Held)
		require.Equal(t, 30, int(both.Load()+rods.Load()))
		require.Zero(t, b.stock(t, rod).Left())
	},

	"SeedingAddsOnlyWhatIsNew": func(t *testing.T, b *bench) {
		b.stocked(t, map[string]int{rod: 3})
		b.accepted(t, orderOf("k", rod))
		b.stocked(t, map[string]int{rod: 100, creel: 1})
		require.Equal(t, order.Stock{SKU: rod, OnHand: 3, Held: 1}, b.stock(t, rod))
		require.Equal(t, order.Stock{SKU: creel, OnHand: 1}, b.stock(t, creel))
	},
}

// sellOut lets buyers want one unit each, all at once, while there are so many:
// exactly so many get one, and the others are told that it is sold out.
func sellOut(t *testing.T, b *bench, buyers, units int) {
	b.stocked(t, map[string]int{creel: units})
	var sold, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range buyers {
		wg.Go(func() {
			_, err := b.Accept(t.Context(), orderOf(fmt.Sprint("buyer", i), creel))
			var soldOut *order.SoldOutError
			switch {
			case err == nil:
				sold.Add(1)
			case errors.As(err, &soldOut):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	want := min(buyers, units)
	require.EqualValues(t, want, sold.Load())
	require.EqualValues(t, buyers-want, refused.Load())
	require.Equal(t, order.Stock{SKU: creel, OnHand: units, Held: want}, b.stock(t, creel))
	require.Equal(t, order.Ledger{Accepted: int64(want), Waiting: int64(want)}, b.ledger(t))
}
