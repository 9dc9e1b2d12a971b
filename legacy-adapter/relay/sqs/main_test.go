package sqs_test

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(awstest.Main(m)) }

var (
	_ relay.Source = (*sqs.Source)(nil)
	_ relay.Source = (*sqs.Inbox)(nil)
)

// severed is a client whose process has died, once it is cut: nothing more
// reaches SQS.
type severed struct {
	*queues
	cut atomic.Bool
}

var errSevered = errors.New("the process is gone")

func (s *severed) ChangeMessageVisibilityBatch(ctx context.Context, in *awssqs.ChangeMessageVisibilityBatchInput, o ...func(*awssqs.Options)) (*awssqs.ChangeMessageVisibilityBatchOutput, error) {
	if s.cut.Load() {
		return nil, errSevered
	}
	return s.queues.ChangeMessageVisibilityBatch(ctx, in, o...)
}

// deleteBut deletes what was received but for what failed, as Lambda does.
func deleteBut(c sqs.Client, queue string, out *awssqs.ReceiveMessageOutput, failed []string) error {
	keep := make(map[string]bool)
	for _, id := range failed {
		keep[id] = true
	}
	in := &awssqs.DeleteMessageBatchInput{QueueUrl: &queue}
	for i, m := range out.Messages {
		if !keep[*m.MessageId] {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
		}
	}
	if len(in.Entries) == 0 {
		return nil
	}
	_, err := c.DeleteMessageBatch(context.Background(), in)
	return err
}
