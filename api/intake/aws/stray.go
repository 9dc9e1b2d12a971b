package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/banyan-edge/banyan/api/intake"
)

// maxStrayBody is how much of a message is kept in the audit: an item may have
// 400 KB.
const maxStrayBody = 64 << 10

// NoteStray notes in the audit what is done to a message in the dead-letter queue
// that is no dead letter of the table: it is no order, or SQS itself moved it
// there. The message's text is kept with it, so that one that is dropped can be
// read afterwards; its end is cut off beyond 64 KB.
func (s *Store) NoteStray(ctx context.Context, message, body string, e intake.AuditEntry) error {
	if e.At.IsZero() {
		e.At = s.now()
	}
	entry, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = s.o.DynamoDB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.o.Table, Key: keyOf(strayKey(message)),
		UpdateExpression: sdk.String("SET body = :body, entries = list_append(if_not_exists(entries, :none), :entry)"),
		ExpressionAttributeValues: item{
			":body":  text(strings.ToValidUTF8(body[:min(len(body), maxStrayBody)], "")),
			":none":  &types.AttributeValueMemberL{},
			":entry": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{Value: string(entry)}}},
		},
	})
	if err != nil {
		return fmt.Errorf("note what is done to message %s: %w", message, unavailable(ctx, err))
	}
	return nil
}

// StrayTrail returns what was done to such a message, oldest first, and its
// text; nothing where nothing was.
func (s *Store) StrayTrail(ctx context.Context, message string) ([]intake.AuditEntry, string, error) {
	var it struct {
		Body    string   `dynamodbav:"body"`
		Entries []string `dynamodbav:"entries"`
	}
	if _, err := s.get(ctx, strayKey(message), &it); err != nil {
		return nil, "", fmt.Errorf("read the audit of message %s: %w", message, unavailable(ctx, err))
	}
	all := make([]intake.AuditEntry, len(it.Entries))
	for i, text := range it.Entries {
		if err := json.Unmarshal([]byte(text), &all[i]); err != nil {
			return nil, "", fmt.Errorf("read the audit of message %s: %w", message, err)
		}
	}
	return all, it.Body, nil
}
