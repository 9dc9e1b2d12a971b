package startup_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/lambda/runtimetest"
	"github.com/banyan-edge/banyan/api/order"
)

// entry is a function that is started again and again.
type entry struct {
	name, pkg string
	env       []string
	event     []byte // its first
	binary    string

	ready, first, later []time.Duration
	memory              []int64 // resident bytes at the first call for an event
}

// neighbours are what the functions reach with their first event, on loopback: an
// AWS that knows of nothing, and a collector that takes everything. What is
// measured is the functions' own work.
func neighbours(b *testing.B) (account, telemetry []string) {
	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte("{}"))
	}))
	b.Cleanup(aws.Close)
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	b.Cleanup(collector.Close)
	account = []string{
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_LAMBDA_FUNCTION_NAME=banyan",
		"AWS_ENDPOINT_URL=" + aws.URL,
		"BANYAN_TABLE=orders", "BANYAN_BUCKET=orders", "BANYAN_QUEUE=" + aws.URL + "/1/orders.fifo",
		"BANYAN_DEAD_LETTERS=" + aws.URL + "/1/dead.fifo", "BANYAN_LEGACY=" + legacy,
	}
	return account, []string{"BANYAN_METRICS=Banyan/banyan", "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL}
}

const legacy = `{database: "postgres://banyan@127.0.0.1:1/shop", connections: 25, write: [{sql: "INSERT INTO orders (number) VALUES (:id)"}]}`

// entries are the functions, as they are shipped and as the templates configure
// them.
func entries(b *testing.B) []*entry {
	account, telemetry := neighbours(b)
	watched := slices.Concat(account, telemetry)
	page, batch := pageEvent(b), batchEvent(b)
	const api, relay = "./api/cmd/lambda", "./legacy-adapter/cmd/lambda"
	return []*entry{
		{name: "hello", pkg: "./loadtest/startup/hello", event: page},
		{name: "api", pkg: api, env: account, event: page},
		{name: "api-telemetry", pkg: api, env: watched, event: page},
		{name: "relay", pkg: relay, env: account, event: batch},
		{name: "relay-telemetry", pkg: relay, env: watched, event: batch},
	}
}

// trace is what the edge sends: a trace that is to be recorded.
const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// pageEvent asks for a product's page: a template, a picture and a look at the
// stock.
func pageEvent(b *testing.B) []byte {
	in := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: "/shop/rods/muskie-casting-rod",
		Headers: map[string]string{"host": "shop.example.com", "traceparent": trace}}
	in.RequestContext.HTTP.Method, in.RequestContext.HTTP.SourceIP = http.MethodGet, "192.0.2.1"
	return encode(b, in)
}

// batchEvent brings one order, for a legacy that is away.
func batchEvent(b *testing.B) []byte {
	now := time.Now()
	o := order.Order{ID: order.NewID(now), AcceptedAt: now, Trace: trace, Customer: order.Customer{Email: "ann@example.com"}}
	return encode(b, events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: "1", ReceiptHandle: "1", Body: string(encode(b, o)), EventSource: "aws:sqs",
		Attributes: map[string]string{"MessageGroupId": "ann", "ApproximateReceiveCount": "1", "SentTimestamp": strconv.FormatInt(now.UnixMilli(), 10)},
	}}})
}

func encode(b *testing.B, v any) []byte {
	text, err := json.Marshal(v)
	require.NoError(b, err)
	return text
}

// BenchmarkStartup prints, for each function, the median time from the start of
// its process to the first call for an event, that time beyond hello's, how long
// the first event and the second take, and its size on disk and in memory. They
// take turns, so that what else the machine does befalls them alike.
func BenchmarkStartup(b *testing.B) {
	list := entries(b)
	built := map[string]string{}
	for _, e := range list {
		if built[e.pkg] == "" {
			built[e.pkg] = build(b, e.pkg)
		}
		e.binary = built[e.pkg]
	}
	const rounds = 30
	for range rounds {
		for _, e := range list {
			e.start(b)
		}
	}
	hello := list[0]
	for _, e := range list {
		b.Run(e.name, func(b *testing.B) {
			file, err := os.Stat(e.binary)
			require.NoError(b, err)
			b.ReportMetric(0, "ns/op") // left out of the table
			b.ReportMetric(milliseconds(median(e.ready)), "ms-to-next")
			b.ReportMetric(milliseconds(median(e.ready)-median(hello.ready)), "ms-beyond-hello")
			b.ReportMetric(milliseconds(median(e.first)), "ms-first")
			b.ReportMetric(milliseconds(median(e.later)), "ms-second")
			b.ReportMetric(float64(file.Size())/1e6, "MB-binary")
			b.ReportMetric(float64(median(e.memory))/1e6, "MB-memory")
		})
	}
}

func build(b *testing.B, pkg string) string {
	binary := filepath.Join(b.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc,nofolder", "-trimpath", "-ldflags=-s -w", "-o", binary, pkg)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+runtime.GOARCH)
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, "%s", out)
	return binary
}

// start starts the function once and gives it two events.
func (e *entry) start(b *testing.B) {
	rt := runtimetest.Start()
	defer rt.Close()
	cmd := exec.Command(e.binary)
	cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + rt.Addr()}, e.env...)
	var said strings.Builder
	cmd.Stderr = &said
	began := time.Now()
	require.NoError(b, cmd.Start())
	select {
	case <-rt.Ready():
		e.ready = append(e.ready, time.Since(began))
	case f := <-rt.InitFailed():
		b.Errorf("%s does not start: %v %s", e.name, f, said.String())
	case <-time.After(20 * time.Second):
		b.Errorf("%s does not ask for an event: %s", e.name, said.String())
	}
	memory, err := resident(cmd.Process.Pid)
	require.NoError(b, err)
	e.memory = append(e.memory, memory)
	for _, took := range []*[]time.Duration{&e.first, &e.later} {
		*took = append(*took, e.invoke(b, rt))
	}
	require.NoError(b, cmd.Process.Kill())
	_ = cmd.Wait()
}

func (e *entry) invoke(b *testing.B, rt *runtimetest.Runtime) time.Duration {
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	began := time.Now()
	res, err := rt.Invoke(ctx, runtimetest.Invocation{Payload: e.event})
	took := time.Since(began)
	require.NoError(b, err, e.name)
	require.Nil(b, res.Failure, e.name)
	return took
}

// resident is a process's memory, as the kernel counts it.
func resident(pid int) (int64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("process %d has no VmRSS", pid)
}

func median[T int64 | time.Duration](values []T) T {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
