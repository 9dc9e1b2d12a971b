package aws

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/banyan-edge/banyan/api/order"
)

// sendTimeout is how long a shopper waits for the queue at most. The order
// stands by then, whatever the queue says.
const sendTimeout = 3 * time.Second

// sendAccepted sends an order that was just accepted. The shopper may have gone;
// it is sent all the same.
func (s *Store) sendAccepted(ctx context.Context, e *entry) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	if err := s.send(ctx, &e.stored, e.order, e.body); err != nil {
		s.log.Warn("order not sent, left to the sweep", "order_id", e.order.ID, "error", err)
	}
}

// send sends an order and marks it as sent.
func (s *Store) send(ctx context.Context, it *orderItem, o order.Order, body []byte) error {
	in, err := s.message(it, o, body)
	if err != nil {
		return err
	}
	if _, err := s.o.SQS.SendMessage(ctx, in); err != nil {
		s.metrics.sent("failed")
		return fmt.Errorf("send order %s: %w", o.ID, err)
	}
	s.metrics.sent("sent")
	if err := s.markSent(ctx, it); err != nil {
		return fmt.Errorf("mark order %s as sent: %w", o.ID, err)
	}
	return nil
}

// markSent says when the order is to be sent again if it still waits then. An
// order that has ended meanwhile, or that another has marked, is left as it is.
func (s *Store) markSent(ctx context.Context, it *orderItem) error {
	marked := *it
	marked.sendAt(s.now().Add(s.o.ResendAfter))
	in := &dynamodb.UpdateItemInput{
		TableName: &s.o.Table, Key: keyOf(it.PK),
		UpdateExpression:          sdk.String("SET due = :due"),
		ConditionExpression:       sdk.String("due = :seen"),
		ExpressionAttributeValues: item{":due": text(marked.Due), ":seen": text(it.Due)},
	}
	for pause := s.newPause(); ; {
		_, err := s.o.DynamoDB.UpdateItem(ctx, in)
		var changed *types.ConditionalCheckFailedException
		if err == nil || errors.As(err, &changed) {
			return nil
		}
		if cause := repeatable(err); cause == "" || !pause.next(ctx, cause) {
			return err
		}
	}
}
