package sqs_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

const outage = 14 * 24 * time.Hour

func TestRelay_AnOutageOfFourteenDaysCostsNoOrderOnAServer(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		s.shop.set(true)
		orders := customers(4, "ann", "bob", "cleo", "dora", "eve")
		s.send(orders...)
		source, err := sqs.New(s.options())
		require.NoError(t, err)
		end := s.relay(source, relay.Options{})
		time.Sleep(outage)
		s.afterOutage(orders, end)
		require.NoError(t, source.Close())
	})
}

func TestRelay_AnOutageOfFourteenDaysCostsNoOrderInLambda(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		s.shop.set(true)
		orders := customers(4, "ann", "bob", "cleo", "dora", "eve")
		s.send(orders...)
		const environments = 2
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		var ends []func() error
		for range environments {
			inbox, err := sqs.NewInbox(s.options())
			require.NoError(t, err)
			ends = append(ends, s.relay(inbox, relay.Options{Budget: relay.NewBudget(1), WriteTimeout: 10 * time.Second}))
			all.Go(func() { s.poller(ctx, inbox) })
		}
		time.Sleep(outage)
		s.afterOutage(orders, func() error {
			cancel()
			all.Wait()
			for _, end := range ends {
				require.NoError(t, end())
			}
			return nil
		})
	})
}

// afterOutage lets legacy come back and requires that everything is written
// within the longest that a message is spared.
func (s *stall) afterOutage(orders []order.Order, end func() error) {
	s.shop.set(false)
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*sqs.SpareDelay)
	defer cancel()
	require.NoError(s.t, s.queues.until(ctx, func() bool { return len(s.queues.bodies(ordersURL)) == 0 }))
	require.NoError(s.t, end())
	s.inSequence(orders)
	require.Empty(s.t, s.queues.burned, "good orders in the dead-letter queue")
	require.Empty(s.t, s.queues.expired, "orders that retention removed")
	require.Empty(s.t, s.queues.bodies(deadURL))
	require.Less(s.t, s.queues.most, sqs.RenewReceives, "receipts of one message")
	s.t.Logf("%d receipts of a message at most, of %d", s.queues.most, sqs.MaxReceiveCount)
}

// poller is Lambda's event source mapping: it receives, invokes, and deletes
// what the answer does not call failed.
func (s *stall) poller(ctx context.Context, inbox *sqs.Inbox) {
	for ctx.Err() == nil {
		out, err := s.queues.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{
			QueueUrl: aws.String(ordersURL), MaxNumberOfMessages: 10, WaitTimeSeconds: 20, VisibilityTimeout: 180,
		})
		if err != nil || len(out.Messages) == 0 {
			continue
		}
		messages := make([]sqs.Message, len(out.Messages))
		for i, m := range out.Messages {
			messages[i] = sqs.NewMessage(*m.MessageId, *m.ReceiptHandle, *m.Body, m.Attributes)
		}
		invocation, cancel := context.WithTimeout(ctx, 27*time.Second)
		failed := inbox.Deliver(invocation, messages, 15*time.Second)
		cancel()
		s.deleteBut(out, failed)
	}
}

func (s *stall) deleteBut(out *awssqs.ReceiveMessageOutput, failed []string) {
	if err := deleteBut(s.queues, ordersURL, out, failed); err != nil {
		s.t.Error(err)
	}
}

// TestRelay_ACrashLoopNeverUsesUpTheReceipts is a relay that dies with each
// batch in hand: nothing is ever deferred, only visibility brings it back.
func TestRelay_ACrashLoopNeverUsesUpTheReceipts(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		orders := customers(3, "ann", "bob")
		s.send(orders...)
		for range 3 * sqs.MaxReceiveCount {
			o := s.options()
			o.Client, o.Visibility = &severed{queues: s.queues}, 30*time.Second
			source, err := sqs.New(o)
			require.NoError(t, err)
			_, err = source.Receive(t.Context(), 100)
			require.NoError(t, err)
			o.Client.(*severed).cut.Store(true)
			require.NoError(t, source.Close())
			time.Sleep(31 * time.Second)
		}
		source, err := sqs.New(s.options())
		require.NoError(t, err)
		end := s.relay(source, relay.Options{})
		require.NoError(t, s.queues.until(t.Context(), func() bool { return len(s.queues.bodies(ordersURL)) == 0 }))
		require.NoError(t, end())
		require.NoError(t, source.Close())
		s.inSequence(orders)
		require.Empty(t, s.queues.burned)
		require.LessOrEqual(t, s.queues.most, sqs.RescueReceives)
	})
}

// TestPatience_TheWorstOutageStaysBelowTheLimit is the arithmetic of the package
// comment: a message that is always wanted back at once.
func TestPatience_TheWorstOutageStaysBelowTheLimit(t *testing.T) {
	receives := func(within time.Duration) (n int) {
		for spent := time.Duration(0); spent < within; n++ {
			spent += sqs.HiddenFor(n+1, 0)
		}
		return n
	}
	require.InDelta(t, 100+10*48, receives(sqs.RenewAge), 2, "until it is sent anew")
	require.InDelta(t, 100+14*48, receives(outage), 2, "were it never sent anew")
	require.Less(t, receives(sqs.RenewAge), sqs.RenewReceives)
	require.Less(t, sqs.RescueReceives, sqs.MaxReceiveCount)
	for _, n := range []int{1, sqs.FreeReceives + 1} {
		require.LessOrEqual(t, sqs.HiddenFor(n, 100*time.Hour), 12*time.Hour, "what SQS allows")
	}
	require.Equal(t, 2*time.Second, sqs.HiddenFor(1, 1001*time.Millisecond), "whole seconds, not early")
}

func ExampleDeadLetter() {
	body, _ := sqs.DeadLetter{OrderID: "01", Cause: "out_of_stock", Message: `{"id":"01"}`}.Body()
	fmt.Println(strings.Contains(body, `"cause":"out_of_stock"`), sqs.ReadDeadLetter(body).Message)
	// Output: true {"id":"01"}
}
