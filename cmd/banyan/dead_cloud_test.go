package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/order"
)

// read decodes what a command prints with --json.
func (a *onAWS) read(into any, args ...string) {
	a.t.Helper()
	out, _ := a.banyan(0, append(args, "--json")...)
	require.NoError(a.t, json.Unmarshal([]byte(out), into), "%s", out)
}

// moved puts an order's message where SQS puts it after too many receipts.
func (a *onAWS) moved(id string) {
	a.t.Helper()
	require.NoError(a.t, a.purge())
	r, err := a.store.Find(a.t.Context(), id)
	require.NoError(a.t, err)
	body, err := json.Marshal(r.Order)
	require.NoError(a.t, err)
	_, err = a.client.SendMessage(a.t.Context(), &awssqs.SendMessageInput{QueueUrl: &a.dead, MessageBody: aws.String(string(body)),
		MessageGroupId: aws.String("moved"), MessageDeduplicationId: aws.String(awstest.Name("moved"))})
	require.NoError(a.t, err)
}

func (a *onAWS) dies(n int64) {
	a.t.Helper()
	require.Eventually(a.t, func() bool { return a.ledger().Dead == n }, time.Minute, 50*time.Millisecond)
}

// forecast asks for the forecast as JSON, with something that happens while the
// orders are counted.
func (a *onAWS) forecast(meanwhile func()) string {
	a.t.Helper()
	cmd := a.command("ledger", "--forecast", "--json", "--over", "2s")
	talk, err := cmd.StderrPipe()
	require.NoError(a.t, err)
	var out bytes.Buffer
	cmd.Stdout = &out
	require.NoError(a.t, cmd.Start())
	said, err := bufio.NewReader(talk).ReadString('\n')
	require.NoError(a.t, err)
	require.Equal(a.t, "counting for 2s\n", said)
	meanwhile()
	require.NoError(a.t, cmd.Wait())
	return out.String()
}

// newest is the id of the order accepted last.
func (a *onAWS) newest() string {
	a.t.Helper()
	all, err := a.store.List(a.t.Context(), intake.Filter{Limit: 1})
	require.NoError(a.t, err)
	return all[0].ID
}

func TestDead_OnAWSOrdersAndMessagesAreShownMendedAndWritten(t *testing.T) {
	a := newOnAWS(t)
	moved := a.accept("dora@example.com", "creel")
	a.moved(moved)
	relay := a.relay()
	refused := a.accept("eve@example.com", "creel") // whom legacy's constraint does not let in
	a.garbage("not JSON at all")
	a.dies(1)
	require.Eventually(t, func() bool { return a.depth(a.dead) == 3 }, time.Minute, 50*time.Millisecond)

	var list deadList
	a.read(&list, "dead")
	require.EqualValues(t, 3, list.Dead)
	example := make(map[string]string)
	for _, g := range list.Causes {
		example[strings.Fields(g.Words)[0]] = g.Example
	}
	a.read(&list, "dead", "list", "--cause", "SQS moved")
	require.Len(t, list.Orders, 1)
	movedMessage := list.Orders[0].ID
	a.read(&list, "dead", "list", "--cause", "no order")
	require.Len(t, list.Orders, 1)
	garbage := list.Orders[0].ID
	table, _ := a.banyan(0, "dead")
	require.Contains(t, table, refused)
	require.Contains(t, table, garbage)

	shown, _ := a.banyan(0, "dead", "show", refused)
	require.Regexp(t, `state +dead\n`, shown)
	require.NotContains(t, shown, "tok_secret")
	_, talk := a.banyan(1, "dead", "edit", garbage, "--set", "customer.name=Ann")
	require.Contains(t, talk, "is a message in the dead-letter queue")

	out, _ := a.banyan(3, "dead", "check", refused)
	require.Contains(t, out, "it would be refused")
	out, _ = a.banyan(0, "dead", "check", refused, "--set", "customer.email=eva@example.com")
	require.Contains(t, out, "it would be written")
	a.banyan(0, "dead", "edit", refused, "--set", "customer.email=eva@example.com", "--why", "a typing error")
	var done redriven
	a.read(&done, "dead", "redrive", refused, movedMessage, "--why", "mended")
	require.Equal(t, 2, done.Written)
	a.banyan(2, "dead", "drop", garbage)
	a.banyan(0, "dead", "drop", garbage, "--why", "a test message")

	written := a.written()
	require.Equal(t, []string{refused}, written["eva@example.com"], "id kept, once")
	require.Equal(t, []string{moved}, written["dora@example.com"])
	require.Equal(t, order.Ledger{Accepted: 2, Written: 2}, a.ledger())
	require.Zero(t, a.depth(a.dead), "what was mended leaves nothing behind")
	require.Zero(t, a.depth(a.orders))

	var trail deadShown
	a.read(&trail, "dead", "show", refused)
	var did []string
	for _, e := range trail.Audit {
		did = append(did, e.Who+" "+string(e.Action)+" "+e.Why)
	}
	require.Equal(t, []string{"relay refused ", "ann checked ", "ann checked ", "ann edited a typing error", "ann redriven mended"}, did)
	require.Equal(t, "eve@example.com", trail.Audit[3].Before.Customer.Email)
	audit, body, err := a.store.StrayTrail(t.Context(), garbage)
	require.NoError(t, err)
	require.Equal(t, "a test message", audit[0].Why)
	require.Equal(t, "not JSON at all", body)
	relay.stop()
}

func TestDead_OnAWSARedriveStopsItselfWhenTheCauseRepeats(t *testing.T) {
	a := newOnAWS(t)
	for range 5 {
		a.accept("eve@example.com", "creel")
	}
	relay := a.relay()
	a.dies(5)
	out, talk := a.banyan(3, "dead", "redrive", "--all", "--stop-after", "2", "--rate", "100/s", "--json")
	var done redriven
	require.NoError(t, json.Unmarshal([]byte(out), &done))
	require.Contains(t, talk, "2 in a row died again of the same cause")
	require.Less(t, done.Redriven, 5)
	require.Equal(t, order.Ledger{Accepted: 5, Dead: 5}, a.ledger())
	relay.stop()
}

func TestCommands_LookAfterOrdersOnAWS(t *testing.T) {
	a := newOnAWS(t)
	id := a.accept("ann@example.com", "reel")
	var records []order.Record
	a.read(&records, "orders")
	require.Equal(t, id, records[0].ID)
	shown, _ := a.banyan(0, "orders", "show", id)
	require.Regexp(t, `state +accepted\n`, shown)
	ledger, _ := a.banyan(0, "ledger")
	require.Regexp(t, `waiting +1\n`, ledger)
	require.Contains(t, ledger, "Every order is accounted for.")
	require.Contains(t, ledger, "queue: 1 to be received, 0 in hand or deferred, 0 delayed; dead-letter queue: 0")
	var stock []stockLine
	a.read(&stock, "stock")
	require.Equal(t, "reel", stock[1].SKU)
	require.Equal(t, 1, stock[1].Held)
	require.Equal(t, 5, *stock[1].Legacy)
	require.Zero(t, *stock[1].Difference)

	var forecast console.Forecast
	require.NoError(t, json.Unmarshal([]byte(a.forecast(func() { a.accept("bob@example.com", "reel") })), &forecast))
	require.EqualValues(t, 2, forecast.Waiting)
	require.Positive(t, forecast.Arriving)
	require.Zero(t, forecast.Rate)
	require.NoError(t, a.store.Cancel(t.Context(), a.newest(), "a test"))
	relay := a.relay()
	require.Eventually(t, func() bool { return a.ledger().Written == 1 }, time.Minute, 50*time.Millisecond)
	relay.stop()
	ledger, _ = a.banyan(0, "ledger")
	require.Regexp(t, `written +1\n`, ledger)

	out, talk := a.banyan(1, "up", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0")
	require.Empty(t, out)
	require.Contains(t, talk, "intake.store is aws")
	require.Contains(t, talk, "hint: ")
}

func TestDead_OnAWSAMessageThatIsNoOrderIsRedrivenAsItIs(t *testing.T) {
	a := newOnAWS(t)
	relay := a.relay()
	a.garbage("not JSON at all")
	require.Eventually(t, func() bool { return a.depth(a.dead) == 1 }, time.Minute, 50*time.Millisecond)
	var list deadList
	a.read(&list, "dead", "list", "--cause", "no order")
	before := list.Orders[0].ID
	var done redriven
	a.read(&done, "dead", "redrive", "--all", "--why", "the relay was mended")
	require.Equal(t, 1, done.Redriven)
	require.Zero(t, done.Waiting)
	require.Eventually(t, func() bool { return a.depth(a.dead) == 1 && a.depth(a.orders) == 0 }, time.Minute, 50*time.Millisecond)
	a.read(&list, "dead", "list", "--cause", "no order")
	require.Len(t, list.Orders, 1)
	require.NotEqual(t, before, list.Orders[0].ID, "a new message, refused again")
	trail, body, err := a.store.StrayTrail(t.Context(), before)
	require.NoError(t, err)
	require.Equal(t, intake.Redriven, trail[0].Action)
	require.Equal(t, "not JSON at all", body)
	relay.stop()
}
