package aws

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// relayName is who the audit puts down a refusal of legacy to.
const relayName = "relay"

// note is an entry of the audit, with the order as it was where it was edited.
type note struct {
	intake.AuditEntry
	was *orderItem
}

// trailItem is an entry of the audit in the table. It is put once and never
// changed, in the transaction of what it tells of.
type trailItem struct {
	PK       string `dynamodbav:"pk"`
	Entry    string `dynamodbav:"entry"` // the AuditEntry's JSON, without Before
	Before   string `dynamodbav:"body,omitempty"`
	BeforeAt string `dynamodbav:"body_at,omitempty"`
}

// noted writes the nth entry of an order's audit.
func (s *Store) noted(id string, n int, entry *note) (types.TransactWriteItem, error) {
	e := entry.AuditEntry
	if e.At.IsZero() {
		e.At = s.now()
	}
	e.At, e.Before = e.At.UTC(), nil
	text, err := json.Marshal(e)
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	it := trailItem{PK: trailKey(id, n), Entry: string(text)}
	if entry.was != nil {
		it.Before, it.BeforeAt = entry.was.Body, entry.was.BodyAt
	}
	return s.put(it, "attribute_not_exists(pk)", nil)
}

// Trail returns what was done to an order since it first was a dead letter,
// oldest first. It returns order.ErrNotFound.
func (s *Store) Trail(ctx context.Context, id string) ([]intake.AuditEntry, error) {
	all, err := s.trail(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read the audit of order %s: %w", id, err)
	}
	return all, nil
}

func (s *Store) trail(ctx context.Context, id string) ([]intake.AuditEntry, error) {
	it, err := s.orderItem(ctx, id)
	if err != nil || it.Trail == 0 {
		return nil, err
	}
	keys := make([]string, it.Trail)
	for i := range keys {
		keys[i] = trailKey(id, i+1)
	}
	items, err := s.getMany(ctx, keys)
	if err != nil {
		return nil, unavailable(ctx, err)
	}
	all := make([]intake.AuditEntry, it.Trail)
	for i, key := range keys {
		if all[i], err = s.auditEntry(ctx, items[key]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s *Store) auditEntry(ctx context.Context, from item) (intake.AuditEntry, error) {
	var it trailItem
	var e intake.AuditEntry
	if err := attributevalue.UnmarshalMap(from, &it); err != nil {
		return e, err
	}
	if err := json.Unmarshal([]byte(it.Entry), &e); err != nil {
		return e, fmt.Errorf("read an audit entry: %w", err)
	}
	if it.Before == "" && it.BeforeAt == "" {
		return e, nil
	}
	body, err := s.body(ctx, &orderItem{Body: it.Before, BodyAt: it.BeforeAt})
	if err != nil {
		return e, err
	}
	e.Before = new(order.Order)
	return e, json.Unmarshal(body, e.Before)
}
