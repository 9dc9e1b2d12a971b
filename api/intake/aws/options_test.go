package aws_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/order"
)

func TestNew_RefusesOptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*aws.Options){
		"a table is needed":     func(o *aws.Options) { o.Table = "" },
		"a queue URL is needed": func(o *aws.Options) { o.Queue = "" },
		"message size":          func(o *aws.Options) { o.MessageBytes = 2 << 20 },
		"may hold only":         func(o *aws.Options) { o.Tenant = "a shop" },
		"longer than 64":        func(o *aws.Options) { o.Tenant = strings.Repeat("a", 65) },
	} {
		o := aws.Options{Table: "orders", Queue: "https://sqs.example.com/1/orders.fifo"}
		change(&o)
		_, err := aws.New(t.Context(), o)
		require.ErrorContains(t, err, want)
	}
}

func TestNew_MakesTheClientsThatAreNotGiven(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-north-1")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_, err := aws.New(t.Context(), aws.Options{Table: "orders", Queue: "https://sqs.example.com/1/orders", Bucket: "bodies"})
	require.NoError(t, err)
}

func TestTable_IsMadeAsItsPropertiesSay(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	var want struct {
		KeySchema, AttributeDefinitions json.RawMessage
		GlobalSecondaryIndexes          []types.GlobalSecondaryIndex
		TimeToLiveSpecification         types.TimeToLiveSpecification
	}
	require.NoError(t, json.Unmarshal(aws.TableProperties(), &want))
	table, err := r.db.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &r.options.Table})
	require.NoError(t, err)
	require.Equal(t, types.BillingModePayPerRequest, table.Table.BillingModeSummary.BillingMode)
	got := map[string][]types.KeySchemaElement{}
	for _, index := range table.Table.GlobalSecondaryIndexes {
		require.Equal(t, types.ProjectionTypeKeysOnly, index.Projection.ProjectionType)
		got[*index.IndexName] = index.KeySchema
	}
	require.Len(t, got, 2)
	for _, index := range want.GlobalSecondaryIndexes {
		require.Equal(t, index.KeySchema, got[*index.IndexName])
	}
	ttl, err := r.db.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: &r.options.Table})
	require.NoError(t, err)
	require.Equal(t, want.TimeToLiveSpecification.AttributeName, ttl.TimeToLiveDescription.AttributeName)
	require.Equal(t, types.TimeToLiveStatusEnabled, ttl.TimeToLiveDescription.TimeToLiveStatus)
}

func TestQueueKind_FIFOIsHighThroughput(t *testing.T) {
	t.Parallel()
	fifo := attributes(t, aws.FIFO)
	require.Equal(t, "messageGroup", fifo["DeduplicationScope"])
	require.Equal(t, "perMessageGroupId", fifo["FifoThroughputLimit"])
	standard := attributes(t, aws.Standard)
	require.NotContains(t, standard, "FifoQueue")
	for _, one := range []map[string]string{fifo, standard} {
		require.Equal(t, "1048576", one["MaximumMessageSize"])
		require.Equal(t, "1209600", one["MessageRetentionPeriod"])
	}
}

// Only keys expire, not before they may be claimed again, and an order or a count
// never does.
func TestTable_OnlyKeysExpireAndNotTooEarly(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.stocked(t, rod, 3)
	r.clock.Advance(500 * time.Millisecond)
	accepted := r.accepted(t, orderOf("k", rod, 1)).AcceptedAt
	out, err := r.db.Scan(t.Context(), &dynamodb.ScanInput{TableName: &r.options.Table})
	require.NoError(t, err)
	var expire []string
	for _, it := range out.Items {
		var i struct {
			PK      string `dynamodbav:"pk"`
			Expires *int64 `dynamodbav:"expires"`
		}
		require.NoError(t, attributevalue.UnmarshalMap(it, &i))
		if i.Expires != nil {
			expire = append(expire, i.PK)
			require.False(t, time.Unix(*i.Expires, 0).Before(accepted.Add(order.KeyTTL)))
		}
	}
	require.Len(t, expire, 1)
	require.True(t, strings.HasPrefix(expire[0], "claim."))
}

func TestLeft_MayBeAsOldAsItIsAllowedToBe(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.stocked(t, rod, 5)
	pages := r.options
	pages.LeftAge = time.Second
	store, err := aws.New(t.Context(), pages)
	require.NoError(t, err)
	left := func() int {
		n, err := store.Left(t.Context(), rod)
		require.NoError(t, err)
		return n
	}
	require.Equal(t, 5, left())
	r.accepted(t, orderOf("k", rod, 2))
	require.Equal(t, 5, left())
	r.clock.Advance(time.Second)
	require.Equal(t, 3, left())
	_, err = store.Left(t.Context(), "no-such-thing")
	var unknown *order.UnknownProductError
	require.ErrorAs(t, err, &unknown)
}

func TestMetrics_CountOutcomes(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	r := newRig(t, func(o *aws.Options) { o.Metrics = reg })
	r.options.Metrics = nil // a registry takes a store's metrics once
	r.stocked(t, rod, 1)
	r.accepted(t, orderOf("k", rod, 1))
	r.accepted(t, orderOf("k", rod, 1))
	_, err := r.Accept(t.Context(), orderOf("late", rod, 1))
	require.Error(t, err)
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP banyan_intake_orders_total Orders that asked to be accepted, by outcome.
# TYPE banyan_intake_orders_total counter
banyan_intake_orders_total{outcome="accepted"} 1
banyan_intake_orders_total{outcome="replayed"} 1
banyan_intake_orders_total{outcome="sold_out"} 1
# HELP banyan_intake_sends_total Orders sent to the queue, by outcome.
# TYPE banyan_intake_sends_total counter
banyan_intake_sends_total{outcome="sent"} 1
`), "banyan_intake_orders_total", "banyan_intake_sends_total"))
}

func TestDeviations_MotoStillIgnoresTheRequestToken(t *testing.T) {
	t.Parallel()
	moto := awstest.Moto(t)
	r := newRig(t, nil)
	add := &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: sdk.String("twice"),
		TransactItems: []types.TransactWriteItem{{Update: &types.Update{
			TableName: &r.options.Table, Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "n"}},
			UpdateExpression:          sdk.String("ADD n :one"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}},
		}}},
	}
	for range 2 {
		_, err := r.db.TransactWriteItems(t.Context(), add)
		require.NoError(t, err)
	}
	out, err := r.db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &r.options.Table, Key: add.TransactItems[0].Update.Key})
	require.NoError(t, err)
	_, ignores := moto.Has(awstest.NoRequestToken)
	require.Equal(t, ignores, out.Item["n"].(*types.AttributeValueMemberN).Value == "2", "the table of deviations is not up to date")
}
