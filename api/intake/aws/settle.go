package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// Settle records what became of deliveries, durably and each by itself; the
// messages in the queue are their receiver's to remove. Settling an order that
// is settled changes nothing. Only a settlement's OrderID says which order is
// meant. An error, order.ErrNotFound among them, does not keep the others from
// being settled.
func (s *Store) Settle(ctx context.Context, all []order.Settlement) error {
	errs := make([]error, len(all))
	var group errgroup.Group
	group.SetLimit(stockWriters)
	for i, st := range all {
		group.Go(func() error {
			err := s.change(ctx, st.OrderID, func(it *orderItem) (*change, error) {
				return s.settled(it, st), nil
			})
			if err != nil {
				errs[i] = fmt.Errorf("settle order %s: %w", st.OrderID, err)
			}
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	return errors.Join(errs...)
}

// change is what happens to an order: the item as it will be, what is counted
// in the ledger, and what is done with its holds.
type change struct {
	to     orderItem
	ledger map[string]int
	stock  func(*moves, held) // nil where the holds stay
	avail  int                // units that become available again for each held, or are taken

	// rehold, where it is set, says instead what happens to the stock, and sets
	// the holds of the order as it will be.
	rehold func(ctx context.Context, to *orderItem) (*moves, error)
	note   *note // for the audit; nil where there is nothing to say
}

// endedAs moves the order to another place, and its count in the ledger with it.
func (c *change) endedAs(place, from string) {
	c.to.stand(place)
	c.ledger = map[string]int{columnOf(from): -1, columnOf(place): 1}
}

// columnOf is where the ledger counts orders at a place. Orders given up on
// count as cancelled.
func columnOf(place string) string {
	if place == rejected {
		return cancelled
	}
	return place
}

// settled says what a settlement changes, nil where nothing.
func (s *Store) settled(it *orderItem, st order.Settlement) *change {
	at := st.At
	if at.IsZero() {
		at = s.now()
	}
	c := &change{to: *it}
	c.to.Attempts++
	switch st.Disposition {
	case order.DispositionWritten, order.DispositionDuplicate:
		return c.written(it.Stands, at)
	case order.DispositionDeferred:
		if it.Stands != waiting {
			return nil
		}
		c.to.Deferral = st.Cause
		c.to.sendAt(s.resendAt(st.DueAt))
	case order.DispositionRejected:
		// A dead letter that SQS moved back by itself may be refused once more.
		if again := it.Stands == dead && at.After(it.DeadAt); it.Stands != waiting && !again {
			return nil
		}
		c.to.Cause, c.to.DeadAt = cmp.Or(st.Cause, "refused by legacy"), at.UTC()
		c.note = &note{AuditEntry: intake.AuditEntry{At: at, Action: intake.Refused, Who: relayName, Cause: c.to.Cause}}
		if it.Stands == waiting {
			c.endedAs(dead, waiting)
		}
	}
	return c
}

// resendAt is when an order that is to come back at due is sent anew, if the
// queue has not brought it back by then.
func (s *Store) resendAt(due time.Time) time.Time {
	if now := s.now(); due.Before(now) {
		due = now
	}
	return due.Add(s.o.ResendAfter)
}

// written ends an order as sold. Legacy has it, whatever was thought of it
// here, so that counts also for a dead letter, and for an order that was taken
// back while its delivery was on the way, whose units are then no longer held.
func (c *change) written(from string, at time.Time) *change {
	switch from {
	case written:
		return nil
	case waiting, dead:
		c.stock = (*moves).sell
	default:
		c.stock, c.avail = (*moves).sellUnheld, -1
	}
	c.to.WrittenAt, c.to.Cause, c.to.Deferral = at.UTC(), "", ""
	c.endedAs(written, from)
	return c
}
