package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// onAWS is a shop whose orders are on AWS: the table on moto, the queues on
// fauxqs, which keeps a customer's orders in sequence for many who wait at once.
type onAWS struct {
	t            *testing.T
	folder       string // of banyan.yaml and the legacy database
	table        string
	client       *awssqs.Client
	orders, dead string // queue URLs
	store        *aws.Store
	options      aws.Options
	env          []string
}

const cloudSchema = `PRAGMA journal_mode = WAL;
CREATE TABLE orders (number TEXT UNIQUE, email TEXT CHECK (email <> 'eve@example.com'));
CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand INTEGER);
INSERT INTO stock VALUES ('creel', 1000), ('reel', 5);`

const cloudConfig = `intake:
  store: {aws: {table: %s, queue: "%s"}}
legacy:
  database: sqlite:legacy.db
  connections: 4
  stock: SELECT sku, on_hand FROM stock
  write:
    - sql: INSERT INTO orders (number, email) VALUES (:id, :customer.email)
    - each: lines
      sql: UPDATE stock SET on_hand = on_hand - :line.quantity WHERE sku = :line.sku AND on_hand >= :line.quantity
      rows: 1
      else: out_of_stock
`

func newOnAWS(t *testing.T) *onAWS {
	moto, fauxqs := awstest.Moto(t), awstest.Fauxqs(t)
	a := &onAWS{t: t, folder: t.TempDir(), table: "orders-" + order.NewID(time.Now()), client: fauxqs.SQS()}
	attributes, err := aws.FIFO.Attributes()
	require.NoError(t, err)
	a.dead = fauxqs.Queue(t, attributes)
	arn, err := a.client.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: &a.dead, AttributeNames: []types.QueueAttributeName{"QueueArn"}})
	require.NoError(t, err)
	attributes["RedrivePolicy"] = sqs.RedrivePolicy(arn.Attributes["QueueArn"])
	a.orders = fauxqs.Queue(t, attributes)
	require.NoError(t, aws.CreateTable(t.Context(), moto.DynamoDB(), a.table))
	a.options = aws.Options{Table: a.table, Queue: a.orders, DynamoDB: moto.DynamoDB(), SQS: a.client}
	a.store, err = aws.New(t.Context(), a.options)
	require.NoError(t, err)
	require.NoError(t, a.store.SeedStock(t.Context(), []order.Stock{{SKU: "creel", OnHand: 1000}, {SKU: "reel", OnHand: 5}}))
	a.env = append(os.Environ(), moto.Env()...)
	a.env = append(a.env, "AWS_ENDPOINT_URL_SQS="+fauxqs.URL, "USER=ann")
	a.legacy(cloudSchema)
	text := fmt.Sprintf(cloudConfig, a.table, a.orders)
	require.NoError(t, os.WriteFile(filepath.Join(a.folder, "banyan.yaml"), []byte(text), 0o600))
	return a
}

func (a *onAWS) database() *sql.DB {
	db, err := sql.Open("sqlite", filepath.Join(a.folder, "legacy.db"))
	require.NoError(a.t, err)
	return db
}

func (a *onAWS) legacy(statements string) {
	a.t.Helper()
	db := a.database()
	_, err := db.ExecContext(a.t.Context(), statements)
	require.NoError(a.t, err)
	require.NoError(a.t, db.Close())
}

// written returns the numbers of legacy's orders by customer, in the order in
// which they were written.
func (a *onAWS) written() map[string][]string {
	a.t.Helper()
	db := a.database()
	defer db.Close()
	rows, err := db.QueryContext(a.t.Context(), "SELECT email, number FROM orders ORDER BY rowid")
	require.NoError(a.t, err)
	defer rows.Close()
	all := make(map[string][]string)
	for rows.Next() {
		var email, number string
		require.NoError(a.t, rows.Scan(&email, &number))
		all[email] = append(all[email], number)
	}
	require.NoError(a.t, rows.Err())
	return all
}

// accept places an order as the API's function does.
func (a *onAWS) accept(email, sku string) string {
	a.t.Helper()
	price := order.Money{Amount: 9900, Currency: "USD"}
	receipt, err := a.store.Accept(a.t.Context(), order.Order{
		Customer: order.Customer{Email: email, Name: "Ann Angler", Address: "1 Main St"},
		Lines:    []order.Line{{SKU: sku, Quantity: 1, Price: &price}},
		Payment:  order.Payment{Token: "tok_secret"}, Total: price, Key: awstest.Name("key"),
	})
	require.NoError(a.t, err)
	return receipt.OrderID
}

// garbage puts a message into the queue that is no order.
func (a *onAWS) garbage(body string) {
	a.t.Helper()
	id := awstest.Name("garbage")
	_, err := a.client.SendMessage(a.t.Context(), &awssqs.SendMessageInput{QueueUrl: &a.orders, MessageBody: &body, MessageGroupId: &id, MessageDeduplicationId: &id})
	require.NoError(a.t, err)
}

func (a *onAWS) depth(queue string) int64 {
	a.t.Helper()
	q, err := sqs.Ask(a.t.Context(), a.client, queue)
	require.NoError(a.t, err)
	return q.Depth()
}

func (a *onAWS) ledger() order.Ledger {
	a.t.Helper()
	l, err := a.store.Ledger(a.t.Context())
	require.NoError(a.t, err)
	require.True(a.t, l.Balanced(), "%+v", l)
	return l
}

func (a *onAWS) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Env = a.folder, a.env
	return cmd
}

// banyan runs a command that has to end with this exit code, and returns what it
// printed.
func (a *onAWS) banyan(code int, args ...string) (stdout, stderr string) {
	a.t.Helper()
	cmd := a.command(args...)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil {
		require.True(a.t, errors.As(err, &exit), "%v", err)
	}
	require.Equal(a.t, code, cmd.ProcessState.ExitCode(), "banyan %s\n%s%s", strings.Join(args, " "), &out, &talk)
	return out.String(), talk.String()
}

// relayProcess is a running "banyan relay".
type relayProcess struct {
	a    *onAWS
	cmd  *exec.Cmd
	log  bytes.Buffer // to be read when it has ended
	gone chan struct{}

	At string `json:"relay"`
}

// relay starts a relay and waits until it says that it is up.
func (a *onAWS) relay(flags ...string) *relayProcess {
	a.t.Helper()
	r := &relayProcess{a: a, gone: make(chan struct{})}
	r.cmd = a.command(append([]string{"relay", "--json", "--listen", "127.0.0.1:0"}, flags...)...)
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r.cmd.Stderr = &r.log
	out, err := r.cmd.StdoutPipe()
	require.NoError(a.t, err)
	require.NoError(a.t, r.cmd.Start())
	a.t.Cleanup(r.kill)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	go func() { // Wait closes the pipe, so only after the first line
		io.Copy(io.Discard, out)
		r.cmd.Wait()
		close(r.gone)
	}()
	if err != nil {
		<-r.gone
		require.NoError(a.t, err, "%s", &r.log)
	}
	require.NoError(a.t, json.Unmarshal(line, r))
	return r
}

// kill ends it as a power cut would.
func (r *relayProcess) kill() {
	r.cmd.Process.Signal(syscall.SIGKILL)
	<-r.gone
}

// stop asks it to drain; it has to end well.
func (r *relayProcess) stop() {
	r.a.t.Helper()
	require.NoError(r.a.t, r.cmd.Process.Signal(syscall.SIGTERM))
	<-r.gone
	require.Zero(r.a.t, r.cmd.ProcessState.ExitCode(), "%s", &r.log)
}

// purge empties the queue of orders.
func (a *onAWS) purge() error {
	for a.depth(a.orders) > 0 {
		out, err := a.client.ReceiveMessage(a.t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &a.orders, MaxNumberOfMessages: 10})
		if err != nil {
			return err
		}
		for _, m := range out.Messages {
			if _, err := a.client.DeleteMessage(a.t.Context(), &awssqs.DeleteMessageInput{QueueUrl: &a.orders, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return err
			}
		}
	}
	return nil
}
