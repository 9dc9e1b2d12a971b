package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/api/order"
)

// stockWriters is how many SKUs are written at once by SeedStock and Reconcile,
// and how many orders by Settle.
const stockWriters = 8

// Where SKUs are in the index places, so that all can be listed.
const skuPlace = "sku"

// SeedStock adds the SKUs that the store does not know yet. Only OnHand is
// taken from each; those it knows stay as they are.
func (s *Store) SeedStock(ctx context.Context, stock []order.Stock) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(stockWriters)
	for _, st := range stock {
		group.Go(func() error {
			_, err := s.shelve(ctx, st.SKU, st.OnHand)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("seed stock: %w", err)
	}
	return nil
}

// shelve adds a SKU, its units dealt out to its shards, and reports whether it
// was new.
func (s *Store) shelve(ctx context.Context, sku string, onHand int) (bool, error) {
	n := s.shards(onHand)
	parts := deal(onHand, n)
	own, err := s.put(shelf{
		PK: stockKey(sku, 0), Place: placeKey(skuPlace, laneOf(sku)), Rank: sku,
		OnHand: onHand, Shards: n, shard: shard{Avail: parts[0]},
	}, "attribute_not_exists(pk)", nil)
	if err != nil {
		return false, err
	}
	writes := []types.TransactWriteItem{own}
	for i := 1; i < n; i++ {
		writes = append(writes, s.add(stockKey(sku, i), map[string]int{"avail": parts[i]}))
	}
	for pause := s.newPause(); ; {
		err := s.transact(ctx, "", writes)
		if err == nil || anyConditionFailed(err) {
			return err == nil, nil
		}
		if cause := repeatable(err); cause == "" || !pause.next(ctx, cause) {
			return false, fmt.Errorf("add SKU %q: %w", sku, unavailable(ctx, err))
		}
	}
}

// Stocks returns what is known of every SKU, by SKU. A SKU is in it some
// milliseconds after it was added.
func (s *Store) Stocks(ctx context.Context) ([]order.Stock, error) {
	var skus []string
	for lane := range lanes {
		sp := span{index: "places", hash: "place", sort: "rank", key: placeKey(skuPlace, lane), from: startOfText, to: endOfText}
		err := s.query(ctx, sp, 1000, func(pk, _ string) (bool, error) {
			skus = append(skus, skuOf(pk))
			return true, nil
		})
		if err != nil {
			return nil, fmt.Errorf("list stock: %w", unavailable(ctx, err))
		}
	}
	counts, err := s.count(ctx, skus...)
	if err != nil {
		return nil, fmt.Errorf("list stock: %w", unavailable(ctx, err))
	}
	all := make([]order.Stock, 0, len(counts))
	for c := range maps.Values(counts) {
		all = append(all, c.stock())
	}
	slices.SortFunc(all, func(a, b order.Stock) int { return strings.Compare(a.SKU, b.SKU) })
	return all, nil
}

// Every SKU and every rank sorts between these.
const (
	startOfText = "\x01"
	endOfText   = "\U0010ffff"
)
