package awstest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/api/intake/awstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(awstest.Main(m)) }

// TestDeviations_AreAsTheTableSays tries each fault on each emulator: one that
// was mended must leave the table, so that tests stop excusing it.
func TestDeviations_AreAsTheTableSays(t *testing.T) {
	for name, get := range map[string]func(testing.TB) *awstest.Emulator{
		"moto": awstest.Moto, "fauxqs": awstest.Fauxqs, "local-aws-sqs": awstest.LocalSQS,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := get(t)
			for deviation, deviates := range probes {
				reason, known := e.Has(deviation)
				require.Equal(t, deviates(t, e), known, "%s: %s (%s)", name, deviation, reason)
			}
		})
	}
}

// probes report whether an emulator has a fault. Those that are a matter of
// chance (StaleGroupLock) or of days have none.
var probes = map[awstest.Deviation]func(*testing.T, *awstest.Emulator) bool{
	awstest.NoTraceHeader: func(t *testing.T, e *awstest.Emulator) bool {
		return received(t, e, standard, "hello")[0].Attributes["AWSTraceHeader"] == ""
	},
	awstest.NoSystemAttribute: func(t *testing.T, e *awstest.Emulator) bool {
		return len(received(t, e, standard, "hello")[0].Attributes) == 0
	},
	awstest.NoStandardGroup: func(t *testing.T, e *awstest.Emulator) bool {
		return received(t, e, standard, "hello")[0].Attributes["MessageGroupId"] != "group"
	},
	awstest.NoSequenceNumber: func(t *testing.T, e *awstest.Emulator) bool {
		queue := e.Queue(t, fifo)
		return aws.ToString(send(t, e, queue, "hello").SequenceNumber) == ""
	},
	awstest.NoGroupLock: func(t *testing.T, e *awstest.Emulator) bool {
		queue := e.Queue(t, fifo)
		send(t, e, queue, "first")
		send(t, e, queue, "second")
		require.Len(t, receive(t, e, queue, 1), 1)
		return len(receive(t, e, queue, 1)) == 1
	},
	awstest.OneOfAGroup: func(t *testing.T, e *awstest.Emulator) bool {
		queue := e.Queue(t, fifo)
		send(t, e, queue, "first")
		send(t, e, queue, "second")
		return len(receive(t, e, queue, 10)) == 1
	},
	awstest.OnlyBasicText: func(t *testing.T, e *awstest.Emulator) bool {
		queue := e.Queue(t, standard)
		_, err := e.SQS().SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String("🎣")})
		return err != nil
	},
	awstest.NoReceiptCheck: func(t *testing.T, e *awstest.Emulator) bool {
		queue := e.Queue(t, standard)
		_, err := e.SQS().DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: aws.String("made up")})
		return err == nil
	},
	awstest.WrongCounts: func(t *testing.T, e *awstest.Emulator) bool {
		queue := e.Queue(t, standard)
		send(t, e, queue, "hello")
		require.Len(t, receive(t, e, queue, 1), 1)
		out, err := e.SQS().GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
			QueueUrl: &queue, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
		})
		require.NoError(t, err)
		return out.Attributes["ApproximateNumberOfMessages"] != "0"
	},
	awstest.NoMoveTasks: func(t *testing.T, e *awstest.Emulator) bool {
		_, err := e.SQS().ListMessageMoveTasks(t.Context(), &sqs.ListMessageMoveTasksInput{
			SourceArn: aws.String("arn:aws:sqs:us-east-1:000000000000:none"),
		}, func(o *sqs.Options) { o.RetryMaxAttempts = 1 })
		var answer smithy.APIError
		return err != nil && !(errors.As(err, &answer) && (answer.ErrorCode() == "ResourceNotFoundException" ||
			answer.ErrorCode() == "AWS.SimpleQueueService.NonExistentQueue" || answer.ErrorCode() == "QueueDoesNotExist"))
	},
}

var (
	standard = map[string]string{}
	fifo     = map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"}
)

func send(t *testing.T, e *awstest.Emulator, queue, body string) *sqs.SendMessageOutput {
	t.Helper()
	out, err := e.SQS().SendMessage(context.Background(), &sqs.SendMessageInput{
		QueueUrl: &queue, MessageBody: &body, MessageGroupId: aws.String("group"),
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-4bf92f35-77b34da6a3ce929d0e0e4736")},
		},
	})
	require.NoError(t, err)
	return out
}

func receive(t *testing.T, e *awstest.Emulator, queue string, most int32) []types.Message {
	t.Helper()
	out, err := e.SQS().ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &queue, MaxNumberOfMessages: most,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	require.NoError(t, err)
	return out.Messages
}

func received(t *testing.T, e *awstest.Emulator, attributes map[string]string, body string) []types.Message {
	t.Helper()
	queue := e.Queue(t, attributes)
	send(t, e, queue, body)
	all := receive(t, e, queue, 10)
	require.Len(t, all, 1)
	return all
}
