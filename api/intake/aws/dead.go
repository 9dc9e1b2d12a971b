package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/api/intake"
)

// deadPage is how many dead letters are read at once.
const deadPage = batchLimit

// Causes groups the dead letters by cause, the largest group first. It reads
// what there is of each of them but the order itself.
func (s *Store) Causes(ctx context.Context) ([]intake.Cause, error) {
	var mu sync.Mutex
	groups := make(map[string]*group)
	lanesOf, readCtx := errgroup.WithContext(ctx)
	lanesOf.SetLimit(sweepLanes)
	for lane := range lanes {
		lanesOf.Go(func() error {
			return s.eachDead(readCtx, lane, func(it orderItem) {
				mu.Lock()
				defer mu.Unlock()
				if groups[it.Cause] == nil {
					groups[it.Cause] = &group{Cause: intake.Cause{Cause: it.Cause}}
				}
				groups[it.Cause].add(it)
			})
		})
	}
	if err := lanesOf.Wait(); err != nil {
		return nil, fmt.Errorf("group the dead letters: %w", unavailable(ctx, err))
	}
	all := make([]intake.Cause, 0, len(groups))
	for _, g := range groups {
		all = append(all, g.Cause)
	}
	slices.SortFunc(all, func(a, b intake.Cause) int {
		return cmp.Or(cmp.Compare(b.Orders, a.Orders), cmp.Compare(a.Cause, b.Cause))
	})
	return all, nil
}

// group is a Cause that is being counted.
type group struct {
	intake.Cause
	first string // the rank of the example
}

func (g *group) add(it orderItem) {
	since := it.deadSince()
	g.Orders++
	if g.Oldest.IsZero() || since.Before(g.Oldest) {
		g.Oldest = since
	}
	if since.After(g.Newest) {
		g.Newest = since
	}
	if g.first == "" || it.Rank < g.first {
		g.first, g.Example = it.Rank, it.id()
	}
}

func (it *orderItem) deadSince() time.Time { return it.DeadAt.UTC() }

// eachDead calls each with the dead letters of a lane, without their bodies.
func (s *Store) eachDead(ctx context.Context, lane int, each func(orderItem)) error {
	var page []string
	read := func() error {
		items, err := s.getParts(ctx, page, "pk, cause, dead_at, order_state, #rank", map[string]string{"#rank": "rank"})
		for _, pk := range page {
			var it orderItem
			if err := cmp.Or(err, attributevalue.UnmarshalMap(items[pk], &it)); err != nil {
				return err
			}
			if it.Stands == dead {
				each(it)
			}
		}
		page = page[:0]
		return err
	}
	sp := span{index: "places", hash: "place", sort: "rank", key: placeKey(dead, lane), from: startOfText, to: endOfText}
	err := s.query(ctx, sp, 1000, func(pk, _ string) (bool, error) {
		page = append(page, pk)
		if len(page) < deadPage {
			return true, nil
		}
		err := read()
		return err == nil, err
	})
	return cmp.Or(err, read())
}

// DeadLetters returns dead letters in the order in which they were accepted. To
// page, set After to the last id shown.
func (s *Store) DeadLetters(ctx context.Context, f intake.DeadFilter) ([]intake.DeadLetter, error) {
	all, err := s.deadLetters(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	return all, nil
}

func (s *Store) deadLetters(ctx context.Context, f intake.DeadFilter) ([]intake.DeadLetter, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = intake.DefaultListLimit
	}
	after := startOfText
	if f.After != "" {
		last, err := s.orderItem(ctx, f.After)
		if err != nil {
			return nil, fmt.Errorf("after %s: %w", f.After, err)
		}
		after = last.Rank
	}
	var all []intake.DeadLetter
	for {
		page, err := s.oldest(ctx, dead, after, deadPage)
		if err != nil {
			return nil, unavailable(ctx, err)
		}
		letters, err := s.lettersOf(ctx, page, f.Cause)
		if err != nil {
			return nil, err
		}
		all = append(all, letters...)
		if len(all) >= limit || len(page) < deadPage {
			return all[:min(limit, len(all))], nil
		}
		after = page[len(page)-1].rank
	}
}

// lettersOf reads those of the orders that are dead of the cause.
func (s *Store) lettersOf(ctx context.Context, page []listed, cause string) ([]intake.DeadLetter, error) {
	keys := make([]string, len(page))
	for i, l := range page {
		keys[i] = l.pk
	}
	items, err := s.getMany(ctx, keys)
	if err != nil {
		return nil, unavailable(ctx, err)
	}
	var letters []intake.DeadLetter
	for _, pk := range keys {
		var it orderItem
		if err := attributevalue.UnmarshalMap(items[pk], &it); err != nil {
			return nil, err
		}
		if it.Stands != dead || !strings.Contains(strings.ToLower(it.Cause), strings.ToLower(cause)) {
			continue
		}
		r, err := s.record(ctx, &it)
		if err != nil {
			return nil, err
		}
		letters = append(letters, intake.DeadLetter{Record: r, Since: it.deadSince()})
	}
	return letters, nil
}

// oldest finds the keys of the first orders at a place beyond a rank. Every lane
// is asked for so many, since they may all be in one.
func (s *Store) oldest(ctx context.Context, place, after string, limit int) ([]listed, error) {
	found := make([][]listed, lanes)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lanes)
	for lane := range lanes {
		group.Go(func() error {
			sp := span{index: "places", hash: "place", sort: "rank", key: placeKey(place, lane), from: after, to: endOfText}
			return s.query(ctx, sp, limit+1, func(pk, rank string) (bool, error) {
				if rank != after {
					found[lane] = append(found[lane], listed{pk, rank})
				}
				return len(found[lane]) < limit, nil
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := slices.Concat(found...)
	slices.SortFunc(all, func(a, b listed) int { return strings.Compare(a.rank, b.rank) })
	return all[:min(limit, len(all))], nil
}

// getParts is getMany for some of the attributes.
func (s *Store) getParts(ctx context.Context, pks []string, attributes string, names map[string]string) (map[string]item, error) {
	if len(pks) == 0 {
		return nil, nil
	}
	found := make(map[string]item, len(pks))
	return found, s.getBatch(ctx, pks, found, sdk.String(attributes), names)
}

// Standing says where each of the orders stands: waiting, dead, written, rejected
// or cancelled. Orders that the table does not know are left out.
func (s *Store) Standing(ctx context.Context, ids []string) (map[string]string, error) {
	standing := make(map[string]string, len(ids))
	for part := range slices.Chunk(ids, batchLimit) {
		keys := make([]string, len(part))
		for i, id := range part {
			keys[i] = orderKey(id)
		}
		items, err := s.getParts(ctx, keys, "pk, order_state", nil)
		if err != nil {
			return nil, fmt.Errorf("look up orders: %w", unavailable(ctx, err))
		}
		for pk, found := range items {
			var it orderItem
			if err := attributevalue.UnmarshalMap(found, &it); err != nil {
				return nil, err
			}
			standing[orderIDOf(pk)] = it.Stands
		}
	}
	return standing, nil
}
