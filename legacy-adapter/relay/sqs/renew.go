package sqs

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// renew sends a message to its own queue once more. The copy was never received
// and is kept for the whole of the retention. The message itself stays in hand
// until it is deleted.
func (d *desk) renew(ctx context.Context, m Message) error {
	if err := d.send(ctx, d.o.Queue, m, m.Body); err != nil {
		return fmt.Errorf("send the message anew: %w", err)
	}
	d.count("renewed", 1)
	d.log.Info("message sent anew", "message_id", m.ID, "receives", m.Receives, "sent_at", m.SentAt)
	return nil
}

// renewOnce does the same for a letter whose settlement may be repeated.
func (d *desk) renewOnce(ctx context.Context, l *letter) error {
	if l.sent {
		return nil
	}
	err := d.renew(ctx, l.Message)
	l.sent = err == nil
	return err
}

// send sends a message on, in the group in which it was. It is deduplicated by
// the message that it follows, so that a repeat within SQS's five minutes adds
// none; another id than the order's, which may have been sent just now.
func (d *desk) send(ctx context.Context, queue string, m Message, body string) error {
	in := &awssqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body}
	if m.Group != "" {
		in.MessageGroupId = aws.String(m.Group)
	}
	if d.fifo {
		in.MessageDeduplicationId = aws.String("after." + m.ID)
	}
	if m.Trace != "" {
		in.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			string(types.MessageSystemAttributeNameForSendsAWSTraceHeader): {DataType: aws.String("String"), StringValue: aws.String(m.Trace)},
		}
	}
	_, err := d.o.Client.SendMessage(ctx, in)
	return err
}
