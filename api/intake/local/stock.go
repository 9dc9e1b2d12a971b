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

// Reconcile brings the stock in line with what legacy has on hand, which
// changes behind our back: legacy sells in its own shop, and is restocked. read
// returns legacy's count by SKU. SKUs that only legacy knows are added; those
// it does not list stay as they are.
//
// Nothing stops meanwhile, so the two counts are of different moments. Say that
// legacy has L on hand when it is read. The units that it had when nothing was
// sold by us are L + W, where W are the units of our orders that are in it at
// that moment. We know of W only
//
//	sold before the read ≤ W ≤ sold now + held now
//
// because an order may be in legacy and not be settled here yet. The lower end
// is taken: what is left to promise and what is promised and not in legacy is
// then never more than legacy has. Where deliveries are under way it is too low
// by the units that they write, for as long as it takes to settle them and
// reconcile again; when none is, it is exact, however many orders wait.
func (s *Store) Reconcile(ctx context.Context, read func(context.Context) (map[string]int, error)) ([]intake.Adjustment, error) {
	before, err := s.Stocks(ctx)
	if err != nil {
		return nil, fmt.Errorf("reconcile stock: %w", err)
	}
	onHand, err := read(ctx)
	if err != nil {
		return nil, fmt.Errorf("reconcile stock: read legacy's: %w", err)
	}
	base := maps.Clone(onHand)
	for _, st := range before {
		if _, listed := onHand[st.SKU]; listed {
			base[st.SKU] += st.Sold
		}
	}
	var changed []intake.Adjustment
	err = s.writer.do(ctx, func(t *tx) error {
		changed = t.adjust(base)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reconcile stock: %w", err)
	}
	return changed, nil
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
