package sqs

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/api/order"
)

// errBehind is why a message is put back that nothing is wrong with.
var errBehind = errors.New("an earlier message of its group was put back")

// admitted is what became of messages that came in.
type admitted struct {
	ready []*letter // to be delivered, in the order in which they came
	gone  []Message // dealt with: to be deleted
	back  []Message // hidden, to come back
}

// look is what a message turned out to be.
type look struct {
	Message              // out of its envelope, where it was in one
	order   order.Order  // to be delivered, where err is nil
	state   *order.State // nil where the order is not known
	err     error
}

// admit looks at messages. One that is no order is a dead letter at once; one
// whose order has ended is done with; one that cannot be looked at now comes
// back, and so do the later ones of its group.
func (d *desk) admit(ctx context.Context, messages []Message) admitted {
	d.count("received", len(messages))
	looks := make([]look, len(messages))
	var group errgroup.Group
	group.SetLimit(lookers)
	for i, m := range messages {
		group.Go(func() error {
			looks[i] = d.look(ctx, m)
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	var all admitted
	stuck, rescued := make(map[string]bool), make(map[string]bool)
	var hide []hidden
	waits := make(waits)
	for _, l := range looks {
		key := l.key()
		switch done, err := d.dismiss(ctx, l, rescued); {
		case done:
			all.gone = append(all.gone, l.Message)
		case err != nil || stuck[key]:
			stuck[key] = true
			if err == nil {
				err = errBehind
			}
			all.back = append(all.back, l.Message)
			hide = append(hide, hidden{l.Message, waits.of(l.Message)})
			d.log.Error("message put back", "order_id", l.order.ID, "message_id", l.ID, "err", err)
		default:
			all.ready = append(all.ready, &letter{Message: l.Message, order: l.order})
		}
	}
	d.hide(ctx, hide)
	return all
}

// look reads a message and asks the book about its order. What the book has is
// delivered rather than what was sent: a dead letter may have been mended since.
func (d *desk) look(ctx context.Context, m Message) look {
	if l, ok := opened(m.Body); ok {
		m.Body = l.Message
	}
	o, err := d.o.Decode(ctx, m.Body)
	if err != nil {
		return look{Message: m, err: err}
	}
	record, err := d.o.Book.Find(ctx, o.ID)
	switch {
	case errors.Is(err, order.ErrNotFound): // a table brought back from a backup, say
		d.log.Warn("the book does not know an order that was queued", "order_id", o.ID)
		return look{Message: m, order: o}
	case err != nil:
		return look{Message: m, order: o, err: fmt.Errorf("%w: %w", order.ErrUnavailable, err)}
	}
	return look{Message: m, order: record.Order, state: &record.State}
}

// dismiss ends a message that is not to be delivered and reports whether it
// did. An error says that it can be neither delivered nor ended now. rescued has
// the groups of which a message was sent anew: the later ones have to follow.
func (d *desk) dismiss(ctx context.Context, l look, rescued map[string]bool) (bool, error) {
	switch {
	case l.err != nil && !temporary(l.err):
		err := d.bury(ctx, l.Message, "", "the message is no order: "+l.err.Error())
		return err == nil, err
	case l.state != nil && *l.state != order.Accepted:
		d.count("dropped", 1)
		d.log.Info("message dropped, its order has ended", "order_id", l.order.ID, "state", l.state.String())
		return true, nil
	case l.Receives >= RescueReceives || rescued[l.key()]:
		rescued[l.key()] = true
		err := d.renew(ctx, l.Message)
		return err == nil, err
	default:
		return false, l.err
	}
}
