package aws_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/order"
)

var errQueueAway = errors.New("the queue is away")

func sweepRig(t *testing.T, kind aws.QueueKind) (*rig, *flakySQS) {
	queue := &flakySQS{}
	r := newRig(t, func(o *aws.Options) {
		o.Kind = kind
		queue.SQS = o.SQS
		o.SQS = queue
	})
	r.stocked(t, rod, 100)
	return r, queue
}

func (r *rig) swept(t *testing.T, want int) {
	t.Helper()
	sent, err := r.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, sent)
}

func TestSweep_OrderThatTheQueueDidNotTakeIsSentLater(t *testing.T) {
	t.Parallel()
	for _, kind := range []aws.QueueKind{aws.FIFO, aws.Standard} {
		r, queue := sweepRig(t, kind)
		queue.send.set(first(-1, errQueueAway), nil)
		id := r.accepted(t, orderOf("k", rod, 1)).OrderID
		require.Empty(t, r.sentIDs(t))
		require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, r.ledger(t))

		r.swept(t, 0) // it may still be on its way
		r.clock.Advance(time.Minute)
		_, err := r.Sweep(t.Context())
		require.ErrorIs(t, err, errQueueAway)

		queue.send.set(nil, nil)
		r.swept(t, 1)
		r.swept(t, 0)
		require.Equal(t, []string{id}, r.sentIDs(t))
	}
}

// An order that was sent but not marked as sent, because the process died in
// between, is sent twice and takes effect once.
func TestSweep_SecondDeliveryIsHarmless(t *testing.T) {
	t.Parallel()
	r, queue := sweepRig(t, aws.Standard)
	queue.send.set(nil, first(1, errors.New("died before the answer")))
	id := r.accepted(t, orderOf("k", rod, 2)).OrderID
	r.clock.Advance(time.Minute)
	r.swept(t, 1)

	delivered := r.sentIDs(t)
	require.Equal(t, []string{id, id}, delivered)
	for _, d := range []order.Disposition{order.DispositionWritten, order.DispositionDuplicate} {
		require.NoError(t, r.Settle(t.Context(), []order.Settlement{{OrderID: id, Disposition: d}}))
	}
	require.Equal(t, order.Ledger{Accepted: 1, Written: 1}, r.ledger(t))
	stocks, err := r.Stocks(t.Context())
	require.NoError(t, err)
	require.Equal(t, []order.Stock{{SKU: rod, OnHand: 100, Sold: 2}}, stocks)
}

func TestSweep_WhatTheQueueLostIsSentAgainUntilItEnds(t *testing.T) {
	t.Parallel()
	r, _ := sweepRig(t, aws.Standard)
	lost := r.accepted(t, orderOf("lost", rod, 1)).OrderID
	ended := r.accepted(t, orderOf("ended", rod, 1)).OrderID
	deferred := r.accepted(t, orderOf("deferred", rod, 1)).OrderID
	require.Len(t, r.sentIDs(t), 3) // and the queue forgets them
	require.NoError(t, r.Settle(t.Context(), []order.Settlement{
		{OrderID: ended, Disposition: order.DispositionWritten},
		{OrderID: deferred, Disposition: order.DispositionDeferred, DueAt: r.clock.Now().Add(24 * time.Hour)},
	}))

	r.clock.Advance(11 * 24 * time.Hour)
	r.swept(t, 0)
	r.clock.Advance(25 * time.Hour)
	r.swept(t, 1)
	require.Equal(t, []string{lost}, r.sentIDs(t))
	r.clock.Advance(24 * time.Hour)
	r.swept(t, 1)
	require.Equal(t, []string{deferred}, r.sentIDs(t))
}

// One customer's orders keep their sequence, and an order that can never be sent
// holds up nobody but its customer.
func TestSweep_OrderThatCannotBeSentHoldsUpOnlyItsCustomer(t *testing.T) {
	t.Parallel()
	r, queue := sweepRig(t, aws.Standard)
	queue.send.set(first(-1, errQueueAway), nil)
	var ids []string
	for i, who := range []string{"ann", "ann", "bob", "ann"} {
		o := orderOf(fmt.Sprint(i), rod, 1)
		o.Customer.Email = who + "@example.com"
		ids = append(ids, r.accepted(t, o).OrderID)
	}
	r.clock.Advance(time.Minute)

	poison := func(on bool) { queue.refuse(ids[0], on) }
	queue.send.set(nil, nil)
	poison(true)
	sent, err := r.Sweep(t.Context())
	require.ErrorIs(t, err, errRefused)
	require.Equal(t, 1, sent)
	require.Equal(t, []string{ids[2]}, r.sentIDs(t))

	poison(false)
	r.swept(t, 3)
	require.Equal(t, []string{ids[0], ids[1], ids[3]}, r.sentIDs(t))
}

const childRole = "BANYAN_TEST_STORE"

// TestSweep_OrderOfAProcessThatWasKilledIsSent kills a process between the
// transaction and the queue.
func TestSweep_OrderOfAProcessThatWasKilledIsSent(t *testing.T) {
	t.Parallel()
	r, _ := sweepRig(t, aws.FIFO)
	child := exec.Command(os.Args[0])
	child.Env = append(child.Environ(), awstest.Moto(t).Env()...)
	child.Env = append(child.Env, childRole+"="+r.options.Table, "QUEUE="+r.options.Queue)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	child.Stderr = os.Stderr
	require.NoError(t, child.Start())
	id, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()                           // it was killed
	r.clock.Advance(time.Since(r.clock.Now())) // to the machine's clock, which the child read

	id = id[:len(id)-1]
	require.Empty(t, r.sentIDs(t))
	repeated := r.accepted(t, orderOf("killed", rod, 1))
	require.True(t, repeated.Replayed)
	require.Equal(t, id, repeated.OrderID)

	r.clock.Advance(time.Minute)
	r.swept(t, 1)
	require.Equal(t, []string{id}, r.sentIDs(t))
	require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, r.ledger(t))
}

// dyingSQS says which order it was asked to send, and never answers.
type dyingSQS struct{}

func (dyingSQS) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	fmt.Println(sdk.ToString(in.MessageDeduplicationId))
	select {}
}

// runChild accepts one order and hangs in sending it.
func runChild(table string) error {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	s, err := aws.New(ctx, aws.Options{
		Table: table, Queue: os.Getenv("QUEUE"), DynamoDB: dynamodb.NewFromConfig(cfg), SQS: dyingSQS{},
	})
	if err != nil {
		return err
	}
	_, err = s.Accept(ctx, orderOf("killed", rod, 1))
	return err
}
