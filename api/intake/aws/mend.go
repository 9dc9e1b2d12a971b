package aws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

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
	err := s.mend(ctx, id, func(it *orderItem) (*change, error) {
		_, before, err := s.decoded(ctx, it)
		if err != nil {
			return nil, err
		}
		if after, err = c.Apply(before); err != nil {
			return nil, err
		}
		wanted, err := unitsOf(after)
		if err != nil {
			return nil, err
		}
		e := &change{to: *it, rehold: func(ctx context.Context, to *orderItem) (*moves, error) {
			return s.rehold(ctx, it.Holds, wanted, to)
		}}
		e.note = &note{was: it, AuditEntry: intake.AuditEntry{Action: intake.Edited, Who: by.Who, Why: by.Why,
			Cause: it.Cause, Changes: intake.Changes(before, after)}}
		return e, s.rewrite(ctx, &e.to, after)
	})
	if err != nil {
		return order.Order{}, fmt.Errorf("edit order %s: %w", id, err)
	}
	return after, nil
}

// rewrite makes a corrected order the body of its item.
func (s *Store) rewrite(ctx context.Context, it *orderItem, o order.Order) error {
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	body = sendable(body)
	object := ""
	if !s.small(body) {
		object = editedObject(o.ID, it.Rev+1)
		if err := s.keep(ctx, object, body); err != nil {
			return err
		}
	}
	it.setBody(body, object)
	return nil
}

// Redrive puts a dead letter back in the queue. In a queue nobody can go in
// front: it comes after the orders that its customer has waiting by then. It
// returns order.ErrNotFound or intake.ErrNotDead. Where the queue does not take it
// Sweep sends it.
func (s *Store) Redrive(ctx context.Context, id string, by intake.Act) error {
	var back *orderItem
	err := s.mend(ctx, id, func(it *orderItem) (*change, error) {
		c := &change{to: *it, note: noteOf(intake.Redriven, by, it.Cause)}
		c.to.Cause, c.to.Deferral = "", ""
		c.to.Redrives++
		c.endedAs(waiting, dead)
		c.to.sendAt(s.now())
		back = &c.to
		return c, nil
	})
	if err != nil {
		return fmt.Errorf("redrive order %s: %w", id, err)
	}
	body, o, err := s.decoded(ctx, back)
	if err == nil {
		err = s.send(ctx, back, o, body)
	}
	if err != nil {
		s.log.Warn("order not sent, left to the sweeper", "order_id", id, "error", err)
	}
	return nil
}

// Drop gives up on a dead letter: it is rejected for good, and its stock given
// back. Nothing is ever dropped by itself, however long it has been dead. It
// returns order.ErrNotFound or intake.ErrNotDead.
func (s *Store) Drop(ctx context.Context, id string, by intake.Act) error {
	err := s.mend(ctx, id, func(it *orderItem) (*change, error) {
		c, err := taken(it, by.Why)
		if err == nil {
			c.note = noteOf(intake.Dropped, by, it.Cause)
		}
		return c, err
	})
	if err != nil {
		return fmt.Errorf("drop order %s: %w", id, err)
	}
	return nil
}

// NoteCheck notes in the audit that a dead letter was tried on legacy, and what
// came of it in words. It returns order.ErrNotFound or intake.ErrNotDead.
func (s *Store) NoteCheck(ctx context.Context, id, outcome string, by intake.Act) error {
	err := s.mend(ctx, id, func(it *orderItem) (*change, error) {
		return &change{to: *it, note: noteOf(intake.Checked, by, outcome)}, nil
	})
	if err != nil {
		return fmt.Errorf("note the check of order %s: %w", id, err)
	}
	return nil
}

func noteOf(a intake.Action, by intake.Act, cause string) *note {
	return &note{AuditEntry: intake.AuditEntry{Action: a, Who: by.Who, Why: by.Why, Cause: cause}}
}

// mend changes a dead letter.
func (s *Store) mend(ctx context.Context, id string, decide func(*orderItem) (*change, error)) error {
	return s.change(ctx, id, func(it *orderItem) (*change, error) {
		if it.Stands != dead {
			return nil, intake.ErrNotDead
		}
		return decide(it)
	})
}

// rehold plans how the holds of an order become those of its lines as they are
// wanted now, and sets them.
func (s *Store) rehold(ctx context.Context, was []held, wanted []units, to *orderItem) (*moves, error) {
	more := make(map[string]int, len(wanted)) // fewer, where it is below zero
	for _, u := range wanted {
		more[u.sku] += u.count
	}
	for _, h := range was {
		more[h.SKU] -= h.Units
	}
	skus := make([]string, 0, len(more))
	for sku, n := range more {
		if n != 0 {
			skus = append(skus, sku)
		}
	}
	slices.Sort(skus)
	counts, err := s.count(ctx, skus...)
	if err != nil {
		return nil, err
	}
	var m moves
	to.Holds = slices.Clone(was)
	for _, sku := range skus {
		if n := more[sku]; n > 0 {
			err = m.holdMore(to, units{sku, n}, counts[sku])
		} else {
			m.holdLess(to, units{sku, -n}, counts[sku])
		}
		if err != nil {
			return nil, err
		}
	}
	to.Holds = slices.DeleteFunc(to.Holds, func(h held) bool { return h.Units == 0 })
	if len(m.all) > maxCounts || undoing(to.Holds) > maxCounts {
		return nil, invalid("lines", fmt.Sprintf("take from more than %d counters of stock at once", maxCounts))
	}
	return &m, nil
}

// errCounting says that stock came back while it was counted.
var errCounting = errors.New("the stock moved while it was counted")

// holdMore takes units from the fullest shards.
func (m *moves) holdMore(to *orderItem, u units, c *count) error {
	switch {
	case c == nil:
		return &order.UnknownProductError{SKU: u.sku}
	case c.left() < u.count && c.exact:
		return &order.SoldOutError{SKU: u.sku, Left: c.left()}
	case c.left() < u.count:
		return errCounting
	}
	for _, h := range pickSeveral(u, c.avail()) {
		m.hold(h)
		at := slices.IndexFunc(to.Holds, func(own held) bool { return own.SKU == h.SKU && own.Shard == h.Shard })
		if at < 0 {
			to.Holds = append(to.Holds, h)
			continue
		}
		to.Holds[at].Units += h.Units
	}
	return nil
}

// holdLess gives units back to where they are held.
func (m *moves) holdLess(to *orderItem, u units, c *count) {
	var back []held
	rest := u.count
	for i, h := range to.Holds {
		if n := min(rest, h.Units); h.SKU == u.sku && n > 0 {
			to.Holds[i].Units -= n
			rest -= n
			back = append(back, held{h.SKU, h.Shard, n})
			m.release(held{h.SKU, h.Shard, n})
		}
	}
	if c != nil {
		m.at(u.sku, 0).turn = &c.Turn
		m.balance(c, back, u.count)
	}
}
