package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// The places where an order stands (see Standing). Each is the order's state,
// except that an accepted order is either waiting or dead.
const (
	Waiting = "waiting"
	Dead    = "dead"

	waiting   = Waiting
	dead      = Dead
	written   = "written"
	rejected  = "rejected"
	cancelled = "cancelled"
)

var stateAt = map[string]order.State{
	waiting: order.Accepted, dead: order.Accepted,
	written: order.Written, rejected: order.Rejected, cancelled: order.Cancelled,
}

// orderItem is an order in the table. Body changes only where somebody mends a
// dead letter. Rev changes with everything that happens to the order; when it is
// to be sent is no part of that.
type orderItem struct {
	PK     string `dynamodbav:"pk"`
	Body   string `dynamodbav:"body,omitempty"`
	BodyAt string `dynamodbav:"body_at,omitempty"` // the object in the bucket
	Seq    int64  `dynamodbav:"seq"`

	Stands    string    `dynamodbav:"order_state"`
	Attempts  int       `dynamodbav:"attempts"`
	Cause     string    `dynamodbav:"cause,omitempty"` // of a dead letter, or why it was taken back
	Deferral  string    `dynamodbav:"deferral,omitempty"`
	WrittenAt time.Time `dynamodbav:"written_at,omitempty"`
	DeadAt    time.Time `dynamodbav:"dead_at,omitempty"` // when legacy refused it last
	Rev       int       `dynamodbav:"rev"`

	Redrives int `dynamodbav:"redrives,omitempty"` // how often it was put back in the queue by a person
	Trail    int `dynamodbav:"trail,omitempty"`    // how many entries its audit has

	Holds  []held `dynamodbav:"holds"`
	Ledger int    `dynamodbav:"ledger"` // the part of the ledger that counts it
	Part   int    `dynamodbav:"lane"`   // of both indexes: one customer's orders are in one

	Place string `dynamodbav:"place"`
	Rank  string `dynamodbav:"rank"`
	DueIn string `dynamodbav:"due_in,omitempty"` // while it waits
	Due   string `dynamodbav:"due,omitempty"`
}

func (it *orderItem) id() string { return orderIDOf(it.PK) }

// stand puts the order at a place.
func (it *orderItem) stand(place string) {
	it.Stands = place
	it.Place = placeKey(place, it.Part)
	it.Rank = rankOf(it.Seq, it.id())
	if place != waiting {
		it.DueIn, it.Due = "", ""
	}
}

// sendAt says when the sweep is to send the order if it still waits.
func (it *orderItem) sendAt(at time.Time) {
	it.DueIn = dueKey(it.Part)
	it.Due = dueOf(at, it.Rank)
}

// Find returns the order with this id and what became of it, or
// order.ErrNotFound.
func (s *Store) Find(ctx context.Context, id string) (order.Record, error) {
	it, err := s.orderItem(ctx, id)
	if err == nil {
		var r order.Record
		if r, err = s.record(ctx, it); err == nil {
			return r, nil
		}
	}
	return order.Record{}, fmt.Errorf("find order: %w", err)
}

// orderItem reads an order's item, or returns order.ErrNotFound.
func (s *Store) orderItem(ctx context.Context, id string) (*orderItem, error) {
	if !order.ValidID(id) {
		return nil, order.ErrNotFound
	}
	var it orderItem
	found, err := s.get(ctx, orderKey(id), &it)
	switch {
	case err != nil:
		return nil, unavailable(ctx, err)
	case !found:
		return nil, order.ErrNotFound
	}
	return &it, nil
}

func (s *Store) record(ctx context.Context, it *orderItem) (order.Record, error) {
	_, o, err := s.decoded(ctx, it)
	return order.Record{
		Order: o, State: stateAt[it.Stands], Cause: it.Cause, Attempts: it.Attempts, WrittenAt: it.WrittenAt,
	}, err
}

// decoded returns an order's JSON and what it says.
func (s *Store) decoded(ctx context.Context, it *orderItem) ([]byte, order.Order, error) {
	body, err := s.body(ctx, it)
	if err != nil {
		return nil, order.Order{}, err
	}
	var o order.Order
	if err := json.Unmarshal(body, &o); err != nil {
		return nil, order.Order{}, fmt.Errorf("read order %s: %w", it.id(), err)
	}
	return body, o, nil
}
