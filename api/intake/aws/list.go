package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// List returns orders, newest first. To page, set After to the last id shown. An
// order is listed where it stands some milliseconds after it got there.
func (s *Store) List(ctx context.Context, f intake.Filter) ([]order.Record, error) {
	all, err := s.list(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return all, nil
}

func (s *Store) list(ctx context.Context, f intake.Filter) ([]order.Record, error) {
	f.Limit = max(f.Limit, 0)
	f.Limit = cmp.Or(f.Limit, intake.DefaultListLimit)
	before := endOfText
	if f.After != "" {
		last, err := s.orderItem(ctx, f.After)
		if err != nil {
			return nil, fmt.Errorf("after %s: %w", f.After, err)
		}
		before = last.Rank
	}
	places := placesOf(f)
	listed, err := s.newest(ctx, places, before, f.Limit)
	if err != nil {
		return nil, unavailable(ctx, err)
	}
	return s.records(ctx, listed, places)
}

// placesOf are the places where the orders that are asked for stand.
func placesOf(f intake.Filter) []string {
	switch {
	case f.Dead:
		return []string{dead}
	case f.State == nil:
		return []string{waiting, dead, written, rejected, cancelled}
	case *f.State == order.Accepted:
		return []string{waiting, dead}
	default:
		return []string{f.State.String()}
	}
}

// listed is an order in the index.
type listed struct{ pk, rank string }

// newest finds the keys of the newest orders at the places. Every lane of every
// place is asked for so many, since the newest may all be in one.
func (s *Store) newest(ctx context.Context, places []string, before string, limit int) ([]listed, error) {
	found := make([][]listed, len(places)*lanes)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lanes)
	for i := range found {
		group.Go(func() error {
			return s.query(ctx, span{
				index: "places", hash: "place", sort: "rank", key: placeKey(places[i/lanes], i%lanes),
				from: startOfText, to: before, newestFirst: true,
			}, min(limit, 1000)+1, func(pk, rank string) (bool, error) {
				if rank != before {
					found[i] = append(found[i], listed{pk, rank})
				}
				return len(found[i]) < limit, nil
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := slices.Concat(found...)
	slices.SortFunc(all, func(a, b listed) int { return strings.Compare(b.rank, a.rank) })
	all = slices.Compact(all) // an order on its way may be seen at two places
	return all[:min(limit, len(all))], nil
}

// records reads the orders. Those that have left the places since the index was
// read are left out.
func (s *Store) records(ctx context.Context, all []listed, places []string) ([]order.Record, error) {
	keys := make([]string, len(all))
	for i, l := range all {
		keys[i] = l.pk
	}
	items, err := s.getMany(ctx, keys)
	if err != nil {
		return nil, unavailable(ctx, err)
	}
	records := make([]order.Record, 0, len(all))
	for _, pk := range keys {
		var it orderItem
		if err := attributevalue.UnmarshalMap(items[pk], &it); err != nil {
			return nil, err
		}
		if !slices.Contains(places, it.Stands) {
			continue
		}
		r, err := s.record(ctx, &it)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}
