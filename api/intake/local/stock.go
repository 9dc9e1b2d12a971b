package local

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// SeedStock adds the SKUs that the store does not know yet. Only OnHand is
// taken from each; those it knows stay as they are.
func (s *Store) SeedStock(ctx context.Context, stock []order.Stock) error {
	err := s.writer.do(ctx, func(t *tx) error {
		for _, st := range stock {
			if t.shelf(st.SKU) == nil {
				t.setBase(st.SKU, st.OnHand)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("seed stock: %w", err)
	}
	return nil
}

// adjust sets the bases that differ and returns them by SKU.
func (t *tx) adjust(base map[string]int) []intake.Adjustment {
	var changed []intake.Adjustment
	for _, sku := range slices.Sorted(maps.Keys(base)) {
		sh, to := t.shelf(sku), base[sku]
		switch {
		case sh == nil:
			changed = append(changed, intake.Adjustment{SKU: sku, To: to, New: true})
		case sh.onHand != to:
			changed = append(changed, intake.Adjustment{SKU: sku, From: sh.onHand, To: to})
		default:
			continue
		}
		t.setBase(sku, to)
	}
	return changed
}
