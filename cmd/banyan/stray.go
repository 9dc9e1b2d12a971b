package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// clearWithin is how long the end of a command may take for that.
const clearWithin = 30 * time.Second

// strays are the messages in the dead-letter queue that the table does not have
// as dead letters: they are no orders, or SQS moved them there by itself, or the
// table was brought back from a backup. A command shows them with the others,
// under the message's id. It looks once.
type strays struct {
	looked bool
	all    []stray
	ended  map[string]ending // what this command did to them
}

type stray struct {
	intake.DeadLetter
	letter  sqs.Letter
	orderID string // empty where the message is no order
}

// ending is what became of a message that was redriven or dropped.
type ending struct {
	state   order.State
	orderID string // the order that is watched instead, where it was redriven
}

// lookAtStrays looks at the dead-letter queue, once.
func (c *cloud) lookAtStrays(ctx context.Context) ([]stray, error) {
	if c.strays.looked {
		return c.strays.all, nil
	}
	letters, err := c.letters.Look(ctx)
	if err != nil {
		return nil, c.explained(err)
	}
	var ids []string
	for _, l := range letters {
		if order.ValidID(l.OrderID) {
			ids = append(ids, l.OrderID)
		}
	}
	records, err := c.known(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, l := range letters {
		if s, is := strayOf(l, records[l.OrderID]); is {
			c.strays.all = append(c.strays.all, s)
		}
	}
	c.strays.looked = true
	return c.strays.all, nil
}

// known says of each order that the table knows where it stands.
func (c *cloud) known(ctx context.Context, ids []string) (map[string]string, error) {
	slices.Sort(ids)
	return c.Standing(ctx, slices.Compact(ids))
}

// strayOf makes a stray of a message, unless the table has it: stands is where
// its order does, empty where the table knows none.
func strayOf(l sqs.Letter, stands string) (stray, bool) {
	s := stray{letter: l, DeadLetter: intake.DeadLetter{Since: l.At}}
	_ = json.Unmarshal([]byte(l.DeadLetter.Message), &s.Order) // what is no order shows no fields
	if order.ValidID(l.OrderID) {
		s.orderID = l.OrderID
	}
	switch {
	case s.orderID == "":
		s.Cause = cmp.Or(l.Cause, "the message is no order")
	case stands == "":
		s.Cause = cmp.Or(l.Cause, "refused by legacy") + fmt.Sprintf(" (the table does not know order %s)", s.orderID)
	case l.Moved && stands == aws.Waiting:
		s.Cause = "SQS moved the message away after too many receipts; its order waits"
	default:
		return s, false
	}
	s.ID = l.Message.ID
	return s, true
}

// stray returns the message with an id; nil where there is none.
func (c *cloud) stray(ctx context.Context, id string) (*stray, error) {
	if order.ValidID(id) {
		return nil, nil
	}
	all, err := c.lookAtStrays(ctx)
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	return nil, err
}

// Find finds an order by its id, or a message by its own.
func (c *cloud) Find(ctx context.Context, id string) (order.Record, error) {
	s, err := c.stray(ctx, id)
	if err != nil {
		return order.Record{}, err
	}
	if s == nil {
		return c.Store.Find(ctx, id)
	}
	switch end, over := c.strays.ended[id]; {
	case over && end.orderID != "":
		return c.Store.Find(ctx, end.orderID)
	case over:
		r := s.Record
		r.State = end.state
		return r, nil
	}
	return s.Record, nil
}

// Causes groups the dead letters of the table and the strays.
func (c *cloud) Causes(ctx context.Context) ([]intake.Cause, error) {
	causes, err := c.Store.Causes(ctx)
	if err != nil {
		return nil, c.explained(err)
	}
	all, err := c.lookAtStrays(ctx)
	for _, s := range all {
		at := slices.IndexFunc(causes, func(g intake.Cause) bool { return g.Cause == s.Cause })
		if at < 0 {
			at = len(causes)
			causes = append(causes, intake.Cause{Cause: s.Cause, Oldest: s.Since, Newest: s.Since, Example: s.ID})
		}
		g := &causes[at]
		g.Orders++
		if s.Since.Before(g.Oldest) {
			g.Oldest = s.Since
		}
		if s.Since.After(g.Newest) {
			g.Newest = s.Since
		}
	}
	slices.SortStableFunc(causes, func(a, b intake.Cause) int { return cmp.Compare(b.Orders, a.Orders) })
	return causes, err
}

// DeadLetters returns those of the table, and the strays after them.
func (c *cloud) DeadLetters(ctx context.Context, f intake.DeadFilter) ([]intake.DeadLetter, error) {
	if f.Limit <= 0 {
		f.Limit = intake.DefaultListLimit
	}
	var letters []intake.DeadLetter
	after := f.After
	if after == "" || order.ValidID(after) {
		var err error
		if letters, err = c.Store.DeadLetters(ctx, f); err != nil || len(letters) == f.Limit {
			return letters, err
		}
		after = ""
	}
	all, err := c.lookAtStrays(ctx)
	if at := slices.IndexFunc(all, func(s stray) bool { return s.ID == after }); at >= 0 {
		all = all[at+1:]
	}
	for _, s := range all {
		if len(letters) < f.Limit && strings.Contains(strings.ToLower(s.Cause), strings.ToLower(f.Cause)) {
			letters = append(letters, s.DeadLetter)
		}
	}
	return letters, err
}

// Trail returns the audit of an order, or of a message.
func (c *cloud) Trail(ctx context.Context, id string) ([]intake.AuditEntry, error) {
	if order.ValidID(id) {
		return c.Store.Trail(ctx, id)
	}
	trail, _, err := c.StrayTrail(ctx, id)
	return trail, err
}

// errStray: what can be done to an order only was to be done to a message.
var errStray = errors.New("this is a message, not an order of the table")

// Edit corrects a dead letter. A message that is no order has no fields to set.
func (c *cloud) Edit(ctx context.Context, id string, correction intake.Correction, by intake.Act) (order.Order, error) {
	if s, err := c.stray(ctx, id); s != nil || err != nil {
		return order.Order{}, cmp.Or(err, errStray)
	}
	return c.Store.Edit(ctx, id, correction, by)
}

// Check tries a dead letter on legacy.
func (c *cloud) Check(ctx context.Context, id string, correction *intake.Correction, by intake.Act) (tried, error) {
	if s, err := c.stray(ctx, id); s != nil || err != nil {
		return tried{}, cmp.Or(err, errStray)
	}
	db, err := c.place.openLegacy(ctx)
	if err != nil {
		return tried{}, err
	}
	defer db.Close()
	return check(ctx, c.Store, db, checkRequest{ID: id, Correction: correction, By: by})
}

// Redrive puts a dead letter back in the queue: an order by the table, a message
// as it is.
func (c *cloud) Redrive(ctx context.Context, id string, by intake.Act) error {
	s, err := c.stray(ctx, id)
	if err != nil {
		return err
	}
	if s == nil {
		c.mended = true
		return c.Store.Redrive(ctx, id, by)
	}
	return c.endStray(ctx, s, ending{order.Cancelled, s.orderID}, func() error {
		if err := c.note(ctx, s, intake.Redriven, by); err != nil {
			return err
		}
		return c.letters.Redrive(ctx, id)
	})
}

// Drop gives up on a dead letter. The order of a message that SQS moved is
// cancelled, and its stock given back.
func (c *cloud) Drop(ctx context.Context, id string, by intake.Act) error {
	s, err := c.stray(ctx, id)
	if err != nil {
		return err
	}
	if s == nil {
		c.mended = true
		return c.Store.Drop(ctx, id, by)
	}
	return c.endStray(ctx, s, ending{state: order.Rejected}, func() error {
		if err := c.note(ctx, s, intake.Dropped, by); err != nil {
			return err
		}
		if s.orderID != "" {
			if err := c.Cancel(ctx, s.orderID, by.Why); err != nil && !errors.Is(err, order.ErrNotFound) && !errors.Is(err, intake.ErrWritten) {
				return err
			}
		}
		return c.letters.Drop(ctx, id)
	})
}

// endStray ends a message once. One that is gone meanwhile is no dead letter any
// more.
func (c *cloud) endStray(ctx context.Context, s *stray, e ending, do func() error) error {
	if _, over := c.strays.ended[s.ID]; over {
		return intake.ErrNotDead
	}
	err := do()
	if errors.Is(err, sqs.ErrNoLetter) {
		return fmt.Errorf("%w: %w", intake.ErrNotDead, err)
	}
	if err == nil {
		if c.strays.ended == nil {
			c.strays.ended = make(map[string]ending)
		}
		if e.orderID != "" && ctx.Err() == nil {
			if _, err := c.Store.Find(ctx, e.orderID); err != nil {
				e.orderID = "" // nobody can say what becomes of it
			}
		}
		c.strays.ended[s.ID] = e
	}
	return err
}

// note writes the audit before anything is done: what is done and not noted
// could not be told any more.
func (c *cloud) note(ctx context.Context, s *stray, a intake.Action, by intake.Act) error {
	return c.NoteStray(ctx, s.ID, s.letter.DeadLetter.Message,
		intake.AuditEntry{Action: a, Who: by.Who, Why: by.Why, Cause: s.Cause})
}
