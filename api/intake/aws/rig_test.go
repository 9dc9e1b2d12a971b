package aws_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/intake/intaketest"
	"github.com/banyan-edge/banyan/api/order"
)

// The properties of the suite do some hundred orders each time they are
// checked, and the emulator takes some dozens a second.
//
// TestMain also is the store in another process, for the test that kills one.
func TestMain(m *testing.M) {
	if table := os.Getenv(childRole); table != "" {
		fmt.Fprintln(os.Stderr, runChild(table))
		os.Exit(1)
	}
	_ = flag.Set("rapid.checks", "3")
	_ = flag.Set("rapid.steps", "8")
	goleak.VerifyTestMain(awstest.Main(m))
}

// rig is a store over a table, a queue and a bucket of its own.
type rig struct {
	*aws.Store
	options aws.Options
	clock   *intaketest.Clock
	queue   *sqs.Client
	db      *dynamodb.Client
}

// newRig makes everything, changed as change says, on moto.
func newRig(t *testing.T, change func(*aws.Options)) *rig {
	t.Helper()
	moto := awstest.Moto(t)
	r := &rig{clock: intaketest.NewClock(), queue: moto.SQS(), db: moto.DynamoDB()}
	r.options = aws.Options{
		Table: awstest.Name("orders"), Bucket: awstest.Name("bodies"),
		DynamoDB: r.db, SQS: r.queue, S3: moto.S3(), Now: r.clock.Now,
	}
	if change != nil {
		change(&r.options)
	}
	r.options.Queue = moto.Queue(t, attributes(t, r.options.Kind))
	require.NoError(t, aws.CreateTable(t.Context(), r.db, r.options.Table))
	t.Cleanup(func() {
		_, err := r.db.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &r.options.Table})
		require.NoError(t, err)
	})
	_, err := moto.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &r.options.Bucket})
	require.NoError(t, err)
	r.reopen(t)
	return r
}

func attributes(t *testing.T, kind aws.QueueKind) map[string]string {
	t.Helper()
	all, err := kind.Attributes()
	require.NoError(t, err)
	return all
}

// reopen is a new process over the same table.
func (r *rig) reopen(t *testing.T) {
	t.Helper()
	s, err := aws.New(t.Context(), r.options)
	require.NoError(t, err)
	r.Store = s
}

// stocked puts units of a SKU on the shelf.
func (r *rig) stocked(t *testing.T, sku string, units int) {
	t.Helper()
	require.NoError(t, r.SeedStock(t.Context(), []order.Stock{{SKU: sku, OnHand: units}}))
}

func (r *rig) accepted(t *testing.T, o order.Order) order.Receipt {
	t.Helper()
	receipt, err := r.Accept(t.Context(), o)
	require.NoError(t, err)
	return receipt
}

// ledger returns the ledger. It and a count of the orders themselves balance.
func (r *rig) ledger(t *testing.T) order.Ledger {
	t.Helper()
	l, err := r.Ledger(t.Context())
	require.NoError(t, err)
	require.True(t, l.Balanced(), "%+v", l)
	audited, err := r.Audit(t.Context())
	require.NoError(t, err)
	require.Equal(t, l, audited)
	return l
}

// messages takes all messages out of the queue.
func (r *rig) messages(t *testing.T) []types.Message {
	t.Helper()
	var all []types.Message
	for {
		some := receive(t, r.queue, r.options.Queue)
		if len(some) == 0 {
			return all
		}
		all = append(all, some...)
	}
}

// receive takes up to ten messages out of a queue.
func receive(t *testing.T, queue *sqs.Client, url string) []types.Message {
	t.Helper()
	out, err := queue.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	require.NoError(t, err)
	for _, m := range out.Messages {
		_, err := queue.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle})
		require.NoError(t, err)
	}
	return out.Messages
}

// sentIDs takes all messages out of the queue and returns their orders' ids.
func (r *rig) sentIDs(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, m := range r.messages(t) {
		o, err := r.ReadMessage(t.Context(), sdk.ToString(m.Body))
		require.NoError(t, err)
		ids = append(ids, o.ID)
	}
	return ids
}

// joined is a store and what its receiver remembers of the queue. It is the
// suite's Store: it takes messages out of the queue as they come, numbers them,
// and delivers those that the table says still wait.
type joined struct {
	*aws.Store
	r  *rig
	t  *testing.T
	mu *sync.Mutex
	in *inbox
}

type inbox struct {
	last     int64
	received []order.Queued
	due      map[string]order.Settlement // the last deferral of each order
}

func newJoined(t *testing.T, r *rig) *joined {
	return &joined{Store: r.Store, r: r, t: t, mu: new(sync.Mutex), in: &inbox{due: map[string]order.Settlement{}}}
}

// Waiting returns what the queue has brought and has not ended.
func (j *joined) Waiting(ctx context.Context, after int64, limit int) ([]order.Queued, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, m := range j.r.messages(j.t) {
		o, err := j.ReadMessage(ctx, sdk.ToString(m.Body))
		if err != nil {
			return nil, err
		}
		j.in.last++
		j.in.received = append(j.in.received, order.Queued{Order: o, Seq: j.in.last})
	}
	var all []order.Queued
	for _, q := range j.in.received {
		if q.Seq <= after || len(all) == limit {
			continue
		}
		r, err := j.Find(ctx, q.Order.ID)
		if err != nil {
			return nil, err
		}
		if r.State == order.Accepted && !r.Dead() {
			q.Order, q.Attempts, q.DueAt = r.Order, r.Attempts, j.in.due[r.ID].DueAt
			all = append(all, q)
		}
	}
	return all, nil
}

// Settle remembers when deferred messages come back, and deletes those that are
// done with, as who receives from the queue does.
func (j *joined) Settle(ctx context.Context, all []order.Settlement) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, st := range all {
		if st.Disposition == order.DispositionDeferred {
			j.in.due[st.OrderID] = st
			continue
		}
		delete(j.in.due, st.OrderID)
		j.in.received = slices.DeleteFunc(j.in.received, func(q order.Queued) bool { return q.Seq == st.Seq })
	}
	return j.Store.Settle(ctx, all)
}

const (
	rod   = "muskie-casting-rod"
	creel = "vintage-creel-1962"
)

// orderOf is a priced order of so many units.
func orderOf(key, sku string, quantity int) order.Order {
	price := order.Money{Amount: 18900, Currency: "USD"}
	return order.Order{
		Customer: order.Customer{Email: "ann@example.com", Name: "Ann Angler", Address: "1 Main St, Albany NY 12207"},
		Lines:    []order.Line{{SKU: sku, Quantity: quantity, Price: &price}},
		Payment:  order.Payment{Token: "tok_demo"},
		Total:    price.Times(quantity),
		Key:      key,
		Trace:    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}
}

// everyKey is so many keys.
func everyKey(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprint("key ", i)
	}
	return slices.Clip(keys)
}
