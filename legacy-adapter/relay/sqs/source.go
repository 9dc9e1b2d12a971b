package sqs

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// Source is a relay.Source over a queue, for a process that keeps running. Close
// it after Relay.Run has returned.
type Source struct {
	*desk
	visibility, wait time.Duration
	receivers        int
	heart            heart

	mu   sync.Mutex
	seq  int64
	hand map[int64]*letter
}

// New returns a source over a queue that exists. It asks nothing of it before
// the first Receive.
func New(o Options) (*Source, error) {
	d, err := newDesk(o)
	if err != nil {
		return nil, fmt.Errorf("open order queue: %w", err)
	}
	s := &Source{
		desk: d, hand: make(map[int64]*letter),
		visibility: or(o.Visibility, DefaultVisibility), wait: or(o.Wait, DefaultWait), receivers: or(o.Receivers, DefaultReceivers),
	}
	s.heart.beat = s.hideAgain
	s.heart.every = s.visibility / 3
	return s, nil
}

func or[T int | time.Duration](value, otherwise T) T {
	if value > 0 {
		return value
	}
	return otherwise
}

// Receive waits until orders have come and returns at most max of them. On a
// FIFO queue those of one customer come in the order in which they were sent.
// See relay.Source.
//
// Where ctx ends while SQS is asked, what SQS gave out at that moment comes back
// after Visibility.
func (s *Source) Receive(ctx context.Context, max int) ([]order.Queued, error) {
	for {
		messages, err := s.poll(ctx, max)
		if err != nil {
			return nil, err
		}
		if len(messages) == 0 {
			continue
		}
		if batch := s.take(ctx, messages); len(batch) > 0 {
			return batch, nil
		}
	}
}

// take looks at messages and takes in hand those that are to be delivered.
func (s *Source) take(ctx context.Context, messages []Message) []order.Queued {
	// They are in hand, also where ctx has just ended.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.visibility/2)
	defer cancel()
	all := s.admit(ctx, messages)
	if err := s.remove(ctx, all.gone); err != nil {
		s.log.Warn("messages that are done with were not deleted", "err", err) // they come back, and are done with again
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := make([]order.Queued, len(all.ready))
	for i, l := range all.ready {
		s.seq++
		l.seq = s.seq
		s.hand[l.seq] = l
		batch[i] = l.queued()
	}
	if len(batch) > 0 {
		s.heart.start()
	}
	return batch
}

// Settle puts away the orders in hand. After an error it is to be repeated: the
// orders that it is about are still in hand. See relay.Source.
func (s *Source) Settle(ctx context.Context, settlements []order.Settlement) error {
	all, unknown := s.find(settlements)
	// Nothing beats meanwhile: it could bring back early what is hidden here.
	resume := s.heart.hold()
	defer resume()
	p := s.settle(ctx, all)
	s.putDown(p.back)
	gone := make([]Message, len(p.gone))
	for i, l := range p.gone {
		gone[i] = l.Message
	}
	if err := s.remove(ctx, gone); err != nil {
		return fmt.Errorf("settle %d orders: %w", len(settlements), err)
	}
	s.putDown(p.gone)
	switch {
	case p.failed != nil:
		return fmt.Errorf("settle %d orders: %w", len(settlements), p.failed)
	case unknown != "":
		return fmt.Errorf("settle order %s: it is not in hand: %w", unknown, order.ErrNotFound)
	}
	return nil
}

// find returns the letters that are settled, and an order that is not in hand,
// if there is one. Those settled by an earlier try are no longer in hand either.
func (s *Source) find(settlements []order.Settlement) (all []settled, unknown string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range settlements {
		if l, ok := s.hand[st.Seq]; ok {
			all = append(all, settled{l, st})
		} else if st.Seq < 1 || st.Seq > s.seq {
			unknown = st.OrderID
		}
	}
	return all, unknown
}

func (s *Source) putDown(letters []*letter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range letters {
		delete(s.hand, l.seq)
	}
}

// inHand returns the messages in hand, in the order of receipt.
func (s *Source) inHand() []hidden {
	s.mu.Lock()
	defer s.mu.Unlock()
	seqs := make([]int64, 0, len(s.hand))
	for seq := range s.hand {
		seqs = append(seqs, seq)
	}
	slices.Sort(seqs)
	all := make([]hidden, len(seqs))
	for i, seq := range seqs {
		all[i] = hidden{s.hand[seq].Message, s.visibility}
	}
	return all
}

// hideAgain is the heartbeat: what is in hand stays hidden. It reports whether
// there is anything.
func (s *Source) hideAgain() bool {
	all := s.inHand()
	ctx, cancel := lastWords(context.Background())
	defer cancel()
	s.changeVisibility(ctx, all)
	return len(all) > 0
}

// Close ends the heartbeat and gives back what is still in hand, so that another
// process gets it at once rather than after Visibility.
func (s *Source) Close() error {
	s.heart.stop()
	all := s.inHand()
	for i := range all {
		all[i].wanted = 0
	}
	ctx, cancel := lastWords(context.Background())
	defer cancel()
	s.changeVisibility(ctx, all)
	return nil
}
