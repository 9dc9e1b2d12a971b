package sqs

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/api/order"
)

// settled is a letter and what became of its order.
type settled struct {
	*letter
	order.Settlement
}

// putAway is what became of letters that were settled.
type putAway struct {
	gone   []*letter // to be deleted
	back   []*letter // hidden, to come back
	failed error     // of those that are in neither: they are still in hand
}

// settle tells the book and then SQS what became of orders, in this order: an
// order that was written and whose message comes again is known to be written.
func (d *desk) settle(ctx context.Context, all []settled) putAway {
	errs := make([]error, len(all))
	var group errgroup.Group
	group.SetLimit(lookers)
	for i, s := range all {
		group.Go(func() error {
			errs[i] = d.tell(ctx, s.Settlement)
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	var p putAway
	var deferred []settled
	for i, s := range all {
		if errs[i] == nil && s.Disposition == order.DispositionRejected && !s.sent {
			errs[i] = d.bury(ctx, s.Message, s.OrderID, s.Cause)
			s.sent = errs[i] == nil
		}
		switch {
		case errs[i] != nil:
		case s.Disposition == order.DispositionDeferred:
			deferred = append(deferred, s)
		default:
			p.gone = append(p.gone, s.letter)
		}
	}
	p.failed = errors.Join(errs...)
	d.deferAll(ctx, deferred, &p)
	return p
}

// tell tells the book of one order at a time, so that it is known which it did
// not take. An order that it does not know is none of its business, and a
// deferral is only news: the message is what brings the order back.
func (d *desk) tell(ctx context.Context, s order.Settlement) error {
	err := d.o.Book.Settle(ctx, []order.Settlement{s})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, order.ErrNotFound):
		d.log.Warn("the book does not know an order that was delivered", "order_id", s.OrderID)
		return nil
	case s.Disposition == order.DispositionDeferred:
		d.log.Warn("order deferred without a note in the book", "order_id", s.OrderID, "err", err)
		return nil
	default:
		return fmt.Errorf("tell the book of order %s: %w", s.OrderID, err)
	}
}

// deferAll puts letters back: hidden until they are due, or sent anew where
// they are tired, and then also the later ones of their group, so that they
// stay behind.
func (d *desk) deferAll(ctx context.Context, all []settled, p *putAway) {
	var hide []hidden
	renewed := make(map[string]bool)
	for _, s := range all {
		key := s.key()
		if s.sent || d.tired(s.Message) || renewed[key] {
			err := d.renewOnce(ctx, s.letter)
			if err == nil {
				renewed[key] = true
				p.gone = append(p.gone, s.letter)
				continue
			}
			d.log.Error("message not sent anew", "order_id", s.OrderID, "err", err)
		}
		p.back = append(p.back, s.letter)
		hide = append(hide, hidden{s.Message, s.DueAt.Sub(d.now())})
	}
	d.hide(ctx, hide)
}
