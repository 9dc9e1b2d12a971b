package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/banyan-edge/banyan/api/intake"
)

// maxAsked is how many orders legacy is asked about at each reconciling: of
// those that wait, the ones accepted first, and of those accepted meanwhile. More
// wait in a long queue, but what may be in legacy and not be settled is what the
// relays have in hand, and that is at its head.
const maxAsked = 1000

// ReconcileAt is Reconcile with a legacy that can also say which orders it has,
// at the very moment of its stock. The units W of our orders that are in it are
// then known, whatever is under way:
//
//	W = sold before the moment + those of the orders in it that were not settled before the moment
//
// An order must not be in both sums, or more would be promised than there is, and
// nothing here reads a table at one moment. So an order is in the second sum only
// where its item itself says, after the first was read, that it waits; or where
// it was accepted after everything that the index had by then, and is not said to
// have been written before. What is left out by that, by the index's lag or by
// maxAsked makes the count too low until it is settled and reconciled again, and
// never too high.
func (s *Store) ReconcileAt(ctx context.Context, legacy intake.Moment) ([]intake.Adjustment, error) {
	changed, err := s.reconcileAt(ctx, legacy)
	if err != nil {
		return changed, fmt.Errorf("reconcile stock: %w", err)
	}
	return changed, nil
}

func (s *Store) reconcileAt(ctx context.Context, legacy intake.Moment) ([]intake.Adjustment, error) {
	u, err := s.unsettled(ctx)
	if err != nil {
		return nil, unavailable(ctx, err)
	}
	base, err := legacy.Stock(ctx)
	if err != nil {
		return nil, fmt.Errorf("read legacy's: %w", err)
	}
	base = maps.Clone(base)
	if err := s.addAccepted(ctx, u); err != nil {
		return nil, unavailable(ctx, err)
	}
	has, err := legacy.Has(ctx, slices.Sorted(maps.Keys(u.orders)))
	if err != nil {
		return nil, fmt.Errorf("ask legacy for orders: %w", err)
	}
	for sku := range base {
		base[sku] += u.sold[sku]
	}
	for id, holds := range u.orders {
		for _, h := range holds {
			if _, listed := base[h.SKU]; listed && has[id] {
				base[h.SKU] += h.Units
			}
		}
	}
	maps.DeleteFunc(base, func(sku string, n int) bool { // what is as it should be need not be counted again
		onHand, known := u.onHand[sku]
		return known && onHand == n
	})
	return s.adjust(ctx, base)
}

// unsettled is what the store knows of orders that may be in legacy without its
// knowing.
type unsettled struct {
	since  time.Time         // before anything was read
	sold   map[string]int    // by SKU
	onHand map[string]int    // likewise
	orders map[string][]held // not settled when sold was read
	last   string            // the highest rank in the index by then
}

// settledTries is how often the orders that wait are read anew because some of
// them were settled meanwhile.
const settledTries = 3

func (s *Store) unsettled(ctx context.Context) (*unsettled, error) {
	for try := 1; ; try++ {
		u := &unsettled{since: s.now(), sold: map[string]int{}, orders: map[string][]held{}, last: startOfText}
		newest, err := s.newest(ctx, []string{waiting, dead, written, rejected, cancelled}, endOfText, 1)
		if err != nil {
			return nil, err
		}
		if len(newest) > 0 {
			u.last = newest[0].rank
		}
		if u.onHand, u.sold, err = s.units(ctx); err != nil {
			return nil, err
		}
		first, err := s.oldest(ctx, waiting, startOfText, maxAsked)
		if err != nil {
			return nil, err
		}
		if err := s.addThose(ctx, u, first, func(it *orderItem) bool { return it.Stands == waiting }); err != nil {
			return nil, err
		}
		_, again, err := s.units(ctx)
		if err != nil || try == settledTries || maps.Equal(u.sold, again) {
			return u, err
		}
	}
}

// addAccepted adds the orders accepted since.
func (s *Store) addAccepted(ctx context.Context, u *unsettled) error {
	for _, place := range []string{waiting, written} {
		since, err := s.oldest(ctx, place, u.last, maxAsked)
		if err != nil {
			return err
		}
		err = s.addThose(ctx, u, since, func(it *orderItem) bool {
			return it.Stands == waiting || it.Stands == written && !it.WrittenAt.Before(u.since)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// addThose adds the holds of those orders whose items are as they should be.
func (s *Store) addThose(ctx context.Context, u *unsettled, all []listed, fits func(*orderItem) bool) error {
	for page := range slices.Chunk(all, batchLimit) {
		keys := make([]string, len(page))
		for i, l := range page {
			keys[i] = l.pk
		}
		items, err := s.getParts(ctx, keys, "pk, holds, order_state, written_at", nil)
		if err != nil {
			return err
		}
		for _, pk := range keys {
			var it orderItem
			if err := attributevalue.UnmarshalMap(items[pk], &it); err != nil {
				return err
			}
			if fits(&it) {
				u.orders[it.id()] = it.Holds
			}
		}
	}
	return nil
}

// units returns the units on hand and sold of every SKU.
func (s *Store) units(ctx context.Context) (onHand, sold map[string]int, err error) {
	all, err := s.Stocks(ctx)
	if err != nil {
		return nil, nil, err
	}
	onHand, sold = make(map[string]int, len(all)), make(map[string]int, len(all))
	for _, st := range all {
		onHand[st.SKU], sold[st.SKU] = st.OnHand, st.Sold
	}
	return onHand, sold, nil
}
