package sqs_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/banyan-edge/banyan/api/order"
)

// book is a Book in memory.
type book struct {
	mu      sync.Mutex
	records map[string]order.Record
	told    []order.Settlement
	away    bool
}

func newBook(orders ...order.Order) *book {
	b := &book{records: make(map[string]order.Record)}
	b.accept(orders...)
	return b
}

func (b *book) accept(orders ...order.Order) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range orders {
		b.records[o.ID] = order.Record{Order: o}
	}
}

var errBookAway = errors.New("the table does not answer")

func (b *book) Find(_ context.Context, id string) (order.Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.records[id]
	switch {
	case b.away:
		return r, errBookAway
	case !ok:
		return r, order.ErrNotFound
	}
	return r, nil
}

func (b *book) Settle(_ context.Context, all []order.Settlement) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range all {
		r, ok := b.records[s.OrderID]
		switch {
		case b.away:
			return errBookAway
		case !ok:
			return order.ErrNotFound
		}
		b.told = append(b.told, s)
		r.Attempts++
		switch s.Disposition {
		case order.DispositionWritten, order.DispositionDuplicate:
			r.State, r.Cause = order.Written, ""
		case order.DispositionRejected:
			r.Cause = s.Cause
		}
		b.records[s.OrderID] = r
	}
	return nil
}

func (b *book) set(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

func (b *book) become(id string, state order.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.records[id]
	r.State = state
	b.records[id] = r
}

// written returns the ids of the orders that are, in the order in which the
// book was told.
func (b *book) written() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []string
	for _, s := range b.told {
		if s.Disposition == order.DispositionWritten && !slices.Contains(ids, s.OrderID) {
			ids = append(ids, s.OrderID)
		}
	}
	return ids
}

// deferrals is how often an order was deferred.
func (b *book) deferrals() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.told {
		if s.Disposition == order.DispositionDeferred {
			n++
		}
	}
	return n
}

func (b *book) cause(id string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.records[id].Cause
}

// decode reads an order's JSON, as it is sent.
func decode(_ context.Context, body string) (order.Order, error) {
	var o order.Order
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		return o, err
	}
	if !order.ValidID(o.ID) {
		return o, errors.New("there is no order id in it")
	}
	return o, nil
}
