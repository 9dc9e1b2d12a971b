package aws_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/order"
)

var ann = intake.Act{Who: "ann", Why: "the shopper called"}

// died is an order that legacy refused, and whose message is gone.
func (r *rig) died(t *testing.T, o order.Order) string {
	t.Helper()
	id := r.accepted(t, o).OrderID
	require.Contains(t, r.sentIDs(t), id)
	require.NoError(t, r.Settle(t.Context(), []order.Settlement{
		{OrderID: id, Disposition: order.DispositionRejected, Cause: "name is too long", At: r.clock.Now()},
	}))
	return id
}

func TestRedrive_OrderIsSentAgainWithinTheFiveMinutesInWhichSQSDropsRepeats(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, e *awstest.Emulator) {
		r := rigOn(t, e, aws.FIFO, "")
		o := orderOf("the key", rod, 1)
		id := r.died(t, o)
		for range 2 {
			require.NoError(t, r.Redrive(t.Context(), id, ann))
			all := r.messages(t)
			require.Len(t, all, 1)
			got, err := r.ReadMessage(t.Context(), sdk.ToString(all[0].Body))
			require.NoError(t, err)
			require.Equal(t, id, got.ID)
			require.Equal(t, o.Key, got.Key, "id and key are in the body, since all else of a message is new")
			require.NoError(t, r.Settle(t.Context(), []order.Settlement{{OrderID: id, Disposition: order.DispositionRejected, Cause: "again"}}))
		}
		sent, err := r.Sweep(t.Context())
		require.NoError(t, err)
		require.Zero(t, sent)
	})
}

// mute is a queue that takes nothing.
type mute struct{ aws.SQS }

func (mute) SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return nil, errors.New("the queue is away")
}

func TestRedrive_OrderThatTheQueueDoesNotTakeIsLeftToTheSweep(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.stocked(t, rod, 3)
	id := r.died(t, orderOf("k", rod, 1))
	there := r.options.SQS
	r.options.SQS = mute{}
	r.reopen(t)
	require.NoError(t, r.Redrive(t.Context(), id, ann))
	require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, r.ledger(t))
	r.options.SQS = there
	r.reopen(t)
	r.clock.Advance(1)
	sent, err := r.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	require.Equal(t, []string{id}, r.sentIDs(t))
}

func TestEdit_LargeOrderIsKeptAnewAndTheOldOneStays(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *aws.Options) { o.MessageBytes = 1024 })
	r.stocked(t, rod, 10)
	o := orderOf("k", rod, 1)
	o.Customer.Address = strings.Repeat("a", 400)
	o.Customer.Name = strings.Repeat("n", 200)
	for range 5 { // makes it larger than a message
		o.Lines = append(o.Lines, o.Lines[0])
	}
	o.Total = o.Total.Times(6)
	id := r.died(t, o)
	record, err := r.Find(t.Context(), id)
	require.NoError(t, err)
	c := intake.CorrectionOf(record.Order)
	c.Customer.Name = "Ann Angler"
	edited, err := r.Edit(t.Context(), id, c, ann)
	require.NoError(t, err)
	require.NoError(t, r.Redrive(t.Context(), id, ann))
	all := r.messages(t)
	require.Len(t, all, 1)
	require.Contains(t, *all[0].Body, "claim_check")
	got, err := r.ReadMessage(t.Context(), *all[0].Body)
	require.NoError(t, err)
	require.Equal(t, edited, got)
	trail, err := r.Trail(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, record.Order, *trail[1].Before)
}

func TestCauses_CountMoreThanOnePageAndEveryLane(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.stocked(t, rod, 100)
	var long []string
	for i, key := range everyKey(30) {
		o := orderOf(key, rod, 1)
		o.Customer.Email = key[4:] + "@example.com" // each in a lane of its own
		id := r.accepted(t, o).OrderID
		cause := []string{"out_of_stock", "name is too long", "name is too long"}[i%3]
		require.NoError(t, r.Settle(t.Context(), []order.Settlement{{OrderID: id, Disposition: order.DispositionRejected, Cause: cause}}))
		if i%3 != 0 {
			long = append(long, id)
		}
	}
	causes, err := r.Causes(t.Context())
	require.NoError(t, err)
	require.Len(t, causes, 2)
	require.EqualValues(t, 20, causes[0].Orders)
	require.EqualValues(t, 10, causes[1].Orders)
	var seen []string
	for after := ""; ; {
		page, err := r.DeadLetters(t.Context(), intake.DeadFilter{Cause: "long", After: after, Limit: 7})
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, l := range page {
			seen = append(seen, l.ID)
		}
		after = page[len(page)-1].ID
	}
	require.Equal(t, long, seen, "in the order of acceptance")
}

func TestStray_WhatIsDoneToAMessageThatIsNoOrderIsKeptWithItsText(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, action := range []intake.Action{intake.Redriven, intake.Dropped} {
		require.NoError(t, r.NoteStray(t.Context(), "message-1", "not JSON at all", intake.AuditEntry{Action: action, Who: "ann"}))
	}
	trail, body, err := r.StrayTrail(t.Context(), "message-1")
	require.NoError(t, err)
	require.Len(t, trail, 2)
	require.Equal(t, intake.Dropped, trail[1].Action)
	require.False(t, trail[1].At.IsZero())
	require.Equal(t, "not JSON at all", body)
	trail, _, err = r.StrayTrail(t.Context(), "message-2")
	require.NoError(t, err)
	require.Empty(t, trail)
}

func TestSettle_DeadLetterThatSQSMovedBackAndLegacyRefusedAgainHasTheNewCause(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.stocked(t, rod, 3)
	id := r.died(t, orderOf("k", rod, 1))
	r.clock.Advance(time.Minute)
	again := order.Settlement{OrderID: id, Disposition: order.DispositionRejected, Cause: "out_of_stock", At: r.clock.Now()}
	for range 2 { // a repeat changes nothing
		require.NoError(t, r.Settle(t.Context(), []order.Settlement{again}))
		letters, err := r.DeadLetters(t.Context(), intake.DeadFilter{})
		require.NoError(t, err)
		require.Equal(t, "out_of_stock", letters[0].Cause)
		require.Equal(t, 2, letters[0].Attempts)
		require.Equal(t, again.At, letters[0].Since)
		trail, err := r.Trail(t.Context(), id)
		require.NoError(t, err)
		require.Len(t, trail, 2)
		require.Equal(t, order.Ledger{Accepted: 1, Dead: 1}, r.ledger(t))
	}
}
