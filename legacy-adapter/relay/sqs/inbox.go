package sqs

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// Inbox is a relay.Source whose messages are brought to it, batch by batch, by
// whoever receives and deletes them: Lambda's event source mapping. A relay runs
// over it all the time; Deliver is one invocation.
type Inbox struct {
	*desk

	mu      sync.Mutex
	seq     int64
	waiting []*letter           // not yet given to the relay
	hand    map[int64]*delivery // by seq: waiting or given to the relay
	arrived chan struct{}       // has a token when there is something waiting
}

// delivery is a letter on its way, and the batch in which it came.
type delivery struct {
	*letter
	batch *batch
}

// batch is what came with one invocation. Its fields are guarded by Inbox.mu.
type batch struct {
	failed map[string]bool // message ids that are not done with
	left   int             // letters that are on their way
	over   chan struct{}   // closed when none is
}

// NewInbox returns an empty inbox.
func NewInbox(o Options) (*Inbox, error) {
	d, err := newDesk(o)
	if err != nil {
		return nil, fmt.Errorf("open inbox: %w", err)
	}
	return &Inbox{desk: d, hand: make(map[int64]*delivery), arrived: make(chan struct{}, 1)}, nil
}

// Deliver hands messages to the relay and returns the ids of those that are not
// done with: they are to stay in the queue, where each is hidden for its own
// time. All others are to be deleted. On a FIFO queue a message that fails fails
// the later ones of its group too.
//
// What the relay has not asked for after hold, because legacy is away, comes
// back later. What legacy has not answered when ctx ends comes back when the
// queue's visibility time-out is over.
func (in *Inbox) Deliver(ctx context.Context, messages []Message, hold time.Duration) (failed []string) {
	all := in.admit(ctx, messages)
	b := in.open(all)
	timer := time.NewTimer(hold)
	defer timer.Stop()
	select {
	case <-b.over:
	case <-timer.C:
	case <-ctx.Done():
	}
	in.putBack(ctx, b)
	select {
	case <-b.over:
	case <-ctx.Done():
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, m := range messages {
		if b.failed[m.ID] {
			failed = append(failed, m.ID)
		}
	}
	return failed
}

// open starts a batch: each of its messages has failed until it is done with.
func (in *Inbox) open(all admitted) *batch {
	in.mu.Lock()
	defer in.mu.Unlock()
	b := &batch{failed: make(map[string]bool), left: len(all.ready), over: make(chan struct{})}
	for _, m := range all.back {
		b.failed[m.ID] = true
	}
	for _, l := range all.ready {
		in.seq++
		l.seq = in.seq
		b.failed[l.ID] = true
		in.hand[l.seq] = &delivery{l, b}
	}
	in.waiting = append(in.waiting, all.ready...)
	if b.left == 0 {
		close(b.over)
	}
	in.ring()
	return b
}

// ring says that something waits. in.mu is held.
func (in *Inbox) ring() {
	if len(in.waiting) == 0 {
		return
	}
	select {
	case in.arrived <- struct{}{}:
	default:
	}
}

// Receive implements relay.Source.
func (in *Inbox) Receive(ctx context.Context, max int) ([]order.Queued, error) {
	for {
		select {
		case <-in.arrived:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if orders := in.give(max); len(orders) > 0 {
			return orders, nil
		}
	}
}

func (in *Inbox) give(most int) []order.Queued {
	in.mu.Lock()
	defer in.mu.Unlock()
	n := min(most, len(in.waiting))
	orders := make([]order.Queued, n)
	for i, l := range in.waiting[:n] {
		orders[i] = l.queued()
	}
	in.waiting = in.waiting[n:]
	in.ring()
	return orders
}

// withdraw takes back the letters of a batch that the relay has not asked for:
// of one group, or of all where key is empty.
func (in *Inbox) withdraw(b *batch, key string) []*letter {
	in.mu.Lock()
	defer in.mu.Unlock()
	var taken, rest []*letter
	for _, l := range in.waiting {
		if in.hand[l.seq].batch == b && (key == "" || l.key() == key) {
			taken = append(taken, l)
		} else {
			rest = append(rest, l)
		}
	}
	in.waiting = rest
	return taken
}

// putBack defers what the relay has not asked for.
func (in *Inbox) putBack(ctx context.Context, b *batch) {
	letters := in.withdraw(b, "")
	if len(letters) == 0 {
		return
	}
	ctx, cancel := lastWords(ctx)
	defer cancel()
	p := in.settle(ctx, in.deferred(letters, "legacy is away, the order was not tried", time.Time{}))
	in.end(p.gone, false)
	in.end(p.back, true)
}

// deferred settles letters that the relay has not got; due is zero where it has
// not said when they are to come back.
func (in *Inbox) deferred(letters []*letter, cause string, due time.Time) []settled {
	all := make([]settled, len(letters))
	waits := make(waits)
	for i, l := range letters {
		all[i] = settled{l, order.Settlement{
			Seq: l.seq, OrderID: l.order.ID, Disposition: order.DispositionDeferred, Cause: cause, At: in.now(), DueAt: due,
		}}
		if due.IsZero() {
			all[i].DueAt = all[i].At.Add(waits.of(l.Message))
		}
	}
	return all
}

// Settle implements relay.Source. What is gone is deleted by Lambda, when the
// invocation's answer says so.
func (in *Inbox) Settle(ctx context.Context, settlements []order.Settlement) error {
	all, unknown := in.find(settlements)
	p := in.settle(ctx, append(all, in.behind(all)...))
	in.end(p.gone, false)
	in.end(p.back, true)
	switch {
	case p.failed != nil:
		return fmt.Errorf("settle %d orders: %w", len(settlements), p.failed)
	case unknown != "":
		return fmt.Errorf("settle order %s: it is not in hand: %w", unknown, order.ErrNotFound)
	}
	return nil
}

func (in *Inbox) find(settlements []order.Settlement) (all []settled, unknown string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, st := range settlements {
		if d, ok := in.hand[st.Seq]; ok {
			all = append(all, settled{d.letter, st})
		} else if st.Seq < 1 || st.Seq > in.seq {
			unknown = st.OrderID
		}
	}
	return all, unknown
}

// behind returns the deferrals that follow from others: the relay does not get
// the later letters of a group before the earlier ones have ended.
func (in *Inbox) behind(all []settled) (more []settled) {
	for _, s := range all {
		if s.Disposition == order.DispositionDeferred {
			letters := in.withdraw(in.batchOf(s.letter), s.key())
			more = append(more, in.deferred(letters, "an earlier order of this customer has to be written first", s.DueAt)...)
		}
	}
	return more
}

func (in *Inbox) batchOf(l *letter) *batch {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.hand[l.seq].batch
}

// end notes that letters are no longer on their way: they have failed, or are
// done with. A letter that has ended is left alone.
func (in *Inbox) end(letters []*letter, failed bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, l := range letters {
		d, ok := in.hand[l.seq]
		if !ok {
			continue
		}
		delete(in.hand, l.seq)
		d.batch.failed[l.ID] = failed
		if d.batch.left--; d.batch.left == 0 {
			close(d.batch.over)
		}
	}
}
