package aws

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/banyan-edge/banyan/api/order"
)

// claimCheck is the message of an order whose body is in the bucket. Any other
// message is the order's JSON itself. Either way the id and the idempotency key
// are in it, since a redrive gives a message a new id and new attributes.
type claimCheck struct {
	ID    string   `json:"id"`
	Key   string   `json:"key,omitempty"`
	Check *checked `json:"claim_check"`
}

type checked struct {
	Bucket string `json:"bucket"`
	Object string `json:"object"`
}

// message is what is sent for an order.
func (s *Store) message(it *orderItem, o order.Order, body []byte) (*sqs.SendMessageInput, error) {
	if len(body) > s.o.MessageBytes {
		ticket, err := json.Marshal(claimCheck{ID: o.ID, Key: o.Key, Check: &checked{s.o.Bucket, it.BodyAt}})
		if err != nil {
			return nil, err
		}
		body = ticket
	}
	in := &sqs.SendMessageInput{QueueUrl: &s.o.Queue, MessageBody: sdk.String(string(body))}
	switch {
	case s.o.Kind == FIFO:
		in.MessageGroupId = sdk.String(s.group(o))
		in.MessageDeduplicationId = sdk.String(it.dedup())
	case s.o.Tenant != "":
		in.MessageGroupId = sdk.String(s.o.Tenant)
	}
	if header := traceHeader(o.Trace); header != "" {
		in.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: sdk.String("String"), StringValue: &header},
		}
	}
	return in, nil
}

// dedup tells two sends of an order from an order that was redriven: SQS would
// drop the message of one that is redriven within five minutes, and it would
// wait for the sweep.
func (it *orderItem) dedup() string {
	if it.Redrives == 0 {
		return it.id()
	}
	return fmt.Sprintf("%s.%d", it.id(), it.Redrives)
}

// group is the FIFO group of the orders that must stay in sequence. It is a hash
// because an ordering key is a customer's, and a group may hold only some
// characters.
func (s *Store) group(o order.Order) string {
	sum := sha256.Sum256([]byte(s.o.Tenant + "\x00" + o.OrderingKey()))
	return hex.EncodeToString(sum[:16])
}

// ReadMessage returns the order of a message's body, from the bucket where the
// message says so.
func (s *Store) ReadMessage(ctx context.Context, body string) (order.Order, error) {
	text := []byte(body)
	var ticket claimCheck
	err := json.Unmarshal(text, &ticket)
	if err == nil && ticket.Check != nil {
		text, err = s.redeem(ctx, ticket)
	}
	if err != nil {
		return order.Order{}, fmt.Errorf("read message: %w", err)
	}
	var o order.Order
	if err := json.Unmarshal(text, &o); err != nil {
		return order.Order{}, fmt.Errorf("read message: %w", err)
	}
	if !order.ValidID(o.ID) {
		return order.Order{}, fmt.Errorf("read message: %q is not an order id", o.ID)
	}
	return o, nil
}

// redeem fetches what a claim check is for. Only the store's own bucket is read,
// whatever the message says.
func (s *Store) redeem(ctx context.Context, ticket claimCheck) ([]byte, error) {
	if ticket.Check.Bucket != s.o.Bucket || !isObjectOf(ticket.ID, ticket.Check.Object) {
		return nil, fmt.Errorf("order %s has a claim check for %s in bucket %s", ticket.ID, ticket.Check.Object, ticket.Check.Bucket)
	}
	return s.fetch(ctx, s.o.Bucket, ticket.Check.Object)
}

// sendable writes as JSON escapes the two characters that JSON allows and SQS
// refuses (SendMessage, InvalidMessageContents). The others that it refuses are
// always escaped.
func sendable(body []byte) []byte {
	body = bytes.ReplaceAll(body, []byte("\ufffe"), []byte(`\ufffe`))
	return bytes.ReplaceAll(body, []byte("\uffff"), []byte(`\uffff`))
}

var traceparent = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{8})([0-9a-f]{24})-([0-9a-f]{16})-[0-9a-f]([0-9a-f])$`)

// traceHeader writes a W3C traceparent as an X-Ray trace header; "" where it is
// none.
func traceHeader(trace string) string {
	m := traceparent.FindStringSubmatch(trace)
	if m == nil {
		return ""
	}
	var flags int
	_, _ = fmt.Sscanf(m[4], "%x", &flags) // a hex digit, as the pattern says
	return fmt.Sprintf("Root=1-%s-%s;Parent=%s;Sampled=%d", m[1], m[2], m[3], flags&1)
}
