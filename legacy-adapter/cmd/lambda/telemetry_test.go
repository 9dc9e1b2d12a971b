package main

import (
	"slices"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/telemetry/telemetrytest"
)

// acceptTraced places an order whose trace began at the edge.
func (in *installation) acceptTraced(email, sku, trace string) string {
	in.t.Helper()
	price := order.Money{Amount: 9900, Currency: "USD"}
	receipt, err := in.store.Accept(in.t.Context(), order.Order{
		Customer: order.Customer{Email: email, Name: "Ann Angler", Address: "1 Main St"},
		Lines:    []order.Line{{SKU: sku, Quantity: 1, Price: &price}},
		Payment:  order.Payment{Token: "tok_demo"}, Total: price, Key: awstest.Name("key"),
		Trace: "00-" + trace + "-00f067aa0ba902b7-01",
	})
	require.NoError(in.t, err)
	return receipt.OrderID
}

const (
	annsTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	bobsTrace = "5bf92f3577b34da6a3ce929d0e0e4736"
)

func TestBootstrap_TellsCloudWatchWhatBecameOfABatch(t *testing.T) {
	in := install(t)
	in.env = append(in.env, "BANYAN_METRICS=Banyan/shop")
	in.accept("ann@example.com", "creel")
	in.accept("bob@example.com", "reel") // of which legacy has none
	garbage, group := "garbage", "eve"
	_, err := in.client.SendMessage(t.Context(), &awssqs.SendMessageInput{
		QueueUrl: &in.orders, MessageBody: &garbage, MessageGroupId: &group, MessageDeduplicationId: &garbage,
	})
	require.NoError(t, err)
	f := in.start()
	require.Empty(t, f.invoke(in.receive(), 30*time.Second))
	in.legacy("ALTER TABLE orders RENAME TO orders_away")
	in.accept("cleo@example.com", "creel")
	require.Len(t, f.invoke(in.receive(), 10*time.Second), 1)
	f.end()

	lines, err := telemetrytest.Lines(f.out.String())
	require.NoError(t, err)
	require.Len(t, lines, 2, "one a batch")
	for i, want := range []map[string]float64{
		{"OrdersWritten": 1, "OrdersDuplicate": 0, "OrdersRejected": 1, "OrdersDeferred": 0, "DeadLetters": 2, "ConnectionsInUse": 1, "BreakerOpened": 0},
		{"OrdersWritten": 0, "OrdersDuplicate": 0, "OrdersRejected": 0, "OrdersDeferred": 1, "DeadLetters": 0, "ConnectionsInUse": 1, "BreakerOpened": 0},
	} {
		for name, n := range want {
			require.Equal(t, []float64{n}, lines[i][""][name].Of, "%s of batch %d", name, i)
		}
		require.Positive(t, lines[i][""]["OldestOrderAge"].Of[0])
		require.Positive(t, lines[i][""]["WriteLatency"].Of[0])
		require.Equal(t, "Banyan/shop", lines[i][""]["WriteLatency"].Namespace)
	}
}

func TestBootstrap_SaysThatTheBreakerIsOpen(t *testing.T) {
	in := install(t)
	in.env = append(in.env, "BANYAN_METRICS=Banyan/shop", "BANYAN_LEGACY="+
		`{database: "postgres://banyan@127.0.0.1:1/shop", connections: 4, write: [{sql: "INSERT INTO orders (number) VALUES (:id)"}]}`)
	f := in.start()
	for range 3 { // see relay.BreakerFailures
		in.accept(awstest.Name("customer")+"@example.com", "creel")
		require.NotEmpty(t, f.invoke(in.receive(), 10*time.Second))
	}
	f.end()
	lines, err := telemetrytest.Lines(f.out.String())
	require.NoError(t, err)
	require.Len(t, lines, 3)
	require.Equal(t, []float64{0}, lines[0][""]["BreakerOpened"].Of)
	require.Equal(t, []float64{1}, lines[2][""]["BreakerOpened"].Of)
}

func TestBootstrap_EndsEveryOrdersTraceAndLinksItToTheBatch(t *testing.T) {
	in := install(t)
	collector := telemetrytest.StartCollector(t)
	in.env = append(in.env, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL)
	ann := in.acceptTraced("ann@example.com", "creel", annsTrace)
	bob := in.acceptTraced("bob@example.com", "reel", bobsTrace)
	f := in.start()
	batch := in.receive()
	require.Len(t, batch, 2)
	require.Empty(t, f.invoke(batch, 30*time.Second))
	spans := collector.Spans() // they are there before the answer is
	find := func(name, trace string) telemetrytest.Span {
		i := slices.IndexFunc(spans, func(s telemetrytest.Span) bool { return s.Name == name && (trace == "" || s.Trace == trace) })
		require.GreaterOrEqual(t, i, 0, "%s in %v", name, spans)
		return spans[i]
	}
	require.Len(t, spans, 4)
	whole, write := find("relay batch", ""), find("legacy write", "")
	require.Equal(t, "banyan-relay", whole.Service)
	require.Equal(t, "2", whole.Attributes["messaging.batch.message_count"])
	require.Equal(t, "closed", whole.Attributes["breaker"])
	require.Equal(t, []string{whole.Trace, whole.ID}, []string{write.Trace, write.Parent})
	require.ElementsMatch(t, []string{annsTrace, bobsTrace}, write.Links)
	for id, want := range map[string]struct{ trace, outcome string }{ann: {annsTrace, "written"}, bob: {bobsTrace, "rejected"}} {
		s := find("order relayed", want.trace)
		require.Equal(t, "00f067aa0ba902b7", s.Parent, "the API's span")
		require.Equal(t, []string{whole.Trace}, s.Links)
		require.Equal(t, id, s.Attributes["order_id"])
		require.Equal(t, want.outcome, s.Attributes["outcome"])
		require.Equal(t, want.outcome == "rejected", s.Failed)
	}
	f.end()
	require.Empty(t, f.out.String(), "no metrics were asked for")
}
