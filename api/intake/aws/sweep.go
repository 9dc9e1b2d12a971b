package aws

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

const (
	sweepLanes    = 4  // swept at once
	sweepPage     = 50 // orders of a lane read at once
	sweepPatience = 5  // failures after which a lane is left for the next sweep
)

// Sweep sends the orders that wait and are due to be sent: those that a crash or
// an error left between the transaction and the queue, and those that the
// queue should have delivered long ago. It returns how many it sent; an error
// does not keep the others from being sent.
//
// It is run on a schedule, once a minute, say. Two that run at once do no harm.
// Orders of one customer are sent in the order of acceptance: where one
// cannot be sent, those behind it wait for the next sweep.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	var sent atomic.Int64
	errs := make([]error, lanes)
	var group errgroup.Group
	group.SetLimit(sweepLanes)
	for lane := range lanes {
		group.Go(func() error {
			errs[lane] = s.sweepLane(ctx, lane, &sent)
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	if err := errors.Join(errs...); err != nil {
		return int(sent.Load()), fmt.Errorf("sweep: %w", err)
	}
	return int(sent.Load()), nil
}

func (s *Store) sweepLane(ctx context.Context, lane int, sent *atomic.Int64) error {
	now := dueOf(s.now(), "~") // everything due at this very moment is below
	var failures []error
	stuck := map[string]bool{} // groups with an order that was not sent
	err := s.query(ctx, span{index: "dues", hash: "due_in", sort: "due", key: dueKey(lane), from: "0", to: now}, sweepPage,
		func(pk, due string) (bool, error) {
			done, err := s.sweepOne(ctx, pk, due, stuck)
			if err != nil {
				failures = append(failures, err)
				s.log.Warn("order not swept", "order_id", orderIDOf(pk), "error", err)
			}
			if done {
				sent.Add(1)
			}
			return len(failures) < sweepPatience && ctx.Err() == nil, nil
		})
	return errors.Join(append(failures, err)...)
}

// sweepOne sends an order that the index says is due, if the order itself says
// so too.
func (s *Store) sweepOne(ctx context.Context, pk, due string, stuck map[string]bool) (bool, error) {
	it, err := s.orderItem(ctx, orderIDOf(pk))
	if err != nil || it.Due != due {
		return false, err
	}
	body, o, err := s.decoded(ctx, it)
	if err != nil {
		return false, err
	}
	customer := s.group(o)
	if stuck[customer] {
		return false, nil
	}
	if err := s.send(ctx, it, o, body); err != nil {
		stuck[customer] = true
		return false, err
	}
	return true, nil
}
