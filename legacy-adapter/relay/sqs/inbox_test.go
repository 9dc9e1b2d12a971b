package sqs_test

import (
	"context"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/relaytest"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// environment is an Inbox with its relay, and the mapping before it.
type environment struct {
	*stall
	inbox *sqs.Inbox
	end   func() error
}

func (s *stall) environment() *environment {
	inbox, err := sqs.NewInbox(s.options())
	require.NoError(s.t, err)
	end := s.relay(inbox, relay.Options{Budget: relay.NewBudget(1), WriteTimeout: 10 * time.Second})
	return &environment{s, inbox, end}
}

// invoke takes a batch from the queue through one invocation and returns which
// orders were in it, and which of its messages failed.
func (e *environment) invoke(within time.Duration) (ids, failed []string) {
	e.t.Helper()
	out, err := e.queues.ReceiveMessage(e.t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: aws.String(ordersURL), MaxNumberOfMessages: 10, VisibilityTimeout: 180,
	})
	require.NoError(e.t, err)
	var messages []sqs.Message
	for _, m := range out.Messages {
		ids = append(ids, *m.MessageId)
		messages = append(messages, sqs.NewMessage(*m.MessageId, *m.ReceiptHandle, *m.Body, m.Attributes))
	}
	ctx, cancel := context.WithTimeout(e.t.Context(), within)
	defer cancel()
	failed = e.inbox.Deliver(ctx, messages, within/2)
	e.deleteBut(out, failed)
	return ids, failed
}

func TestInbox_OnlyWhatIsNotDoneWithFails(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		good, bad := relaytest.OrderOf("ann", 1), relaytest.OrderOf("bob", 2)
		s.send(good, bad)
		s.sendBody("eve", "garbage", "garbage")
		s.shop.refuses = map[string]string{bad.ID: "out_of_stock"}
		e := s.environment()
		ids, failed := e.invoke(20 * time.Second)
		require.Len(t, ids, 3)
		require.Empty(t, failed)
		require.Equal(t, []string{good.ID}, s.shop.wrote)
		require.Empty(t, s.queues.bodies(ordersURL))
		var causes []string
		for _, body := range s.queues.bodies(deadURL) {
			causes = append(causes, sqs.ReadDeadLetter(body).Cause)
		}
		require.Len(t, causes, 2)
		require.Contains(t, causes, "out_of_stock")
		require.NoError(t, e.end())
	})
}

// picky defers one order, once, as for a lock.
type picky struct {
	*shop
	id string
}

func (p *picky) Write(ctx context.Context, orders []order.Order) []relay.Outcome {
	outcomes := make([]relay.Outcome, 0, len(orders))
	blocked := make(map[string]bool)
	for _, o := range orders {
		if o.ID == p.id || blocked[o.OrderingKey()] {
			p.id, blocked[o.OrderingKey()] = "", true
			outcomes = append(outcomes, relay.Outcome{Disposition: order.DispositionDeferred, Cause: "a row was locked"})
			continue
		}
		outcomes = append(outcomes, p.shop.Write(ctx, []order.Order{o})...)
	}
	return outcomes
}

func TestInbox_AFailureFailsTheLaterOnesOfItsGroupAndNoOthers(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		orders := customers(3, "ann", "bob")
		s.send(orders...)
		inbox, err := sqs.NewInbox(s.options())
		require.NoError(t, err)
		r := relay.New(relay.Options{Source: inbox, Legacy: &picky{s.shop, orders[0].ID}, Budget: relay.NewBudget(1)})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		e := &environment{stall: s, inbox: inbox}
		ids, failed := e.invoke(20 * time.Second)
		require.Equal(t, []string{ids[0], ids[2], ids[4]}, failed, "Ann's")
		time.Sleep(5 * time.Minute)
		_, failed = e.invoke(20 * time.Second)
		require.Empty(t, failed)
		s.inSequence(orders)
		cancel()
		require.NoError(t, <-ended)
	})
}

func TestInbox_WhileLegacyIsAwayAnInvocationIsHeldAndItsOrdersAreHidden(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		orders := customers(2, "ann", "bob", "cleo", "dora", "eve")
		s.send(orders...)
		s.shop.set(true)
		e := s.environment()
		for range relay.BreakerFailures {
			_, failed := e.invoke(20 * time.Second)
			require.Len(t, failed, len(orders))
			time.Sleep(5 * time.Minute)
		}
		_, failed := e.invoke(20 * time.Second) // finds out that legacy is still away
		require.Len(t, failed, len(orders))
		time.Sleep(5 * time.Minute)
		start := time.Now()
		s.shop.asked = make(chan struct{}, 100)
		_, failed = e.invoke(20 * time.Second)
		require.Len(t, failed, len(orders))
		require.GreaterOrEqual(t, time.Since(start), 10*time.Second, "held")
		require.LessOrEqual(t, len(s.shop.asked), 3, "a single order asks, now and then")
		s.shop.set(false)
		time.Sleep(5 * time.Minute)
		_, failed = e.invoke(20 * time.Second)
		require.Empty(t, failed)
		s.inSequence(orders)
		require.NoError(t, e.end())
	})
}

func TestInbox_AnAnswerThatComesTooLateIsADuplicateNextTime(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		o := relaytest.Order(1)
		s.send(o)
		s.shop.wait = make(chan struct{})
		e := s.environment()
		ids, failed := e.invoke(5 * time.Second)
		require.Equal(t, ids, failed)
		close(s.shop.wait)
		time.Sleep(181 * time.Second)
		_, failed = e.invoke(5 * time.Second)
		require.Empty(t, failed)
		require.Equal(t, []string{o.ID}, s.shop.wrote)
		require.NoError(t, e.end())
	})
}

func TestNew_RefusesQueuesThatDoNotFitTogether(t *testing.T) {
	s := &stall{t: t, queues: newQueues(), book: newBook()}
	for _, change := range []func(*sqs.Options){
		func(o *sqs.Options) { o.Queue = "" },
		func(o *sqs.Options) { o.DeadLetters = "" },
		func(o *sqs.Options) { o.DeadLetters = o.Queue },
		func(o *sqs.Options) { o.DeadLetters = "https://sqs/dead" },
	} {
		o := s.options()
		change(&o)
		_, err := sqs.New(o)
		require.ErrorContains(t, err, "queue")
		_, err = sqs.NewInbox(o)
		require.ErrorContains(t, err, "queue")
	}
}

func FuzzDeadLetter(f *testing.F) {
	for _, message := range []string{"", "null", "garbage", `{"id":"1"}`, `{"dead_letter":{"cause":"x"},"message":{}}`, "\u2028<&>"} {
		f.Add(message, "a cause")
	}
	f.Fuzz(func(t *testing.T, message, cause string) {
		if !utf8.ValidString(message) || !utf8.ValidString(cause) {
			return // SQS takes none
		}
		body, err := sqs.DeadLetter{OrderID: "o", Cause: cause, Message: message}.Body()
		require.NoError(t, err)
		sent, opened := sqs.DeadLetter{Message: message}, sqs.ReadDeadLetter(body)
		again, err := opened.Body()
		require.NoError(t, err)
		require.Equal(t, body, again, "opened and closed again it is the same")
		require.Equal(t, sent.Message == "", opened.Message == "")
	})
}
