package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/relaytest"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// TestRelay_TwoRelaysOnOneQueueWriteEachOrderOnceAndInSequence is the whole way
// on real emulators: two relays, a legacy that is away at first.
func TestRelay_TwoRelaysOnOneQueueWriteEachOrderOnceAndInSequence(t *testing.T) {
	onEmulators(t, func(t *testing.T, r *rig) {
		orders := customers(3, "ann", "bob", "cleo", "dora", "eve")
		r.send(orders...)
		s := &stall{t: t, book: r.book, shop: &shop{away: true}}
		var ends []func() error
		relays, size := 2, 7
		if r.fifo && r.excuse(awstest.StaleGroupLock) {
			relays, size = 1, 5
		}
		for range relays {
			ends = append(ends, s.relay(r.source(nil), relay.Options{
				BackoffBase: 10 * time.Millisecond, BackoffCap: 10 * time.Millisecond, BreakerRest: 100 * time.Millisecond, BatchSize: size,
			}))
		}
		require.Eventually(t, func() bool { return r.book.deferrals() >= 3 }, patience, 10*time.Millisecond)
		s.shop.set(false)
		require.Eventually(t, func() bool { return r.depth(r.orders) == 0 }, patience, 50*time.Millisecond)
		for _, end := range ends {
			require.NoError(t, end())
		}
		require.Len(t, s.shop.wrote, len(orders))
		if r.fifo {
			s.inSequence(orders)
		}
		require.Zero(t, r.depth(r.dead))
	})
}

// TestSource_AMoveTaskBringsDeadLettersBack is SQS's own redrive.
func TestSource_AMoveTaskBringsDeadLettersBack(t *testing.T) {
	emulator := awstest.LocalSQS(t)
	_, no := emulator.Has(awstest.NoMoveTasks)
	require.False(t, no)
	r := newRig(t, emulator, false)
	o := relaytest.Order(1)
	r.send(o)
	s := r.source(nil)
	r.settle(s, order.DispositionRejected, r.receive(s, 1)...)
	from, to := r.arn(r.dead), r.arn(r.orders) // it was sent there, not moved by SQS: the destination has to be said
	_, err := r.client.StartMessageMoveTask(t.Context(), &awssqs.StartMessageMoveTaskInput{SourceArn: &from, DestinationArn: &to})
	require.NoError(t, err)
	batch := r.receive(s, 1)
	require.Equal(t, o, batch[0].Order)
	r.settle(s, order.DispositionWritten, batch...)
	require.Equal(t, []string{o.ID}, r.book.written())
}

func TestSource_WhatIsInHandStaysHiddenForAsLongAsItTakes(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		s.send(relaytest.Order(1))
		source, err := sqs.New(s.options())
		require.NoError(t, err)
		batch, err := source.Receive(t.Context(), 10)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		_, err = source.Receive(ctx, 10)
		require.ErrorIs(t, err, context.DeadlineExceeded, "nobody gets it meanwhile")
		require.NoError(t, source.Settle(t.Context(), settlements(order.DispositionWritten, batch)))
		beats := s.queues.beats
		time.Sleep(time.Hour)
		require.Equal(t, beats, s.queues.beats, "the heart rests when nothing is in hand")
		require.NoError(t, source.Close())
	})
}

func settlements(d order.Disposition, batch []order.Queued) []order.Settlement {
	all := make([]order.Settlement, len(batch))
	for i, q := range batch {
		all[i] = order.Settlement{Seq: q.Seq, OrderID: q.Order.ID, Disposition: d, At: time.Now(), DueAt: time.Now()}
	}
	return all
}

func TestSource_ABatchIsGatheredFromSeveralReceipts(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		s.send(relaytest.Orders(75)...)
		source, err := sqs.New(s.options())
		require.NoError(t, err)
		var got []int
		for range 3 {
			batch, err := source.Receive(t.Context(), 34)
			require.NoError(t, err)
			got = append(got, len(batch))
		}
		require.Equal(t, []int{34, 34, 7}, got)
		require.NoError(t, source.Close())
		batch, err := source.Receive(t.Context(), 100)
		require.NoError(t, err)
		require.Len(t, batch, 75, "what is in hand is given back at the end")
		require.Equal(t, 1, batch[0].Attempts)
	})
}

func TestSource_WhileTheBookIsAwayNothingIsDeliveredAndNothingLost(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		orders := customers(3, "ann", "bob")
		s.send(orders...)
		source, err := sqs.New(s.options())
		require.NoError(t, err)
		s.book.set(true)
		end := s.relay(source, relay.Options{})
		time.Sleep(time.Hour)
		require.Empty(t, s.shop.wrote)
		s.book.set(false)
		time.Sleep(10 * time.Minute)
		require.NoError(t, end())
		s.inSequence(orders)
		require.Empty(t, s.queues.bodies(ordersURL))
		require.Empty(t, s.queues.bodies(deadURL))
		require.NoError(t, source.Close())
	})
}

func TestSource_AWrittenOrderStaysInHandUntilTheBookKnows(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		s.send(relaytest.Orders(2)...)
		source, err := sqs.New(s.options())
		require.NoError(t, err)
		batch, err := source.Receive(t.Context(), 2)
		require.NoError(t, err)
		s.book.set(true)
		require.ErrorIs(t, source.Settle(t.Context(), settlements(order.DispositionWritten, batch)), errBookAway)
		require.Len(t, s.queues.bodies(ordersURL), 2)
		s.book.set(false)
		require.NoError(t, source.Settle(t.Context(), settlements(order.DispositionWritten, batch)))
		require.Empty(t, s.queues.bodies(ordersURL))
		unknown := []order.Settlement{{Seq: 99, OrderID: "who"}}
		require.ErrorIs(t, source.Settle(t.Context(), unknown), order.ErrNotFound)
		require.NoError(t, source.Close())
	})
}

func TestSource_ABodyThatCannotBeFetchedNowIsNoDeadLetter(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		orders := customers(2, "ann")
		s.send(orders...)
		var away atomic.Bool
		away.Store(true)
		o := s.options()
		o.Decode = func(ctx context.Context, body string) (order.Order, error) {
			read, err := decode(ctx, body)
			if away.Load() && read.ID == orders[0].ID {
				return order.Order{}, fmt.Errorf("%w: the bucket does not answer", order.ErrUnavailable)
			}
			return read, err
		}
		source, err := sqs.New(o)
		require.NoError(t, err)
		end := s.relay(source, relay.Options{})
		time.Sleep(time.Hour)
		require.Empty(t, s.shop.wrote, "the second waits for the first")
		away.Store(false)
		time.Sleep(10 * time.Minute)
		require.NoError(t, end())
		s.inSequence(orders)
		require.Empty(t, s.queues.bodies(deadURL))
		require.NoError(t, source.Close())
	})
}

func TestRelay_WhenToldToEndItFinishesWhatIsInHand(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		orders := customers(1, "ann", "bob")
		s.send(orders...)
		s.shop.wait, s.shop.asked = make(chan struct{}), make(chan struct{}, 1)
		source, err := sqs.New(s.options())
		require.NoError(t, err)
		end := s.relay(source, relay.Options{})
		<-s.shop.asked
		time.AfterFunc(10*time.Second, func() { close(s.shop.wait) })
		require.NoError(t, end())
		s.inSequence(orders)
		require.Empty(t, s.queues.bodies(ordersURL))
		require.NoError(t, source.Close())
	})
}

// deaf is a client whose dead-letter queue takes nothing for a while.
type deaf struct {
	*queues
	refusals atomic.Int32
}

var errFull = errors.New("the dead-letter queue does not answer")

func (d *deaf) SendMessage(ctx context.Context, in *awssqs.SendMessageInput, o ...func(*awssqs.Options)) (*awssqs.SendMessageOutput, error) {
	if d.refusals.Add(-1) >= 0 {
		return nil, errFull
	}
	return d.queues.SendMessage(ctx, in, o...)
}

func TestSource_ARejectedOrderIsInTheDeadLetterQueueBeforeItLeavesTheOther(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stall) {
		bad, good := relaytest.OrderOf("ann", 1), relaytest.OrderOf("ann", 2)
		s.send(bad)
		s.sendBody("eve", "garbage", "garbage")
		s.send(good)
		s.shop.refuses = map[string]string{bad.ID: "out_of_stock"}
		o := s.options()
		client := &deaf{queues: s.queues}
		client.refusals.Store(5)
		o.Client = client
		source, err := sqs.New(o)
		require.NoError(t, err)
		end := s.relay(source, relay.Options{})
		time.Sleep(time.Hour)
		require.NoError(t, end())
		require.Equal(t, []string{good.ID}, s.shop.wrote)
		require.Empty(t, s.queues.bodies(ordersURL))
		require.Len(t, s.queues.bodies(deadURL), 2)
		require.Equal(t, "out_of_stock", s.book.cause(bad.ID))
		require.NoError(t, source.Close())
	})
}
