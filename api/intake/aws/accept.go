package aws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/banyan-edge/banyan/api/order"
)

// Accept takes an order: its idempotency key is claimed, its stock held and the
// order stored, durably, or none of it; then it is sent to the queue. An order
// whose key was used before for the same order gets the first receipt again,
// with Replayed set. Where the queue does not take the order it is accepted all
// the same, and Sweep sends it.
//
// It returns order.ErrKeyReused, an *order.UnknownProductError, an
// *order.SoldOutError, an *order.InvalidError (no lines, a quantity below one, or
// too large), an error that wraps order.ErrUnavailable where DynamoDB does not
// take it, or ctx's. After the last two the order may have been accepted or not;
// asking again with the same key tells.
func (s *Store) Accept(ctx context.Context, o order.Order) (order.Receipt, error) {
	var receipt order.Receipt
	e, err := s.newEntry(o)
	if err == nil {
		receipt, err = s.accept(ctx, e)
	}
	s.metrics.accepted(outcomeOf(receipt, err))
	if err != nil {
		return order.Receipt{}, fmt.Errorf("accept order: %w", err)
	}
	return receipt, nil
}

func (s *Store) accept(ctx context.Context, e *entry) (order.Receipt, error) {
	if err := s.keepBody(ctx, e); err != nil {
		return order.Receipt{}, err
	}
	receipt, err := s.store(ctx, e)
	if err == nil && !receipt.Replayed {
		s.sendAccepted(ctx, e)
	}
	if receipt.Replayed || refusal(err) {
		s.dropBody(ctx, e)
	}
	return receipt, err
}

// entry is an order on its way into the table.
type entry struct {
	order  order.Order
	claim  claim
	units  []units
	body   []byte
	bodyAt string          // the object that the body is kept in, where it is
	stored orderItem       // as the transaction wrote it
	avoid  map[string]bool // shards that other transactions are busy with
	tries  int
}

func (s *Store) newEntry(o order.Order) (*entry, error) {
	// Stored and sent in UTC and to the microsecond, so that the first receipt
	// and a replayed one are the same.
	o.AcceptedAt = s.now().Truncate(time.Microsecond)
	o.ID = order.NewID(o.AcceptedAt)
	wanted, err := unitsOf(o)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	return &entry{
		order: o, claim: newClaim(o), units: wanted, body: sendable(body), avoid: map[string]bool{},
		stored: orderItem{PK: orderKey(o.ID), Seq: s.seq.next(o.AcceptedAt), Part: laneOf(o.OrderingKey())},
	}, nil
}

func (e *entry) receipt() order.Receipt {
	return order.Receipt{OrderID: e.order.ID, State: order.Accepted, AcceptedAt: e.order.AcceptedAt}
}

// store plans and tries until the order is in, is refused, or DynamoDB is given
// up on. What others do in between makes a try fail; each time that this
// happens one of them has got on.
func (s *Store) store(ctx context.Context, e *entry) (order.Receipt, error) {
	pause := s.newPause()
	for moved := 0; ; {
		holds, err := s.plan(ctx, e)
		if err == nil {
			err = s.commit(ctx, e, holds)
		}
		var claimed *claimedError
		switch {
		case err == nil:
			return e.receipt(), nil
		case ctx.Err() != nil:
			return order.Receipt{}, ctx.Err()
		case errors.As(err, &claimed):
			return claimed.answer(e)
		case refusal(err):
			return s.refuse(ctx, e, err)
		case errors.Is(err, errMoved) && moved < maxMoved:
			moved++
		default:
			if cause := repeatable(err); cause == "" || !pause.next(ctx, cause) {
				return order.Receipt{}, unavailable(ctx, err)
			}
		}
	}
}

// maxMoved is how often an order is planned anew because others were quicker. It
// is a bound for the case that never happens.
const maxMoved = 1000

// commit does the one transaction.
func (s *Store) commit(ctx context.Context, e *entry, holds []held) error {
	e.tries++
	e.stored.Holds = holds
	e.stored.Ledger = rand.IntN(ledgerParts)
	writes, err := s.acceptance(e)
	if err != nil {
		return err
	}
	err = s.transact(ctx, fmt.Sprint(e.order.ID, "-", e.tries), writes)
	if err == nil {
		for _, h := range holds {
			s.shelves.taken(h)
		}
		return nil
	}
	return s.cancelled(e, err)
}

// acceptance is what the transaction writes; the holds come last, in order.
func (s *Store) acceptance(e *entry) ([]types.TransactWriteItem, error) {
	claim, err := e.claim.write(s)
	if err != nil {
		return nil, err
	}
	it := &e.stored
	it.setBody(e.body, e.bodyAt)
	it.stand(waiting)
	it.sendAt(e.order.AcceptedAt.Add(s.o.SendAfter))
	stored, err := s.put(it, "attribute_not_exists(pk)", nil)
	if err != nil {
		return nil, err
	}
	var m moves
	for _, h := range e.stored.Holds {
		m.hold(h)
	}
	ledger := s.add(ledgerKey(it.Ledger), map[string]int{"accepted": 1, waiting: 1})
	return append([]types.TransactWriteItem{claim, stored, ledger}, m.writes(s)...), nil
}

// cancelled learns from a transaction that did not go through. The key comes
// first: an order sent twice is told what became of the first rather than that
// its own units are sold out.
func (s *Store) cancelled(e *entry, err error) error {
	why := reasons(err)
	if len(why) != 3+len(e.stored.Holds) {
		return err
	}
	if conditionFailed(why[0]) {
		claimed, unreadable := claimedBy(why[0])
		return errors.Join(unreadable, claimed)
	}
	moved := false
	for i, h := range e.stored.Holds {
		switch reason := why[3+i]; {
		case conditionFailed(reason):
			var there shard
			if err := attributevalue.UnmarshalMap(reason.Item, &there); err != nil {
				return err
			}
			s.shelves.correct(h.SKU, h.Shard, there.Avail)
			moved = true
		case repeatable(&types.TransactionCanceledException{CancellationReasons: why[3+i : 4+i]}) != "":
			e.avoid[stockKey(h.SKU, h.Shard)] = true
		}
	}
	if moved {
		return errMoved
	}
	return err
}

// refuse is the last look at the key before a refusal: the units may be missing
// because the same order, sent twice, has just got them.
func (s *Store) refuse(ctx context.Context, e *entry, refused error) (order.Receipt, error) {
	err := s.inForce(ctx, e.claim)
	var claimed *claimedError
	switch {
	case err == nil:
		return order.Receipt{}, refused
	case errors.As(err, &claimed):
		return claimed.answer(e)
	default:
		return order.Receipt{}, unavailable(ctx, err)
	}
}
