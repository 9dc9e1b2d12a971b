package aws

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/banyan-edge/banyan/api/order"
)

// claim is the item of an idempotency key: for which order it was claimed, for
// how long, and what is needed to give that order's receipt again.
type claim struct {
	PK           string    `dynamodbav:"pk"`
	OrderID      string    `dynamodbav:"order_id"`
	Fingerprint  string    `dynamodbav:"fingerprint"`
	AcceptedAt   time.Time `dynamodbav:"accepted_at"`
	ClaimedUntil int64     `dynamodbav:"claimed_until"` // Unix nanoseconds
	Expires      int64     `dynamodbav:"expires"`       // Unix seconds, for the table's time to live
}

func newClaim(o order.Order) claim { return claimOf(o.ID, o.AcceptedAt, o.Claim()) }

// claimOf is the claim of an order or a listing.
func claimOf(id string, acceptedAt time.Time, c order.Claim) claim {
	until := acceptedAt.Add(c.TTL)
	return claim{
		PK: claimKey(c.Key), OrderID: id, Fingerprint: c.Fingerprint, AcceptedAt: acceptedAt,
		ClaimedUntil: until.UnixNano(),
		// A second more, so that it is never removed while it is in force.
		Expires: until.Unix() + 1,
	}
}

// write claims the key, unless it is in force for another order.
func (c claim) write(s *Store) (types.TransactWriteItem, error) {
	return s.put(c, "attribute_not_exists(pk) OR claimed_until <= :now", item{":now": number(c.AcceptedAt.UnixNano())})
}

// claimedError says that the key is in force.
type claimedError struct{ by claim }

func (e *claimedError) Error() string { return "the idempotency key is claimed" }

// answer is what the shopper with the same key is told: the first receipt, or
// that the key was for something else. An order that meets its own claim was
// accepted by an attempt whose answer was lost.
func (e *claimedError) answer(asked *entry) (order.Receipt, error) {
	switch {
	case e.by.OrderID == asked.order.ID:
		return asked.receipt(), nil
	case e.by.Fingerprint != asked.claim.Fingerprint:
		return order.Receipt{}, order.ErrKeyReused
	default:
		return order.Receipt{OrderID: e.by.OrderID, State: order.Accepted, AcceptedAt: e.by.AcceptedAt, Replayed: true}, nil
	}
}

// claimedBy reads the claim that a cancelled transaction ran into.
func claimedBy(r types.CancellationReason) (*claimedError, error) {
	var e claimedError
	return &e, attributevalue.UnmarshalMap(r.Item, &e.by)
}

// inForce returns a *claimedError where the order's key is in force, else nil.
func (s *Store) inForce(ctx context.Context, c claim) error {
	var e claimedError
	found, err := s.get(ctx, c.PK, &e.by)
	if err != nil {
		return err
	}
	if found && e.by.ClaimedUntil > c.AcceptedAt.UnixNano() {
		return &e
	}
	return nil
}
