package local

import (
	"context"
	"fmt"

	"github.com/banyan-edge/banyan/api/order"
)

// takeNew reads the queue from the cursor on until the batch is full, the
// queue ends, or no more can be parked.
func (s *Source) takeNew(ctx context.Context, batch []order.Queued, max int) ([]order.Queued, error) {
	for len(batch) < max && !s.lanes.full() {
		limit := max - len(batch)
		page, err := s.queue.Waiting(ctx, s.cursor, limit)
		if err != nil {
			return batch, fmt.Errorf("read the queue after %d: %w", s.cursor, err)
		}
		now := s.now()
		for _, q := range page {
			if s.lanes.admit(q, now) {
				batch = append(batch, q)
			}
			s.cursor = q.Seq
		}
		if len(page) < limit {
			break
		}
	}
	return batch, nil
}

// feed reads one page for a customer whose backlog is longer than what is
// parked of it, and reports whether there was such a one.
func (s *Source) feed(ctx context.Context) (fed bool, err error) {
	lane, after := s.lanes.hungry()
	if lane == nil {
		return false, nil
	}
	page, err := s.queue.Waiting(ctx, after, scanPage)
	if err != nil {
		return false, fmt.Errorf("read the queue after %d: %w", after, err)
	}
	last, end := s.cursor, true
	if len(page) == scanPage && page[len(page)-1].Seq < s.cursor {
		last, end = page[len(page)-1].Seq, false
	}
	s.lanes.feed(lane, page, last, end)
	return true, nil
}

// takeParked reads the bodies of parked orders that are due. Those that no
// longer wait (cancelled meanwhile) are forgotten.
func (s *Source) takeParked(ctx context.Context, max int) ([]order.Queued, error) {
	due := s.lanes.takeDue(max, s.now())
	var batch []order.Queued
	for len(due) > 0 {
		span := spanOf(due)
		page, err := s.queue.Waiting(ctx, due[0]-1, len(span))
		if err != nil {
			s.lanes.putBack(due, s.now())
			return batch, fmt.Errorf("read parked orders: %w", err)
		}
		due = s.match(&batch, due, page, len(span))
	}
	return batch, nil
}

// spanOf returns the leading run of seqs that one page may well cover, so that
// a customer's backlog is read in pages and scattered orders are read singly.
func spanOf(due []int64) []int64 {
	n := 1
	for n < len(due) && n < scanPage && due[n]-due[0] < scanPage {
		n++
	}
	return due[:n]
}

// match moves the orders of page that are due into batch and returns the seqs
// the page did not reach. limit is what was asked for: a shorter page means
// that the queue ends there.
func (s *Source) match(batch *[]order.Queued, due []int64, page []order.Queued, limit int) []int64 {
	for _, q := range page {
		for len(due) > 0 && due[0] < q.Seq {
			s.lanes.forget(due[0])
			due = due[1:]
		}
		if len(due) > 0 && due[0] == q.Seq {
			*batch = append(*batch, q)
			due = due[1:]
		}
	}
	if len(page) < limit {
		for _, seq := range due {
			s.lanes.forget(seq)
		}
		return nil
	}
	return due
}

// scanPassed looks for waiting orders below the cursor that are neither in
// hand nor parked: redriven ones. It parks them; they are due at once.
func (s *Source) scanPassed(ctx context.Context) error {
	for after := int64(0); after < s.cursor; {
		s.lanes.beginScan()
		page, err := s.queue.Waiting(ctx, after, scanPage)
		if err != nil {
			s.lanes.endScan(nil)
			return fmt.Errorf("read the queue after %d: %w", after, err)
		}
		last := after
		for i, q := range page {
			if q.Seq > s.cursor {
				page = page[:i]
				break
			}
			last = q.Seq
		}
		all := s.lanes.endScan(page)
		if !all {
			s.lastRescan = s.now() // there was no room; look again later
			return nil
		}
		if len(page) < scanPage {
			break
		}
		after = last
	}
	s.rescan, s.lastRescan = false, s.now()
	return nil
}
