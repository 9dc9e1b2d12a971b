package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
	replaylocal "github.com/banyan-edge/banyan/legacy-adapter/replay/local"
)

// letters are all dead letters: orders, and requests that were captured. A
// captured request is seen as an order without lines.
type letters struct {
	orderBook
	captured *replaylocal.Reader
}

// letters opens the dead letters for reading: those of orderBook, and beside
// them the captured requests of the data folder.
func (p Place) letters(ctx context.Context) (orderBook, error) {
	book, err := p.orders(ctx)
	if err != nil {
		return nil, err
	}
	captured, err := p.captured(ctx)
	if captured == nil || err != nil {
		return book, err
	}
	return letters{book, captured}, nil
}

// captured opens the captured requests for reading; nil where there are none,
// or where orders are on AWS, and nothing is captured in the data folder.
func (p Place) captured(ctx context.Context) (*replaylocal.Reader, error) {
	if c, err := p.cloud(ctx); c != nil || err != nil || exists(p.file(capturesName)) != nil {
		return nil, err
	}
	return replaylocal.OpenReader(ctx, p.file(capturesName))
}

// Find finds an order or a captured request.
func (l letters) Find(ctx context.Context, id string) (order.Record, error) {
	record, err := l.orderBook.Find(ctx, id)
	if !errors.Is(err, order.ErrNotFound) {
		return record, err
	}
	found, err := l.captured.Find(ctx, id)
	if err != nil {
		return record, err
	}
	trail, err := l.captured.Trail(ctx, id)
	return recordOf(&found.Capture, trail), err
}

// recordOf is a captured request as an order. Its attempts are how often it
// died: a lookup can end one that was not sent again.
func recordOf(c *replay.Capture, trail []replay.AuditEntry) order.Record {
	r := order.Record{Order: order.Order{ID: c.ID, AcceptedAt: c.AcceptedAt, Trace: c.Trace, Epoch: c.Epoch}}
	for _, e := range trail {
		if e.Action == replay.Refused {
			r.Attempts++
		}
	}
	switch c.State {
	case replay.Written:
		r.State, r.WrittenAt = order.Written, c.EndedAt
	case replay.Cancelled:
		r.State, r.Cause = order.Cancelled, c.Cause
	case replay.Dead:
		r.Cause = c.CauseWords()
	}
	return r
}

// Causes groups all dead letters, the largest group first.
func (l letters) Causes(ctx context.Context) ([]intake.Cause, error) {
	causes, err := l.orderBook.Causes(ctx)
	if err != nil {
		return nil, err
	}
	captured, err := l.captured.Causes(ctx)
	for _, c := range captured {
		causes = append(causes, intake.Cause{Cause: c.Words(), Orders: c.Count, Oldest: c.Oldest, Newest: c.Newest, Example: c.Example})
	}
	slices.SortStableFunc(causes, func(a, b intake.Cause) int { return cmp.Compare(b.Orders, a.Orders) })
	return causes, err
}

// DeadLetters lists dead letters: the orders, and then the captured requests,
// each in the order in which they were accepted.
func (l letters) DeadLetters(ctx context.Context, f intake.DeadFilter) (list []intake.DeadLetter, err error) {
	if f.Limit == 0 {
		f.Limit = intake.DefaultListLimit
	}
	captured := replay.DeadFilter{Cause: f.Cause, Limit: f.Limit}
	_, err = l.captured.Find(ctx, f.After)
	switch {
	case err == nil: // the orders have been listed
		captured.After = f.After
	case !errors.Is(err, order.ErrNotFound):
		return nil, err
	default:
		if list, err = l.orderBook.DeadLetters(ctx, f); err != nil || len(list) >= f.Limit {
			return list, err
		}
		captured.Limit = f.Limit - len(list)
	}
	found, err := l.captured.Dead(ctx, captured)
	for _, c := range found {
		list = append(list, intake.DeadLetter{Record: recordOf(&c, nil), Since: c.EndedAt})
	}
	return list, err
}

// Trail returns what was done to an order or a captured request.
func (l letters) Trail(ctx context.Context, id string) ([]intake.AuditEntry, error) {
	trail, err := l.orderBook.Trail(ctx, id)
	if len(trail) > 0 || err != nil && !errors.Is(err, order.ErrNotFound) {
		return trail, err
	}
	captured, err := l.captured.Trail(ctx, id)
	return auditOf(captured), err
}

func auditOf(captured []replay.AuditEntry) []intake.AuditEntry {
	trail := make([]intake.AuditEntry, len(captured))
	for i, e := range captured {
		trail[i] = intake.AuditEntry{At: e.At, Action: intake.Action(e.Action), Who: e.Who, Why: e.Why, Cause: e.Cause}
	}
	return trail
}

// Ledger counts both.
func (l letters) Ledger(ctx context.Context) (order.Ledger, error) {
	orders, err := l.orderBook.Ledger(ctx)
	if err != nil {
		return orders, err
	}
	captured, err := l.captured.Ledger(ctx)
	return plus(orders, captured), err
}

// Close closes both.
func (l letters) Close() error { return errors.Join(l.orderBook.Close(), l.captured.Close()) }
