package sqs

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/banyan-edge/banyan/api/order"
)

// Message is one receipt of a message.
type Message struct {
	ID       string // SQS's, another one after each send
	Handle   string // of this receipt
	Body     string
	Group    string // MessageGroupId, empty where it has none
	Trace    string // AWSTraceHeader
	Receives int    // how often it was received, with this time
	SentAt   time.Time
}

// systemAttributes are those that a Message is made of.
var systemAttributes = []types.MessageSystemAttributeName{
	types.MessageSystemAttributeNameMessageGroupId,
	types.MessageSystemAttributeNameAWSTraceHeader,
	types.MessageSystemAttributeNameApproximateReceiveCount,
	types.MessageSystemAttributeNameSentTimestamp,
}

// NewMessage puts a message together from what the SDK or a Lambda event says
// of it: both name system attributes alike.
func NewMessage(id, handle, body string, attributes map[string]string) Message {
	m := Message{
		ID: id, Handle: handle, Body: body,
		Group: attributes[string(types.MessageSystemAttributeNameMessageGroupId)],
		Trace: attributes[string(types.MessageSystemAttributeNameAWSTraceHeader)],
	}
	// What is no number is left zero: a message without a count was never counted.
	m.Receives, _ = strconv.Atoi(attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	if ms, err := strconv.ParseInt(attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64); err == nil {
		m.SentAt = time.UnixMilli(ms)
	}
	return m
}

func received(m types.Message) Message {
	return NewMessage(aws.ToString(m.MessageId), aws.ToString(m.ReceiptHandle), aws.ToString(m.Body), m.Attributes)
}

// letter is a message with the order that is in it.
type letter struct {
	Message
	order order.Order
	seq   int64 // names this receipt in settlements
	sent  bool  // on, to the dead-letter queue or anew; not again where a settlement is repeated
}

func (l *letter) queued() order.Queued {
	return order.Queued{Order: l.order, Seq: l.seq, Attempts: max(0, l.Receives-1)}
}

// key names what has to stay in sequence: the group, or the message alone.
func (m Message) key() string {
	if m.Group == "" {
		return m.ID
	}
	return m.Group
}
