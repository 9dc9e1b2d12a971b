package sqs

import (
	"context"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/banyan-edge/banyan/api/order"
)

// Client is the part of the SDK's SQS client that is called. An Inbox never
// receives and never deletes: Lambda does.
type Client interface {
	ReceiveMessage(context.Context, *awssqs.ReceiveMessageInput, ...func(*awssqs.Options)) (*awssqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *awssqs.DeleteMessageBatchInput, ...func(*awssqs.Options)) (*awssqs.DeleteMessageBatchOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *awssqs.ChangeMessageVisibilityBatchInput, ...func(*awssqs.Options)) (*awssqs.ChangeMessageVisibilityBatchOutput, error)
	SendMessage(context.Context, *awssqs.SendMessageInput, ...func(*awssqs.Options)) (*awssqs.SendMessageOutput, error)
}

// Decode reads the order of a message's body. An error that wraps
// order.ErrUnavailable, or ctx's, says that it cannot be read now; any other
// that it never can.
type Decode func(ctx context.Context, body string) (order.Order, error)

// Book is where it is known what became of each order.
type Book interface {
	// Find returns the order as it stands, or order.ErrNotFound.
	Find(ctx context.Context, id string) (order.Record, error)
	// Settle records what became of deliveries. To repeat it is harmless.
	Settle(ctx context.Context, settlements []order.Settlement) error
}
