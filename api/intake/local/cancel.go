package local

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// Cancel takes an order back and gives its stock back: a waiting order becomes
// cancelled, a dead letter rejected. Taking back twice changes nothing. It
// returns order.ErrNotFound or intake.ErrWritten.
//
// A delivery that is on its way at that moment may still be written; its
// settlement then makes the order written again.
func (s *Store) Cancel(ctx context.Context, id, why string) error {
	e, err := s.Reader.entry(ctx, id)
	if err == nil {
		err = s.writer.do(ctx, func(t *tx) error { return t.cancel(e.seq, why) })
	}
	if err != nil {
		return fmt.Errorf("cancel order %s: %w", id, err)
	}
	return nil
}

func (t *tx) cancel(seq int64, why string) error {
	at := t.now.UnixNano()
	switch {
	case t.exec(t.endQueued, int64(order.Cancelled), int64(0), at, why, seq) == 1:
		t.exec(t.unqueue, seq)
	case t.exec(t.endDead, int64(order.Rejected), int64(0), at, why, seq) == 1:
		t.exec(t.undead, seq)
		t.events.dead--
	default:
		return t.alreadyEnded(seq)
	}
	t.giveBack(t.unitsOf(seq))
	t.events.cancelled++
	return nil
}

// alreadyEnded is the answer to taking back an order that is done.
func (t *tx) alreadyEnded(seq int64) error {
	err := order.ErrNotFound
	t.query(t.findEnded, func(row []driver.Value) error {
		err = nil
		if order.State(row[0].(int64)) == order.Written {
			err = intake.ErrWritten
		}
		return nil
	}, seq)
	return err
}
