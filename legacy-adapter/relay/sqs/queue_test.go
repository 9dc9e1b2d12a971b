package sqs_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// queues are SQS in made-up time, for what takes days: visibility, receive
// counts, retention, FIFO groups and a redrive policy. What the emulators do is
// tried on the emulators.
type queues struct {
	mu      sync.Mutex
	last    int
	held    map[string][]*message // by queue URL, in the order of sending
	changed chan struct{}

	most    int      // receipts that any message had
	burned  []string // ids that the redrive policy moved
	expired []string // ids that retention removed
	beats   int      // messages whose visibility was changed
}

type message struct {
	id, body, group, dedup, trace, handle string
	sentAt, visibleAt                     time.Time
	receives                              int
}

const retention = 14 * 24 * time.Hour

func newQueues() *queues {
	return &queues{held: make(map[string][]*message), changed: make(chan struct{})}
}

// touch wakes those who poll. q.mu is held.
func (q *queues) touch() {
	close(q.changed)
	q.changed = make(chan struct{})
}

func (q *queues) SendMessage(_ context.Context, in *awssqs.SendMessageInput, _ ...func(*awssqs.Options)) (*awssqs.SendMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last++
	m := &message{id: "m" + strconv.Itoa(q.last), body: *in.MessageBody, group: aws.ToString(in.MessageGroupId),
		dedup: aws.ToString(in.MessageDeduplicationId), sentAt: time.Now()}
	if h, ok := in.MessageSystemAttributes["AWSTraceHeader"]; ok {
		m.trace = *h.StringValue
	}
	for _, other := range q.held[*in.QueueUrl] {
		if m.dedup != "" && other.dedup == m.dedup && other.group == m.group && m.sentAt.Sub(other.sentAt) < 5*time.Minute {
			return &awssqs.SendMessageOutput{MessageId: &other.id}, nil
		}
	}
	q.held[*in.QueueUrl] = append(q.held[*in.QueueUrl], m)
	q.touch()
	return &awssqs.SendMessageOutput{MessageId: &m.id}, nil
}

func (q *queues) ReceiveMessage(ctx context.Context, in *awssqs.ReceiveMessageInput, _ ...func(*awssqs.Options)) (*awssqs.ReceiveMessageOutput, error) {
	end := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second)
	for {
		out, next, changed := q.give(in)
		left := time.Until(end)
		if len(out.Messages) > 0 || left <= 0 {
			return out, nil
		}
		timer := time.NewTimer(min(left, max(time.Millisecond, time.Until(next))))
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
		timer.Stop()
	}
}

// give returns what is visible, and when to look again.
func (q *queues) give(in *awssqs.ReceiveMessageInput) (*awssqs.ReceiveMessageOutput, time.Time, chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now, next := time.Now(), time.Now().Add(time.Hour)
	fifo := strings.HasSuffix(*in.QueueUrl, ".fifo")
	locked := make(map[string]bool)
	q.held[*in.QueueUrl] = slices.DeleteFunc(q.held[*in.QueueUrl], func(m *message) bool {
		old := now.Sub(m.sentAt) >= retention
		if old {
			q.expired = append(q.expired, m.id)
		} else if m.visibleAt.After(now) {
			locked[m.group] = fifo
			if m.visibleAt.Before(next) {
				next = m.visibleAt
			}
		}
		return old
	})
	out := &awssqs.ReceiveMessageOutput{}
	q.held[*in.QueueUrl] = slices.DeleteFunc(q.held[*in.QueueUrl], func(m *message) bool {
		if len(out.Messages) == int(in.MaxNumberOfMessages) || m.visibleAt.After(now) || locked[m.group] {
			return false
		}
		if m.receives >= sqs.MaxReceiveCount {
			q.burned = append(q.burned, m.id)
			return true
		}
		m.receives++
		q.most = max(q.most, m.receives)
		m.handle = fmt.Sprintf("%s/%d", m.id, m.receives)
		m.visibleAt = now.Add(time.Duration(in.VisibilityTimeout) * time.Second)
		out.Messages = append(out.Messages, m.sdk())
		return false
	})
	return out, next, q.changed
}

func (m *message) sdk() types.Message {
	attributes := map[string]string{
		"ApproximateReceiveCount": strconv.Itoa(m.receives), "SentTimestamp": strconv.FormatInt(m.sentAt.UnixMilli(), 10),
	}
	if m.group != "" {
		attributes["MessageGroupId"] = m.group
	}
	if m.trace != "" {
		attributes["AWSTraceHeader"] = m.trace
	}
	return types.Message{MessageId: &m.id, Body: &m.body, ReceiptHandle: aws.String(m.handle), Attributes: attributes}
}

func (q *queues) DeleteMessageBatch(_ context.Context, in *awssqs.DeleteMessageBatchInput, _ ...func(*awssqs.Options)) (*awssqs.DeleteMessageBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := &awssqs.DeleteMessageBatchOutput{}
	for _, e := range in.Entries {
		before := len(q.held[*in.QueueUrl])
		q.held[*in.QueueUrl] = slices.DeleteFunc(q.held[*in.QueueUrl], func(m *message) bool { return m.handle == *e.ReceiptHandle })
		if len(q.held[*in.QueueUrl]) < before {
			out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: e.Id})
		} else {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("ReceiptHandleIsInvalid"), SenderFault: true})
		}
	}
	q.touch()
	return out, nil
}

func (q *queues) ChangeMessageVisibilityBatch(_ context.Context, in *awssqs.ChangeMessageVisibilityBatchInput, _ ...func(*awssqs.Options)) (*awssqs.ChangeMessageVisibilityBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range in.Entries {
		for _, m := range q.held[*in.QueueUrl] {
			if m.handle == *e.ReceiptHandle {
				m.visibleAt = time.Now().Add(time.Duration(e.VisibilityTimeout) * time.Second)
				q.beats++
			}
		}
	}
	q.touch()
	return &awssqs.ChangeMessageVisibilityBatchOutput{}, nil
}

// bodies returns what is in a queue.
func (q *queues) bodies(url string) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all []string
	for _, m := range q.held[url] {
		all = append(all, m.body)
	}
	return all
}

// until waits until done says so, looking after each change.
func (q *queues) until(ctx context.Context, done func() bool) error {
	for {
		q.mu.Lock()
		changed := q.changed
		q.mu.Unlock()
		if done() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
