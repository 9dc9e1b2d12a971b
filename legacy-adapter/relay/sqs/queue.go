package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Asker is the part of the SDK's SQS client that tells of a queue.
type Asker interface {
	GetQueueAttributes(context.Context, *awssqs.GetQueueAttributesInput, ...func(*awssqs.Options)) (*awssqs.GetQueueAttributesOutput, error)
	GetQueueUrl(context.Context, *awssqs.GetQueueUrlInput, ...func(*awssqs.Options)) (*awssqs.GetQueueUrlOutput, error)
}

// Queue is what SQS says of a queue. Its counts are approximate: they follow by
// up to a minute.
type Queue struct {
	Visible int64 `json:"visible"` // to be received now
	Hidden  int64 `json:"hidden"`  // in hand, or deferred
	Delayed int64 `json:"delayed"` // not to be received yet

	// MaxReceives and DeadLetterARN are its redrive policy; zero where it has none.
	MaxReceives   int    `json:"max_receives,omitempty"`
	DeadLetterARN string `json:"dead_letter_arn,omitempty"`
}

// Depth is how many messages the queue holds.
func (q Queue) Depth() int64 { return q.Visible + q.Hidden + q.Delayed }

// Ask asks what a queue holds.
func Ask(ctx context.Context, client Asker, url string) (Queue, error) {
	out, err := client.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		return Queue{}, fmt.Errorf("ask for queue %s: %w", url, err)
	}
	var q Queue
	for name, n := range map[types.QueueAttributeName]*int64{
		types.QueueAttributeNameApproximateNumberOfMessages:           &q.Visible,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible: &q.Hidden,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed:    &q.Delayed,
	} {
		// One that an emulator leaves out counts as nought.
		*n, _ = strconv.ParseInt(out.Attributes[string(name)], 10, 64)
	}
	policy := out.Attributes[string(types.QueueAttributeNameRedrivePolicy)]
	if policy == "" {
		return q, nil
	}
	var redrive struct {
		Target string      `json:"deadLetterTargetArn"`
		Max    json.Number `json:"maxReceiveCount"` // AWS gives it back as it was set, as a number or as text
	}
	if err := json.Unmarshal([]byte(policy), &redrive); err != nil {
		return q, fmt.Errorf("read the redrive policy of queue %s: %w", url, err)
	}
	q.DeadLetterARN = redrive.Target
	q.MaxReceives, _ = strconv.Atoi(redrive.Max.String())
	return q, nil
}

// ErrNoRedrivePolicy: a queue does not say which its dead-letter queue is.
var ErrNoRedrivePolicy = errors.New("the queue has no redrive policy")

// DeadLetterURL returns the URL of the queue's dead-letter queue, or
// ErrNoRedrivePolicy.
func (q Queue) DeadLetterURL(ctx context.Context, client Asker) (string, error) {
	if q.DeadLetterARN == "" {
		return "", ErrNoRedrivePolicy
	}
	parts := strings.Split(q.DeadLetterARN, ":") // arn:aws:sqs:region:account:name
	if len(parts) != 6 {
		return "", fmt.Errorf("%q is not the ARN of a queue", q.DeadLetterARN)
	}
	out, err := client.GetQueueUrl(ctx, &awssqs.GetQueueUrlInput{QueueName: &parts[5], QueueOwnerAWSAccountId: &parts[4]})
	if err != nil {
		return "", fmt.Errorf("find the dead-letter queue %s: %w", q.DeadLetterARN, err)
	}
	return aws.ToString(out.QueueUrl), nil
}
