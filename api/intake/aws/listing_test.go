package aws_test

import (
	"fmt"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/intake/intaketest"
	"github.com/banyan-edge/banyan/api/order"
)

// offers is a rig with a queue of listings.
type offers struct {
	*rig
	queueOf string
}

func newOffers(t *testing.T, change func(*aws.Options)) offers {
	r := newRig(t, change)
	r.stocked(t, rod, 100)
	return offers{r, awstest.Moto(t).Queue(t, attributes(t, r.options.Kind))}
}

func (o offers) listings() *aws.Listings { return o.Listings(o.queueOf) }

// queued takes all messages out of the queue of listings.
func (o offers) queued(t *testing.T) (envelopes []order.Order) {
	for {
		some := receive(t, o.queue, o.queueOf)
		if len(some) == 0 {
			return envelopes
		}
		for _, m := range some {
			envelope, err := o.listings().ReadMessage(t.Context(), sdk.ToString(m.Body))
			require.NoError(t, err)
			envelopes = append(envelopes, envelope)
		}
	}
}

func (o offers) swept(t *testing.T, want int) {
	t.Helper()
	sent, err := o.listings().Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, sent)
}

func TestListings_PassTheSuite(t *testing.T) {
	intaketest.RunListings(t, func(t *testing.T, clock *intaketest.Clock) intaketest.ListingHarness {
		o := newOffers(t, func(o *aws.Options) { o.Now = clock.Now })
		return intaketest.ListingHarness{
			Store: o.listings(), Queued: o.queued,
			Redrive: func(t *testing.T, id string) { require.NoError(t, o.listings().Redrive(t.Context(), id)) },
			Reopen: func(t *testing.T) intaketest.ListingStore {
				o.reopen(t)
				return o.listings()
			},
			PlaceOrder: func(t *testing.T, key string) order.Receipt { return o.accepted(t, orderOf(key, rod, 1)) },
		}
	})
}

func TestListings_OneThatTheQueueDidNotTakeIsSentLaterAndIsNoOrder(t *testing.T) {
	t.Parallel()
	queue := &flakySQS{}
	o := newOffers(t, func(o *aws.Options) {
		queue.SQS = o.SQS
		o.SQS = queue
	})
	queue.send.set(first(-1, errQueueAway), nil)
	receipt, err := o.listings().Accept(t.Context(), intaketest.Offered("k"))
	require.NoError(t, err, "it stands, whatever the queue says")
	require.Empty(t, o.queued(t))
	o.swept(t, 0) // it may still be on its way
	o.clock.Advance(time.Minute)
	_, err = o.listings().Sweep(t.Context())
	require.ErrorIs(t, err, errQueueAway)
	queue.send.set(nil, nil)
	sent, err := o.Sweep(t.Context())
	require.NoError(t, err)
	require.Zero(t, sent, "the sweep of orders sees no listings")
	o.swept(t, 1)
	o.swept(t, 0)
	require.Equal(t, []order.Order{receipt.Listing.Envelope()}, o.queued(t))
	require.Equal(t, order.Ledger{}, o.ledger(t), "a listing is no order")
}

func TestListings_AnAnswerLostBetweenTransactionAndQueueLeavesOneListing(t *testing.T) {
	t.Parallel()
	db := &flakyDB{}
	o := newOffers(t, func(o *aws.Options) {
		db.DynamoDB = o.DynamoDB
		o.DynamoDB = db
	})
	for n := range 3 {
		db.transact.set(nil, first(1, fmt.Errorf("the connection broke")))
		key := fmt.Sprint(n)
		receipt, err := o.listings().Accept(t.Context(), intaketest.Offered(key))
		require.NoError(t, err)
		again, err := o.listings().Accept(t.Context(), intaketest.Offered(key))
		require.NoError(t, err)
		require.Equal(t, receipt.Listing.ID, again.Listing.ID)
	}
	ledger, err := o.listings().Ledger(t.Context())
	require.NoError(t, err)
	require.Equal(t, order.Ledger{Accepted: 3, Waiting: 3}, ledger)
	require.Len(t, o.queued(t), 3)
}

func TestListings_DynamoDBThatIsAwayKeepsNothing(t *testing.T) {
	t.Parallel()
	db := &flakyDB{}
	o := newOffers(t, func(o *aws.Options) {
		db.DynamoDB = o.DynamoDB
		o.DynamoDB = db
	})
	db.transact.set(first(-1, fmt.Errorf("the connection broke")), nil)
	_, err := o.listings().Accept(t.Context(), intaketest.Offered("k"))
	require.ErrorIs(t, err, order.ErrUnavailable)
	db.transact.set(nil, nil)
	require.Empty(t, o.queued(t))
	out, err := o.db.Scan(t.Context(), &dynamodb.ScanInput{TableName: &o.options.Table, FilterExpression: sdk.String("begins_with(pk, :l)"),
		ExpressionAttributeValues: keyValues(":l", "listing")})
	require.NoError(t, err)
	require.Empty(t, out.Items)
}

func keyValues(name, value string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{name: &types.AttributeValueMemberS{Value: value}}
}
