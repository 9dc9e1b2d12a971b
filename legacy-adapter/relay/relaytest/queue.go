// Package relaytest has what the tests of relays share: a queue in memory that
// behaves as the embedded one does, and orders to put into it.
package relaytest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// Queue is a queue in memory. It notes every settlement it was told.
type Queue struct {
	mu      sync.Mutex
	next    int64
	waiting []order.Queued // by Seq
	dead    map[int64]order.Settlement
	parted  map[int64]order.Queued // settled, by Seq
	told    []order.Settlement
	asked   int
	changed chan struct{} // closed at every settlement
	arrived chan struct{}
}

// NewQueue returns an empty queue.
func NewQueue() *Queue {
	return &Queue{
		dead: make(map[int64]order.Settlement), parted: make(map[int64]order.Queued),
		arrived: make(chan struct{}, 1), changed: make(chan struct{}),
	}
}

// Put accepts orders.
func (q *Queue) Put(orders ...order.Order) {
	q.mu.Lock()
	for _, o := range orders {
		q.next++
		q.waiting = append(q.waiting, order.Queued{Order: o, Seq: q.next})
	}
	q.mu.Unlock()
	q.signal()
}

func (q *Queue) signal() {
	select {
	case q.arrived <- struct{}{}:
	default:
	}
}

// Arrived implements local.Queue.
func (q *Queue) Arrived() <-chan struct{} { return q.arrived }

// Waiting implements local.Queue.
func (q *Queue) Waiting(ctx context.Context, after int64, limit int) ([]order.Queued, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked++
	i, _ := q.find(after + 1)
	return slices.Clone(q.waiting[i:min(len(q.waiting), i+limit)]), nil
}

func (q *Queue) find(seq int64) (int, bool) {
	return slices.BinarySearchFunc(q.waiting, seq, func(w order.Queued, seq int64) int { return int(w.Seq - seq) })
}

// Settle implements local.Queue.
func (q *Queue) Settle(_ context.Context, all []order.Settlement) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range all {
		i, found := q.find(s.Seq)
		if !found {
			return fmt.Errorf("settle order %s: %w", s.OrderID, order.ErrNotFound)
		}
		q.told = append(q.told, s)
		switch s.Disposition {
		case order.DispositionDeferred:
			q.waiting[i].Attempts++
			q.waiting[i].DueAt = s.DueAt
		case order.DispositionRejected:
			q.dead[s.Seq] = s
			fallthrough
		default:
			q.parted[s.Seq] = q.waiting[i]
			q.waiting = slices.Delete(q.waiting, i, i+1)
		}
	}
	close(q.changed)
	q.changed = make(chan struct{})
	return nil
}

// Redrive puts a dead letter back into its place.
func (q *Queue) Redrive(seq int64) {
	q.mu.Lock()
	letter := q.parted[seq]
	letter.DueAt = time.Time{}
	delete(q.dead, seq)
	delete(q.parted, seq)
	i, _ := q.find(seq)
	q.waiting = slices.Insert(q.waiting, i, letter)
	q.mu.Unlock()
	q.signal()
}

// Cancel takes an order out of the queue.
func (q *Queue) Cancel(seq int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i, found := q.find(seq); found {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
}

// Told returns every settlement so far.
func (q *Queue) Told() []order.Settlement {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.told)
}

// Dead returns the causes of the dead letters by Seq.
func (q *Queue) Dead() map[int64]string {
	q.mu.Lock()
	defer q.mu.Unlock()
	causes := make(map[int64]string)
	for seq := range maps.Keys(q.dead) {
		causes[seq] = q.dead[seq].Cause
	}
	return causes
}

// Len returns how many orders wait.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// Asked returns how often Waiting was called.
func (q *Queue) Asked() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.asked
}

// Until waits for a settlement after which done is true, or is true already.
func (q *Queue) Until(ctx context.Context, done func() bool) error {
	for {
		q.mu.Lock()
		changed := q.changed
		q.mu.Unlock()
		if done() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Empty waits until no order waits any more.
func (q *Queue) Empty(ctx context.Context) error {
	if err := q.Until(ctx, func() bool { return q.Len() == 0 }); err != nil {
		return fmt.Errorf("%d orders still wait: %w", q.Len(), err)
	}
	return nil
}
