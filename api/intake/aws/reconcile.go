package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/api/intake"
)

// Reconcile brings the stock in line with what legacy has on hand, which
// changes behind our back: legacy sells in its own shop, and is restocked. read
// returns legacy's count by SKU. SKUs that only legacy knows are added; those
// it does not list stay as they are.
//
// Nothing stops meanwhile. What was sold by us before legacy was read is taken
// for what is in it, which is the safe end: what is left to promise and what is
// promised and not in legacy is never more than legacy has, and is exact when no
// delivery is under way. Each SKU is changed by itself; after an error those
// returned have been.
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
	changed, err := s.adjust(ctx, base)
	if err != nil {
		return changed, fmt.Errorf("reconcile stock: %w", err)
	}
	return changed, nil
}

// adjust sets the units on hand that differ and returns them by SKU.
func (s *Store) adjust(ctx context.Context, base map[string]int) ([]intake.Adjustment, error) {
	skus := slices.Sorted(maps.Keys(base))
	all := make([]*intake.Adjustment, len(skus))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(stockWriters)
	for i, sku := range skus {
		group.Go(func() (err error) {
			all[i], err = s.adjustOne(ctx, sku, base[sku])
			return err
		})
	}
	err := group.Wait()
	var changed []intake.Adjustment
	for _, a := range all {
		if a != nil {
			changed = append(changed, *a)
		}
	}
	return changed, err
}

// adjustOne returns nil where nothing is to be changed.
func (s *Store) adjustOne(ctx context.Context, sku string, to int) (*intake.Adjustment, error) {
	from, known, err := s.restock(ctx, sku, to)
	switch {
	case err != nil:
		return nil, err
	case !known:
		if added, err := s.shelve(ctx, sku, to); err != nil || !added {
			return nil, err
		}
		return &intake.Adjustment{SKU: sku, To: to, New: true}, nil
	case from == to:
		return nil, nil
	default:
		return &intake.Adjustment{SKU: sku, From: from, To: to}, nil
	}
}
