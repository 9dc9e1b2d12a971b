package local

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// Edit corrects a dead letter. Its holds follow its lines: units it no longer
// asks for are given back, more are held or the correction is refused. The
// order as it was is kept in the audit. It returns order.ErrNotFound,
// intake.ErrNotDead, intake.ErrChanged, an *order.InvalidError, an
// *order.UnknownProductError or an *order.SoldOutError; nothing was changed then.
func (s *Store) Edit(ctx context.Context, id string, c intake.Correction, by intake.Act) (order.Order, error) {
	var after order.Order
	err := s.mend(ctx, id, func(t *tx, d deadOrder) (err error) {
		if after, err = c.Apply(d.order); err != nil {
			return err
		}
		body, err := json.Marshal(after)
		if err != nil {
			return err
		}
		more, less := difference(unitsOf(d.order), unitsOf(after))
		if err := t.canHold(more); err != nil {
			return err
		}
		t.hold(more)
		t.giveBack(less)
		t.exec(t.rewrite, body, d.seq)
		t.edited = true
		t.audit(d.seq, intake.AuditEntry{Action: intake.Edited, Who: by.Who, Why: by.Why, Cause: d.cause,
			Changes: intake.Changes(d.order, after), Before: &d.order})
		return nil
	})
	if err != nil {
		return order.Order{}, fmt.Errorf("edit order %s: %w", id, err)
	}
	return after, nil
}

// Redrive puts a dead letter back in the queue. It keeps its place in the order
// of acceptance: of its customer's orders that wait it is delivered before those
// accepted after it. It returns order.ErrNotFound or intake.ErrNotDead.
func (s *Store) Redrive(ctx context.Context, id string, by intake.Act) error {
	err := s.mend(ctx, id, func(t *tx, d deadOrder) error {
		t.exec(t.requeue, d.seq)
		t.exec(t.undead, d.seq)
		t.events.dead--
		t.requeued = true
		t.audit(d.seq, intake.AuditEntry{Action: intake.Redriven, Who: by.Who, Why: by.Why, Cause: d.cause})
		return nil
	})
	if err != nil {
		return fmt.Errorf("redrive order %s: %w", id, err)
	}
	return nil
}

// Drop gives up on a dead letter: it is rejected for good, and its stock given
// back. Nothing is ever dropped by itself, however long it has been dead. It
// returns order.ErrNotFound or intake.ErrNotDead.
func (s *Store) Drop(ctx context.Context, id string, by intake.Act) error {
	err := s.mend(ctx, id, func(t *tx, d deadOrder) error {
		t.audit(d.seq, intake.AuditEntry{Action: intake.Dropped, Who: by.Who, Why: by.Why, Cause: d.cause})
		return t.cancel(d.seq, by.Why)
	})
	if err != nil {
		return fmt.Errorf("drop order %s: %w", id, err)
	}
	return nil
}

// NoteCheck notes in the audit that a dead letter was tried on legacy, and what
// came of it in words. It returns order.ErrNotFound or intake.ErrNotDead.
func (s *Store) NoteCheck(ctx context.Context, id, outcome string, by intake.Act) error {
	err := s.mend(ctx, id, func(t *tx, d deadOrder) error {
		t.audit(d.seq, intake.AuditEntry{Action: intake.Checked, Who: by.Who, Why: by.Why, Cause: outcome})
		return nil
	})
	if err != nil {
		return fmt.Errorf("note the check of order %s: %w", id, err)
	}
	return nil
}

// deadOrder is a dead letter as the writer's own transaction has it.
type deadOrder struct {
	seq   int64
	order order.Order
	cause string
}

// mend runs an operation on a dead letter.
func (s *Store) mend(ctx context.Context, id string, run func(*tx, deadOrder) error) error {
	f, err := s.Reader.entry(ctx, id)
	if err != nil {
		return err
	}
	return s.writer.do(ctx, func(t *tx) error {
		d, err := t.dead(f.seq)
		if err != nil {
			return err
		}
		return run(t, d)
	})
}

func (t *tx) dead(seq int64) (deadOrder, error) {
	d := deadOrder{seq: seq}
	var body []byte
	t.query(t.findDead, func(row []driver.Value) error {
		body, d.cause = row[0].([]byte), row[1].(string)
		return nil
	}, seq)
	if body == nil {
		return d, intake.ErrNotDead
	}
	return d, decode(seq, body, &d.order)
}

// unitsOf reads what an order takes, as the open transaction has it.
func (t *tx) unitsOf(seq int64) []units {
	var o order.Order
	t.query(t.findBody, func(row []driver.Value) error { return decode(seq, row[0].([]byte), &o) }, seq)
	return unitsOf(o)
}

// difference returns the units that an order takes more, and fewer, after it
// was corrected.
func difference(before, after []units) (more, less []units) {
	change := make(map[string]int, len(before))
	for _, u := range before {
		change[u.sku] -= u.count
	}
	for _, u := range after {
		change[u.sku] += u.count
	}
	for _, u := range append(before[:len(before):len(before)], after...) {
		switch n := change[u.sku]; {
		case n > 0:
			more = append(more, units{u.sku, n})
		case n < 0:
			less = append(less, units{u.sku, -n})
		}
		delete(change, u.sku)
	}
	return more, less
}
