package sqs

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"
)

// poll waits for messages, at most Wait, and returns no more than max. SQS gives
// ten at once; where it gave as many, it is asked for the rest by several at
// once, without waiting. That mixes no group: FIFO messages behind one in flight
// are not given out.
func (s *Source) poll(ctx context.Context, max int) ([]Message, error) {
	all, err := s.receive(ctx, min(max, maxBatch), s.wait)
	if err != nil {
		return nil, err
	}
	for asked := maxBatch; len(all) >= asked && len(all) < max; {
		more := make([][]Message, min(s.receivers, (max-len(all)+maxBatch-1)/maxBatch))
		left := max - len(all)
		var group errgroup.Group
		for i := range more {
			n := min(maxBatch, left-i*maxBatch)
			asked += n
			group.Go(func() (err error) {
				more[i], err = s.receive(ctx, n, 0)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			s.log.Warn("queue read in part", "err", err) // what is in hand is delivered all the same
		}
		all = append(all, slices.Concat(more...)...)
	}
	return all, nil
}

func (s *Source) receive(ctx context.Context, n int, wait time.Duration) ([]Message, error) {
	out, err := s.o.Client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{
		QueueUrl:                    &s.o.Queue,
		MaxNumberOfMessages:         int32(n),
		WaitTimeSeconds:             int32(wait / time.Second),
		VisibilityTimeout:           int32(s.visibility / time.Second),
		MessageSystemAttributeNames: systemAttributes,
	})
	if err != nil {
		return nil, fmt.Errorf("receive orders: %w", err)
	}
	messages := make([]Message, len(out.Messages))
	for i, m := range out.Messages {
		messages[i] = received(m)
	}
	return messages, nil
}

// remove deletes messages. One whose handle is no longer good was given out
// again meanwhile: it is done with when it comes.
func (d *desk) remove(ctx context.Context, messages []Message) error {
	for part := range slices.Chunk(messages, maxBatch) {
		in := &awssqs.DeleteMessageBatchInput{QueueUrl: &d.o.Queue}
		for i, m := range part {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(m.Handle),
			})
		}
		out, err := d.o.Client.DeleteMessageBatch(ctx, in)
		if err != nil {
			return fmt.Errorf("delete messages: %w", err)
		}
		d.count("deleted", len(out.Successful))
		for _, f := range out.Failed {
			if !f.SenderFault {
				return fmt.Errorf("delete message: %s: %s", aws.ToString(f.Code), aws.ToString(f.Message))
			}
			d.log.Warn("message not deleted", "code", aws.ToString(f.Code), "err", aws.ToString(f.Message))
		}
	}
	return nil
}
