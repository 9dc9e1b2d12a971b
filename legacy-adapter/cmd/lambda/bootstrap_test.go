package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/lambda/runtimetest"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

var scratch string // the folder of the built binary

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "bootstrap"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(awstest.Main(m), goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(scratch)
		os.Exit(code)
	}))
}

// build builds the binary as it is shipped, once.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags=-s -w", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
})

// legacySection is an old shop's schema, met by configuration alone.
const (
	legacySection = `
database: sqlite:legacy.db
connections: 4
write:
  - sql: INSERT INTO orders (number, email) VALUES (:id, :customer.email)
  - each: lines
    sql: UPDATE stock SET on_hand = on_hand - :line.quantity WHERE sku = :line.sku AND on_hand >= :line.quantity
    rows: 1
    else: out_of_stock
`
	legacySchema = `
PRAGMA journal_mode = WAL;
CREATE TABLE orders (number TEXT, email TEXT);
CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand INTEGER);
INSERT INTO stock VALUES ('creel', 100), ('reel', 0);`
)

// installation is the relay's function over a queue and a table on moto, and a
// legacy database.
type installation struct {
	t            *testing.T
	folder       string
	client       *awssqs.Client
	store        *aws.Store
	orders, dead string // queue URLs
	env          []string
}

func install(t *testing.T) *installation {
	moto := awstest.Moto(t)
	in := &installation{t: t, folder: t.TempDir(), client: moto.SQS()}
	attributes, err := aws.FIFO.Attributes()
	require.NoError(t, err)
	in.dead, in.orders = moto.Queue(t, attributes), moto.Queue(t, attributes)
	table := awstest.Name("orders")
	require.NoError(t, aws.CreateTable(t.Context(), moto.DynamoDB(), table))
	in.store, err = aws.New(t.Context(), aws.Options{Table: table, Queue: in.orders, DynamoDB: moto.DynamoDB(), SQS: in.client})
	require.NoError(t, err)
	require.NoError(t, in.store.SeedStock(t.Context(), []order.Stock{{SKU: "creel", OnHand: 1000}, {SKU: "reel", OnHand: 1000}}))
	in.env = append(moto.Env(), "AWS_LAMBDA_FUNCTION_NAME=banyan-relay", "BANYAN_QUEUE="+in.orders, "BANYAN_DEAD_LETTERS="+in.dead, "BANYAN_TABLE="+table,
		"BANYAN_LEGACY="+legacySection, "LAMBDA_TASK_ROOT="+in.folder, "BANYAN_CONCURRENCY=4")
	in.legacy(legacySchema)
	return in
}

func (in *installation) database() *sql.DB {
	db, err := sql.Open("sqlite", filepath.Join(in.folder, "legacy.db"))
	require.NoError(in.t, err)
	return db
}

func (in *installation) legacy(statements string) {
	in.t.Helper()
	db := in.database()
	_, err := db.ExecContext(in.t.Context(), statements)
	require.NoError(in.t, err)
	require.NoError(in.t, db.Close())
}

// written returns the numbers of legacy's orders of a customer, in the order in
// which they were written.
func (in *installation) written(email string) (numbers []string) {
	in.t.Helper()
	db := in.database()
	defer db.Close()
	rows, err := db.QueryContext(in.t.Context(), "SELECT number FROM orders WHERE email = ? ORDER BY rowid", email)
	require.NoError(in.t, err)
	defer rows.Close()
	for rows.Next() {
		var n string
		require.NoError(in.t, rows.Scan(&n))
		numbers = append(numbers, n)
	}
	return numbers
}

// accept places an order as the API's function does.
func (in *installation) accept(email, sku string) string {
	in.t.Helper()
	price := order.Money{Amount: 9900, Currency: "USD"}
	receipt, err := in.store.Accept(in.t.Context(), order.Order{
		Customer: order.Customer{Email: email, Name: "Ann Angler", Address: "1 Main St"},
		Lines:    []order.Line{{SKU: sku, Quantity: 1, Price: &price}},
		Payment:  order.Payment{Token: "tok_demo"}, Total: price, Key: awstest.Name("key"),
	})
	require.NoError(in.t, err)
	return receipt.OrderID
}

func (in *installation) state(id string) order.Record {
	in.t.Helper()
	r, err := in.store.Find(in.t.Context(), id)
	require.NoError(in.t, err)
	return r
}

// receive takes a batch from the queue, as Lambda's poller does.
func (in *installation) receive() []types.Message {
	in.t.Helper()
	out, err := in.client.ReceiveMessage(in.t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: &in.orders, MaxNumberOfMessages: 10, WaitTimeSeconds: 10, VisibilityTimeout: 30,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	require.NoError(in.t, err)
	require.NotEmpty(in.t, out.Messages)
	return out.Messages
}

// environment is a running bootstrap.
type environment struct {
	*exec.Cmd
	in   *installation
	rt   *runtimetest.Runtime
	out  bytes.Buffer // metrics; like log to be read after the process has ended
	log  bytes.Buffer
	done chan error
}

func (in *installation) start() *environment {
	in.t.Helper()
	path, err := build()
	require.NoError(in.t, err)
	e := &environment{Cmd: exec.Command(path), in: in, rt: runtimetest.Start(), done: make(chan error, 1)}
	in.t.Cleanup(e.rt.Close)
	e.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + e.rt.Addr()}, in.env...)
	e.Stdout, e.Stderr = &e.out, &e.log
	require.NoError(in.t, e.Start())
	go func() { e.done <- e.Wait() }()
	in.t.Cleanup(func() { _ = e.Process.Kill() })
	return e
}

// hasLegacyOpen reports whether the function has begun to write.
func (e *environment) hasLegacyOpen() bool {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", e.Process.Pid))
	return slices.ContainsFunc(files, func(f string) bool {
		target, err := os.Readlink(f)
		return err == nil && strings.HasSuffix(target, "legacy.db")
	})
}

// end asks the function to end, as Lambda does, and waits until it has.
func (e *environment) end() {
	e.in.t.Helper()
	require.NoError(e.in.t, e.Process.Signal(syscall.SIGTERM))
	require.NoError(e.in.t, <-e.done, "exit code")
}

// invoke takes messages through the function and deletes those that it does not
// call failed, as Lambda does. It returns the bodies of those that it does.
func (e *environment) invoke(messages []types.Message, timeout time.Duration) (failed []string) {
	t := e.in.t
	t.Helper()
	var event events.SQSEvent
	bodies := make(map[string]types.Message)
	for _, m := range messages {
		event.Records = append(event.Records, events.SQSMessage{
			MessageId: *m.MessageId, ReceiptHandle: *m.ReceiptHandle, Body: *m.Body, Attributes: m.Attributes, EventSource: "aws:sqs",
		})
		bodies[*m.MessageId] = m
	}
	payload, err := json.Marshal(event)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	res, err := e.rt.Invoke(ctx, runtimetest.Invocation{Payload: payload, Deadline: time.Now().Add(timeout)})
	require.NoError(t, err)
	require.Nil(t, res.Failure)
	var answer map[string][]events.SQSBatchItemFailure
	require.NoError(t, json.Unmarshal(res.Payload, &answer))
	require.Contains(t, answer, "batchItemFailures")
	require.NotNil(t, answer["batchItemFailures"], "an empty list, not null")
	for _, f := range answer["batchItemFailures"] {
		require.Contains(t, bodies, f.ItemIdentifier, "an unknown id would fail the whole batch")
		failed = append(failed, *bodies[f.ItemIdentifier].Body)
		delete(bodies, f.ItemIdentifier)
	}
	for _, m := range bodies {
		_, err := e.in.client.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: &e.in.orders, ReceiptHandle: m.ReceiptHandle})
		require.NoError(t, err)
	}
	return failed
}

func (in *installation) deadLetters() (letters []sqs.DeadLetter) {
	in.t.Helper()
	out, err := in.client.ReceiveMessage(in.t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &in.dead, MaxNumberOfMessages: 10})
	require.NoError(in.t, err)
	for _, m := range out.Messages {
		letters = append(letters, sqs.ReadDeadLetter(*m.Body))
	}
	return letters
}

func TestBootstrap_TakesABatchToLegacyAndFailsNothingThatIsDoneWith(t *testing.T) {
	in := install(t)
	first, second := in.accept("ann@example.com", "creel"), in.accept("ann@example.com", "creel")
	refused := in.accept("bob@example.com", "reel")
	garbage, group := "garbage", "eve"
	_, err := in.client.SendMessage(t.Context(), &awssqs.SendMessageInput{
		QueueUrl: &in.orders, MessageBody: &garbage, MessageGroupId: &group, MessageDeduplicationId: &garbage,
	})
	require.NoError(t, err)
	f := in.start()
	batch := in.receive()
	require.Len(t, batch, 4)
	require.Empty(t, f.invoke(batch, 30*time.Second))
	require.Equal(t, []string{first, second}, in.written("ann@example.com"))
	require.Equal(t, order.Written, in.state(first).State)
	require.True(t, in.state(refused).Dead())
	causes := make(map[string]string)
	for _, l := range in.deadLetters() {
		causes[l.OrderID] = l.Cause
	}
	require.Len(t, causes, 2)
	require.Contains(t, causes[refused], "out_of_stock")
	require.Contains(t, causes[""], "no order")
	ledger, err := in.store.Ledger(t.Context())
	require.NoError(t, err)
	require.Equal(t, order.Ledger{Accepted: 3, Written: 2, Dead: 1}, ledger)

	// The same batch again, as SQS may: nothing is written twice.
	payload := batch[:2]
	event := events.SQSEvent{}
	for _, m := range payload {
		event.Records = append(event.Records, events.SQSMessage{MessageId: *m.MessageId, ReceiptHandle: *m.ReceiptHandle, Body: *m.Body, Attributes: m.Attributes})
	}
	again, err := json.Marshal(event)
	require.NoError(t, err)
	res, err := f.rt.Invoke(t.Context(), runtimetest.Invocation{Payload: again})
	require.NoError(t, err)
	require.JSONEq(t, `{"batchItemFailures":[]}`, string(res.Payload))
	require.Len(t, in.written("ann@example.com"), 2)
	f.end()
}

func TestBootstrap_WhileLegacyIsAwayOrdersFailAndComeBackInSequence(t *testing.T) {
	in := install(t)
	in.legacy("ALTER TABLE orders RENAME TO orders_away")
	first := in.accept("ann@example.com", "creel")
	f := in.start()
	require.Len(t, f.invoke(in.receive(), 10*time.Second), 1)
	require.Equal(t, order.Accepted, in.state(first).State)
	require.False(t, in.state(first).Dead())
	// The second comes now: moto gives out a group from its second message on
	// once two were put back together (see the table in relay/sqs).
	second := in.accept("ann@example.com", "creel")
	in.legacy("ALTER TABLE orders_away RENAME TO orders")
	require.Eventually(t, func() bool {
		f.invoke(in.receive(), 10*time.Second)
		return len(in.written("ann@example.com")) == 2
	}, 30*time.Second, time.Millisecond)
	require.Equal(t, []string{first, second}, in.written("ann@example.com"))
	require.Empty(t, in.deadLetters())
	f.end()
}

// TestBootstrap_KilledInMidBatchLosesNothing kills the environment while
// legacy is locked and the batch in hand.
func TestBootstrap_KilledInMidBatchLosesNothing(t *testing.T) {
	in := install(t)
	id := in.accept("ann@example.com", "creel")
	db := in.database()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	batch := in.receive()
	f := in.start()
	<-f.rt.Ready()
	invoked := make(chan struct{})
	go func() {
		defer close(invoked)
		payload, _ := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{
			MessageId: *batch[0].MessageId, ReceiptHandle: *batch[0].ReceiptHandle, Body: *batch[0].Body, Attributes: batch[0].Attributes,
		}}})
		_, _ = f.rt.Invoke(t.Context(), runtimetest.Invocation{Payload: payload})
	}()
	require.Eventually(t, f.hasLegacyOpen, 5*time.Second, 10*time.Millisecond, "%s", &f.log)
	require.NoError(t, f.Process.Kill())
	<-f.done
	f.rt.Close()
	<-invoked
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, db.Close())
	next := in.start()
	require.Empty(t, next.invoke(batch, 30*time.Second))
	require.Equal(t, []string{id}, in.written("ann@example.com"))
	next.end()
}

func TestBootstrap_AnEventOfAnotherKindIsAnError(t *testing.T) {
	in := install(t)
	f := in.start()
	res, err := f.rt.Invoke(t.Context(), runtimetest.Invocation{Payload: []byte(`{"version":"2.0","rawPath":"/"}`)})
	require.NoError(t, err)
	require.NotNil(t, res.Failure)
	require.Contains(t, res.Failure.Message, "SQS event source mapping")
	f.end()
}

func TestBootstrap_WithoutSettingsDoesNotStart(t *testing.T) {
	in := &installation{t: t}
	f := in.start()
	var exit *exec.ExitError
	require.ErrorAs(t, <-f.done, &exit)
	require.Equal(t, 1, exit.ExitCode())
	require.Equal(t, "banyan: BANYAN_QUEUE is not set\nhint: set it to the URL of the order queue\n", f.log.String())
	told := <-f.rt.InitFailed()
	require.Equal(t, "Banyan.InitError", told.Type)
	require.Contains(t, told.Message, "BANYAN_QUEUE")
}
