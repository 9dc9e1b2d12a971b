package local

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/banyan-edge/banyan/api/order"
)

// Accept takes an order: its idempotency key is claimed, its stock held and the
// order queued, durably, or none of it. An order whose key was used before for
// the same order gets the first receipt again, with Replayed set.
//
// It returns order.ErrKeyReused, an *order.UnknownProductError, an
// *order.SoldOutError, an error that wraps order.ErrUnavailable where the file
// cannot be written, or ctx's. When ctx ends the order may have been accepted or
// not; asking again with the same key tells.
func (s *Store) Accept(ctx context.Context, o order.Order) (order.Receipt, error) {
	e, err := s.newEntry(o)
	if err != nil {
		return order.Receipt{}, fmt.Errorf("accept order: %w", err)
	}
	err = s.writer.do(ctx, e.accept)
	s.metrics.accepted(outcomeOf(e, err))
	if err != nil {
		return order.Receipt{}, fmt.Errorf("accept order: %w", err)
	}
	return e.receipt, nil
}

// entry is an order made ready for the writer by its caller's goroutine, so
// that the writer only writes.
type entry struct {
	id          ulid.ULID
	claim       []byte
	fingerprint string
	ttl         time.Duration
	acceptedAt  time.Time
	body        []byte
	units       []units
	receipt     order.Receipt // the outcome; valid once the operation is done
}

func (s *Store) newEntry(o order.Order) (*entry, error) {
	if err := checkQuantities(o); err != nil {
		return nil, err
	}
	// Stored and sent in UTC and to the microsecond, so that the first receipt
	// and a replayed one are the same.
	o.AcceptedAt = s.now().UTC().Truncate(time.Microsecond)
	o.ID = order.NewID(o.AcceptedAt)
	id, err := ulid.ParseStrict(o.ID)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	claim := o.Claim()
	key := sha256.Sum256([]byte(claim.Key))
	return &entry{
		id: id, claim: key[:16], fingerprint: claim.Fingerprint, ttl: claim.TTL,
		acceptedAt: o.AcceptedAt, body: body, units: unitsOf(o),
		receipt: order.Receipt{OrderID: o.ID, State: order.Accepted, AcceptedAt: o.AcceptedAt},
	}, nil
}

// accept writes the order, or nothing where it is refused. The key is asked even
// where the units cannot be held: an order sent twice is told what became of the
// first rather than that its own last unit is gone.
func (e *entry) accept(t *tx) error {
	refused := t.canHold(e.units)
	if refused != nil {
		if replayed, err := e.replay(t); replayed || err != nil {
			return err
		}
		return refused
	}
	if t.exec(t.claim, e.claim, t.next) == 0 {
		if replayed, err := e.replay(t); replayed || err != nil {
			return err
		}
		t.exec(t.moveClaim, t.next, e.claim)
	}
	t.hold(e.units)
	t.exec(t.insertOrder, t.next, e.id[:], e.claim, e.fingerprint, e.acceptedAt.Add(e.ttl).UnixNano(), e.body)
	t.next++
	t.events.accepted++
	return nil
}

// replay reports whether the key is in force for an earlier order, whose receipt
// is then given again. The earlier order may be one of this very transaction.
func (e *entry) replay(t *tx) (bool, error) {
	var fingerprint string
	var expires int64
	var body []byte
	t.query(t.findClaim, func(row []driver.Value) error {
		fingerprint, expires, body = row[0].(string), row[1].(int64), row[2].([]byte)
		return nil
	}, e.claim)
	switch {
	case t.err != nil || body == nil || expires <= t.now.UnixNano():
		return false, nil
	case fingerprint != e.fingerprint:
		return false, order.ErrKeyReused
	}
	var first order.Order
	if err := json.Unmarshal(body, &first); err != nil {
		return false, fmt.Errorf("read the first order of this key: %w", err)
	}
	e.receipt = order.Receipt{OrderID: first.ID, State: order.Accepted, AcceptedAt: first.AcceptedAt, Replayed: true}
	return true, nil
}

// outcomeOf names what became of an order for the metrics.
func outcomeOf(e *entry, err error) string {
	var soldOut *order.SoldOutError
	var unknown *order.UnknownProductError
	switch {
	case err == nil && e.receipt.Replayed:
		return "replayed"
	case err == nil:
		return "accepted"
	case errors.Is(err, order.ErrKeyReused):
		return "key_reused"
	case errors.As(err, &soldOut):
		return "sold_out"
	case errors.As(err, &unknown):
		return "unknown_product"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "abandoned"
	default:
		return "unavailable"
	}
}
