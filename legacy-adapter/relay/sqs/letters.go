package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"
)

// Letters is the dead-letter queue as people look after it. Orders that legacy
// refused are known to the book as well, which is where they are mended; what
// only the queue knows are messages that are no orders, and those that SQS moved
// there by itself.
//
// SQS shows a message only by giving it out. Who looks has the messages for some
// seconds, and another who looks meanwhile sees none; a FIFO queue gives out at
// most ten of a group at once.
type Letters struct {
	*desk  // whose queue is the dead-letter queue
	orders string
}

// Letter is a message in the dead-letter queue.
type Letter struct {
	Message
	DeadLetter
	// Moved says that it was moved there by SQS, after maxReceiveCount receipts,
	// and not by a relay; it has no Cause then.
	Moved bool
}

// NewLetters returns the dead letters of a queue of orders, both by their URLs.
// It asks nothing of them.
func NewLetters(orders, deadLetters string, client Client) (*Letters, error) {
	if err := checkQueues(orders, deadLetters); err != nil {
		return nil, fmt.Errorf("open the dead-letter queue: %w", err)
	}
	d := &desk{
		o: Options{Queue: deadLetters, Client: client}, fifo: isFIFO(orders),
		now: time.Now, log: slog.New(slog.DiscardHandler), counted: newCounted(),
	}
	return &Letters{d, orders}, nil
}

const (
	// MostLooked is how many messages are looked at at most.
	MostLooked = 10_000
	// lookFor is how long a message that is looked at is hidden from others, if
	// it is not given back before.
	lookFor = 30 * time.Second
	// emptyAnswers is after how many empty answers in a row a queue is taken to
	// be empty: a short poll asks some of SQS's servers only, so one is no proof.
	emptyAnswers = 2
)

// Look returns the messages of the queue, oldest first, and leaves them there.
func (l *Letters) Look(ctx context.Context) ([]Letter, error) {
	all, err := l.take(ctx, func(Letter) bool { return false })
	l.giveBack(ctx, all)
	slices.SortFunc(all, func(a, b Letter) int { return a.SentAt.Compare(b.SentAt) })
	return all, err
}

// ErrNoLetter is returned for a message that is not in the dead-letter queue, or
// that somebody else looks at at this moment.
var ErrNoLetter = errors.New("no such message in the dead-letter queue")

// Redrive sends a message back to the queue of orders and then removes it here,
// so that a crash in between leaves it in both. A relay takes it out of its
// envelope. It returns ErrNoLetter.
func (l *Letters) Redrive(ctx context.Context, id string) error {
	return l.end(ctx, id, func(m Message) error { return l.send(ctx, l.orders, m, m.Body) })
}

// Drop removes a message for good. It returns ErrNoLetter.
func (l *Letters) Drop(ctx context.Context, id string) error {
	return l.end(ctx, id, func(Message) error { return nil })
}

func (l *Letters) end(ctx context.Context, id string, before func(Message) error) error {
	all, err := l.take(ctx, func(one Letter) bool { return one.Message.ID == id })
	at := slices.IndexFunc(all, func(one Letter) bool { return one.Message.ID == id })
	if at < 0 {
		l.giveBack(ctx, all)
		return errors.Join(err, ErrNoLetter)
	}
	letter := all[at]
	all = slices.Delete(all, at, at+1)
	if err = before(letter.Message); err == nil {
		err = l.remove(ctx, []Message{letter.Message})
	} else {
		all = append(all, letter)
	}
	l.giveBack(ctx, all)
	return err
}

// Clear removes the messages of orders that are no dead letters any more: they
// were redriven or dropped in the book. Messages that SQS moved, and those that
// are no orders, stay. mended says which of the orders are meant. It returns how
// many messages it removed.
func (l *Letters) Clear(ctx context.Context, mended func(ctx context.Context, orderIDs []string) (map[string]bool, error)) (int, error) {
	all, err := l.take(ctx, func(Letter) bool { return false })
	var ids []string
	for _, one := range all {
		if one.OrderID != "" && !one.Moved {
			ids = append(ids, one.OrderID)
		}
	}
	slices.Sort(ids)
	meant, asking := mended(ctx, slices.Compact(ids))
	var gone []Message
	stay := slices.DeleteFunc(all, func(one Letter) bool {
		over := asking == nil && !one.Moved && meant[one.OrderID]
		if over {
			gone = append(gone, one.Message)
		}
		return over
	})
	removing := l.remove(ctx, gone)
	l.giveBack(ctx, stay)
	return len(gone), errors.Join(err, asking, removing)
}

// take receives messages until there are no more, or enough says so. They are
// hidden from others until they are given back.
func (l *Letters) take(ctx context.Context, enough func(Letter) bool) ([]Letter, error) {
	var mu sync.Mutex
	var all []Letter
	var found bool
	var group errgroup.Group
	for range DefaultReceivers {
		group.Go(func() error {
			for empty := 0; empty < emptyAnswers; {
				some, err := l.receive(ctx)
				if err != nil {
					return err
				}
				empty++
				mu.Lock()
				for _, one := range some {
					empty = 0
					all = append(all, one)
					found = found || enough(one)
				}
				done := found || len(all) >= MostLooked
				mu.Unlock()
				if done {
					return nil
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return all, err
}

func (l *Letters) receive(ctx context.Context) ([]Letter, error) {
	out, err := l.o.Client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{
		QueueUrl: &l.o.Queue, MaxNumberOfMessages: maxBatch, VisibilityTimeout: int32(lookFor / time.Second),
		MessageSystemAttributeNames: systemAttributes,
	})
	if err != nil {
		return nil, fmt.Errorf("look at the dead-letter queue: %w", err)
	}
	letters := make([]Letter, len(out.Messages))
	for i, m := range out.Messages {
		letters[i] = letterOf(received(m))
	}
	return letters, nil
}

func letterOf(m Message) Letter {
	l, buried := opened(m.Body)
	if !buried {
		l = DeadLetter{Message: m.Body}
		// An order's JSON, or its claim check: both say whose they are.
		var order struct {
			ID string `json:"id"`
		}
		if json.Unmarshal([]byte(m.Body), &order) == nil {
			l.OrderID = order.ID
		}
	}
	if l.At.IsZero() {
		l.At = m.SentAt
	}
	return Letter{Message: m, DeadLetter: l, Moved: !buried}
}

// giveBack makes messages visible again, those of a group in their sequence.
func (l *Letters) giveBack(ctx context.Context, all []Letter) {
	ctx, cancel := lastWords(ctx)
	defer cancel()
	back := make([]hidden, len(all))
	for i, one := range all {
		back[len(all)-1-i] = hidden{Message: one.Message}
	}
	l.changeVisibility(ctx, back)
}
