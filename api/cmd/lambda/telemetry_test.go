package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/telemetry/telemetrytest"
)

const (
	edgeTrace    = "4bf92f3577b34da6a3ce929d0e0e4736"
	edgeSpan     = "00f067aa0ba902b7"
	lambdasTrace = "5759e988bd862e3fe1be46a994272793" // see invoke
	schedule     = `{"version":"0","source":"aws.events","detail-type":"Scheduled Event","detail":{}}`
)

// placing are the headers of a checkout that came through the edge.
func placing(key string) map[string]string {
	return map[string]string{"content-type": "application/json", "accept": "application/json", "idempotency-key": key,
		"traceparent": "00-" + edgeTrace + "-" + edgeSpan + "-01", "x-banyan-arm": "serverless", "x-banyan-epoch": "7"}
}

// queued takes the one order out of the queue.
func queued(t *testing.T, client *sqs.Client, queue string) order.Order {
	got, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 2})
	require.NoError(t, err)
	require.Len(t, got.Messages, 1)
	var o order.Order
	require.NoError(t, json.Unmarshal([]byte(*got.Messages[0].Body), &o))
	return o
}

func TestBootstrap_TellsCloudWatchWhatBecameOfCheckouts(t *testing.T) {
	env, _, _ := onAWS(t)
	f := start(t, append(env, "BANYAN_METRICS=Banyan/shop")...)
	require.Equal(t, http.StatusOK, f.ask(t, http.MethodGet, "/shop/rods/muskie-casting-rod", nil, "").StatusCode)
	for _, key := range []string{"one", "one", "two"} {
		require.Equal(t, http.StatusAccepted, f.ask(t, http.MethodPost, "/checkout", placing(key), rod).StatusCode)
	}
	for body, status := range map[string]int{
		`{"lines":-1}`: http.StatusBadRequest,
		strings.Replace(rod, "muskie-casting-rod", "no-such-thing", 1):                                               http.StatusUnprocessableEntity,
		strings.Replace(rod, `"quantity":1`, `"quantity":1,"price":{"amount":1,"currency":"USD"}`, 1):                http.StatusConflict,
		strings.NewReplacer("muskie-casting-rod", "vintage-creel-1962", `"quantity":1`, `"quantity":2`).Replace(rod): http.StatusConflict,
	} {
		answer := f.ask(t, http.MethodPost, "/checkout", placing("refused"), body)
		require.Equal(t, status, answer.StatusCode, answer.Body)
	}
	require.Nil(t, f.invoke(t, schedule).Failure)
	f.end(t)

	lines, err := telemetrytest.Lines(f.out.String())
	require.NoError(t, err)
	require.Len(t, lines, 8, "one of each checkout and of the sweep, none of a page")
	for name, want := range map[string]float64{
		"OrdersAccepted": 2, "OrdersReplayed": 1, "OrdersRefused": 4,
		"Sweeps": 1, "OrdersSwept": 0, "LedgerDifference": 0, "OrdersWaiting": 2, "OrdersDead": 0,
	} {
		require.InDelta(t, want, telemetrytest.Sum(lines, "", name), 0, name)
	}
	for _, kind := range []string{"invalid", "unknown_product", "price_changed", "sold_out"} {
		require.InDelta(t, 1, telemetrytest.Sum(lines, "Kind="+kind, "OrdersRefused"), 0, kind)
	}
	require.Positive(t, lines[0][""]["AcceptLatency"].Of[0])
	require.Equal(t, "Banyan/shop", lines[0][""]["AcceptLatency"].Namespace)
	require.Contains(t, f.log.String(), `"msg":"ledger counted","accepted":2,"written":0,"waiting":2,"dead":0,"cancelled":0,"difference":0`)
}

func TestBootstrap_ContinuesTheEdgesTraceIntoTheQueue(t *testing.T) {
	env, client, queue := onAWS(t)
	collector := telemetrytest.StartCollector(t)
	f := start(t, append(env, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL)...)
	answer := f.ask(t, http.MethodPost, "/checkout", placing("one"), rod)
	require.Equal(t, http.StatusAccepted, answer.StatusCode, answer.Body)
	spans := collector.Spans() // they are there before the answer is
	require.Len(t, spans, 1)
	span, o := spans[0], queued(t, client, queue)
	require.Equal(t, "POST /checkout", span.Name)
	require.Equal(t, "banyan-api", span.Service)
	require.Equal(t, edgeTrace, span.Trace)
	require.Equal(t, edgeSpan, span.Parent)
	require.Equal(t, []string{lambdasTrace}, span.Links, "the span that Lambda itself has")
	require.Equal(t, map[string]string{
		"http.request.method": "POST", "http.route": "/checkout", "http.response.status_code": "202",
		"banyan.arm": "serverless", "banyan.epoch": "7", "order_id": o.ID, "outcome": "accepted",
	}, span.Attributes)
	require.Equal(t, "00-"+edgeTrace+"-"+span.ID+"-01", o.Trace, "the relay goes on from here")

	f.ask(t, http.MethodGet, "/orders/"+o.ID, map[string]string{"accept": "application/json"}, "")
	f.ask(t, http.MethodPost, "/checkout", placing("two"), `{"lines":-1}`)
	require.Nil(t, f.invoke(t, schedule).Failure)
	spans = collector.Spans()
	require.Len(t, spans, 3)
	require.Equal(t, "GET /orders/{id}", spans[0].Name, "no id in a name")
	require.Equal(t, lambdasTrace, spans[0].Trace, "nothing came from the edge")
	require.Equal(t, "invalid", spans[1].Attributes["outcome"])
	require.Equal(t, "sweep", spans[2].Name)
	f.end(t)
	require.Empty(t, f.out.String(), "no metrics were asked for")
}

func TestBootstrap_WithoutACollectorTheOrderStillHasATrace(t *testing.T) {
	env, client, queue := onAWS(t)
	f := start(t, env...)
	headers := placing("one")
	delete(headers, "traceparent")
	require.Equal(t, http.StatusAccepted, f.ask(t, http.MethodPost, "/checkout", headers, rod).StatusCode)
	require.Contains(t, queued(t, client, queue).Trace, lambdasTrace)
	f.end(t)
}

// TestBootstrap_ADeadCollectorCostsNoRequest has a collector that takes
// connections and says nothing: it is waited for once, and then left alone.
func TestBootstrap_ADeadCollectorCostsNoRequest(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer dead.Close()
	var asked atomic.Int32
	go func() {
		for {
			if _, err := dead.Accept(); err != nil {
				return
			}
			asked.Add(1)
		}
	}()
	env, _, _ := onAWS(t)
	f := start(t, append(env, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+dead.Addr().String())...)
	for range 10 {
		require.Equal(t, http.StatusOK, f.ask(t, http.MethodGet, "/healthz", placing(""), "").StatusCode)
	}
	f.end(t)
	require.Equal(t, 1, strings.Count(f.log.String(), "traces not taken"), "%s", &f.log)
	require.EqualValues(t, 1, asked.Load())
}

func TestBootstrap_ACollectorThatIsNamedWronglyCostsTheTracesOnly(t *testing.T) {
	env, _, _ := onAWS(t)
	f := start(t, append(env, "OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4318")...)
	require.Equal(t, http.StatusOK, f.ask(t, http.MethodGet, "/healthz", nil, "").StatusCode)
	f.end(t)
	require.Contains(t, f.log.String(), "OTEL_EXPORTER_OTLP_ENDPOINT")
}
