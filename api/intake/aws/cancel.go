package aws

import (
	"context"
	"fmt"

	"github.com/banyan-edge/banyan/api/intake"
)

// Cancel takes an order back and gives its stock back: a waiting order becomes
// cancelled, a dead letter rejected. Taking back twice changes nothing. It
// returns order.ErrNotFound or intake.ErrWritten.
//
// Its message stays in the queue. Whoever delivers it finds the order cancelled
// and drops it; a delivery that is on its way at that moment may still be
// written, and its settlement then makes the order written again.
func (s *Store) Cancel(ctx context.Context, id, why string) error {
	err := s.change(ctx, id, func(it *orderItem) (*change, error) { return taken(it, why) })
	if err != nil {
		return fmt.Errorf("cancel order %s: %w", id, err)
	}
	return nil
}

func taken(it *orderItem, why string) (*change, error) {
	c := &change{to: *it, stock: (*moves).release, avail: 1}
	c.to.Cause = why
	switch it.Stands {
	case waiting:
		c.endedAs(cancelled, waiting)
	case dead:
		c.endedAs(rejected, dead)
	case written:
		return nil, intake.ErrWritten
	default:
		return nil, nil
	}
	return c, nil
}
