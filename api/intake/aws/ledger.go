package aws

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/banyan-edge/banyan/api/order"
)

// ledgerParts is in how many items the ledger is kept; see the package's
// documentation. With fewer, orders already counted in the upper ones are missed.
const ledgerParts = 32

// Ledger returns the count that must balance. Each of its parts balances at
// every moment, because an order is counted in one part and moves within it in
// the transaction that moves the order; so their sum balances, although they are
// not read at one moment.
func (s *Store) Ledger(ctx context.Context) (order.Ledger, error) {
	sum, err := s.sumLedger(ctx, ledgerKey)
	if err != nil {
		return sum, fmt.Errorf("read ledger: %w", err)
	}
	return sum, nil
}

// sumLedger sums the parts of a ledger, whose items are named by part.
func (s *Store) sumLedger(ctx context.Context, key func(int) string) (order.Ledger, error) {
	keys := make([]string, ledgerParts)
	for part := range ledgerParts {
		keys[part] = key(part)
	}
	parts, err := s.getMany(ctx, keys)
	if err != nil {
		return order.Ledger{}, unavailable(ctx, err)
	}
	var sum order.Ledger
	for _, it := range parts {
		var part struct {
			Accepted  int64 `dynamodbav:"accepted"`
			Written   int64 `dynamodbav:"written"`
			Waiting   int64 `dynamodbav:"waiting"`
			Dead      int64 `dynamodbav:"dead"`
			Cancelled int64 `dynamodbav:"cancelled"`
		}
		if err := attributevalue.UnmarshalMap(it, &part); err != nil {
			return order.Ledger{}, err
		}
		sum.Accepted += part.Accepted
		sum.Written += part.Written
		sum.Waiting += part.Waiting
		sum.Dead += part.Dead
		sum.Cancelled += part.Cancelled
	}
	return sum, nil
}
