package sqs_test

import (
	"context"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/relaytest"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// dead puts a message into the dead-letter queue, as it is.
func (r *rig) putDead(group, dedup, body string) {
	r.t.Helper()
	in := &awssqs.SendMessageInput{QueueUrl: &r.dead, MessageBody: &body, MessageGroupId: &group}
	if r.fifo {
		in.MessageDeduplicationId = &dedup
	}
	_, err := r.client.SendMessage(r.t.Context(), in)
	require.NoError(r.t, err)
}

func (r *rig) deadLetters() *sqs.Letters {
	r.t.Helper()
	l, err := sqs.NewLetters(r.orders, r.dead, r.client)
	require.NoError(r.t, err)
	return l
}

func TestLetters_ShowBuriedOrdersGarbageAndWhatSQSMovedItself(t *testing.T) {
	onEmulators(t, func(t *testing.T, r *rig) {
		buried, moved := relaytest.OrderOf("ann", 1), relaytest.OrderOf("bob", 2)
		r.send(buried)
		r.sendBody("cleo", "garbage", "not JSON at all")
		s := r.source(nil)
		r.settle(s, order.DispositionRejected, r.receive(s, 1)...)
		ctx, cancel := context.WithCancel(t.Context())
		swept := make(chan struct{})
		go func() { defer close(swept); _, _ = s.Receive(ctx, 10) }()
		require.Eventually(t, func() bool { return r.depth(r.dead) == 2 && r.depth(r.orders) == 0 }, patience, 20*time.Millisecond)
		cancel()
		<-swept
		r.putDead("bob", "moved", bodyOf(t, moved)) // as SQS does, without an envelope

		for range 2 { // who looks leaves them there
			all, err := r.deadLetters().Look(t.Context())
			require.NoError(t, err)
			require.Len(t, all, 3)
			byOrder := make(map[string]sqs.Letter)
			for _, l := range all {
				byOrder[l.OrderID] = l
				require.False(t, l.At.IsZero())
			}
			require.Equal(t, "in words", byOrder[buried.ID].Cause)
			require.False(t, byOrder[buried.ID].Moved)
			require.Contains(t, byOrder[""].Cause, "the message is no order")
			require.Equal(t, "not JSON at all", byOrder[""].DeadLetter.Message)
			require.True(t, byOrder[moved.ID].Moved)
		}
	})
}

func TestLetters_OneIsRedrivenAnotherDroppedAndTheRestStays(t *testing.T) {
	onEmulators(t, func(t *testing.T, r *rig) {
		orders := customers(1, "ann", "bob", "cleo")
		r.book.accept(orders...)
		for _, o := range orders {
			r.putDead(groupOf(o), o.ID, bodyOf(t, o))
		}
		l := r.deadLetters()
		ids := make(map[string]string)
		all, err := l.Look(t.Context())
		require.NoError(t, err)
		for _, one := range all {
			ids[one.OrderID] = one.Message.ID
		}
		require.NoError(t, l.Redrive(t.Context(), ids[orders[0].ID]))
		require.NoError(t, l.Drop(t.Context(), ids[orders[1].ID]))
		require.ErrorIs(t, l.Drop(t.Context(), ids[orders[1].ID]), sqs.ErrNoLetter)
		batch := r.receive(r.source(nil), 1)
		require.Equal(t, orders[0], batch[0].Order, "id and key are in the body")
		all, err = l.Look(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.Equal(t, orders[2].ID, all[0].OrderID)
	})
}

func TestLetters_ClearRemovesTheMessagesOfOrdersThatWereMendedAndNoOthers(t *testing.T) {
	onEmulators(t, func(t *testing.T, r *rig) {
		orders := customers(1, "ann", "bob", "cleo")
		for _, o := range orders[:2] {
			body, err := sqs.DeadLetter{OrderID: o.ID, Cause: "out_of_stock", At: time.Now(), Message: bodyOf(t, o)}.Body()
			require.NoError(t, err)
			r.putDead(groupOf(o), o.ID, body)
		}
		r.putDead("cleo", "moved", bodyOf(t, orders[2]))
		r.putDead("dora", "garbage", "not JSON at all")
		l := r.deadLetters()
		cleared, err := l.Clear(t.Context(), func(_ context.Context, ids []string) (map[string]bool, error) {
			require.ElementsMatch(t, []string{orders[0].ID, orders[1].ID}, ids, "not those that SQS moved")
			return map[string]bool{orders[0].ID: true}, nil
		})
		require.NoError(t, err)
		require.Equal(t, 1, cleared)
		all, err := l.Look(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 3)
	})
}

func TestAsk_KnowsTheDepthAndTheDeadLetterQueue(t *testing.T) {
	onEmulators(t, func(t *testing.T, r *rig) {
		r.send(customers(1, "ann", "bob", "cleo")...)
		r.receive(r.source(nil), 1)
		require.Eventually(t, func() bool {
			q, err := sqs.Ask(t.Context(), r.client, r.orders)
			require.NoError(t, err)
			require.EqualValues(t, 3, q.Depth())
			require.Equal(t, sqs.MaxReceiveCount, q.MaxReceives)
			return q.Hidden == 1
		}, patience, 20*time.Millisecond)
		q, err := sqs.Ask(t.Context(), r.client, r.orders)
		require.NoError(t, err)
		url, err := q.DeadLetterURL(t.Context(), r.client)
		require.NoError(t, err)
		require.Equal(t, r.dead, url)
		q, err = sqs.Ask(t.Context(), r.client, r.dead)
		require.NoError(t, err)
		_, err = q.DeadLetterURL(t.Context(), r.client)
		require.ErrorIs(t, err, sqs.ErrNoRedrivePolicy)
	})
}
