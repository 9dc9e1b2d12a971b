package aws

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/api/order"
)

// Audit counts the orders themselves, one by one, against the number that was
// accepted: where the ledger is a sum of what has happened, this is what is
// there, so that an order that vanished shows as a ledger that does not balance.
// It reads the whole index, which lags by milliseconds: run it now and then, and
// trust it where it is the same twice.
func (s *Store) Audit(ctx context.Context) (order.Ledger, error) {
	counted, err := s.Ledger(ctx)
	if err != nil {
		return order.Ledger{}, err
	}
	l := order.Ledger{Accepted: counted.Accepted}
	var ended, givenUp int64
	for place, n := range map[string]*int64{
		waiting: &l.Waiting, dead: &l.Dead, written: &l.Written, cancelled: &ended, rejected: &givenUp,
	} {
		if *n, err = s.countPlace(ctx, place); err != nil {
			return order.Ledger{}, fmt.Errorf("count %s orders: %w", place, unavailable(ctx, err))
		}
	}
	l.Cancelled = ended + givenUp
	return l, nil
}

func (s *Store) countPlace(ctx context.Context, place string) (int64, error) {
	var n atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sweepLanes)
	for lane := range lanes {
		group.Go(func() error {
			sp := span{index: "places", hash: "place", sort: "rank", key: placeKey(place, lane), from: startOfText, to: endOfText}
			return s.query(ctx, sp, 1000, func(string, string) (bool, error) {
				n.Add(1)
				return true, nil
			})
		})
	}
	err := group.Wait()
	return n.Load(), err
}
