package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// httpDate is a time that HTTP can say.
var httpDate = time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)

func TestNew_SaysWhatWillNotDo(t *testing.T) {
	table := always(decided{})
	good := Origin{URL: &url.URL{Scheme: "http", Host: "127.0.0.1:9000"}}
	registry := prometheus.NewRegistry()
	_, err := New(Options{Table: table, Legacy: good, Metrics: registry})
	require.NoError(t, err)
	for want, o := range map[string]Options{
		"no table":                {Legacy: good},
		"needs an http or https":  {Table: table},
		`not "ftp://shop"`:        {Table: table, Legacy: Origin{URL: &url.URL{Scheme: "ftp", Host: "shop"}}},
		"not both":                {Table: table, Legacy: good, Serverless: Serverless{Handler: http.NotFoundHandler(), Origin: good}},
		"register metrics":        {Table: table, Legacy: good, Metrics: registry},
		`not "gopher://api.test"`: {Table: table, Legacy: good, Serverless: Serverless{Origin: Origin{URL: &url.URL{Scheme: "gopher", Host: "api.test"}}}},
	} {
		_, err := New(o)
		require.ErrorContains(t, err, want)
	}
}

func TestProxy_RequestLeavesOneLineInTheLog(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		clock := httpDate
		e := startEdge(t, Options{
			Legacy: origin.origin(), Table: always(decided{Reason: route.OutsideShare, Rule: "muskie", Epoch: 3}),
			Now: func() time.Time { clock = clock.Add(time.Millisecond); return clock },
		})
		e.get(request("GET /shop/r%6fds?email=ann@example.com"))
		entry := e.log.next(t, "request")
		trace := origin.heard().header.Get("Traceparent")
		require.Equal(t, trace[3:35], entry["trace_id"])
		delete(entry, "trace_id")
		delete(entry, "level")
		require.Equal(t, line{
			"msg": "request", "method": "GET", "path": "/shop/r%6fds", "status": int64(200), "arm": "legacy", "rule": "muskie",
			"reason": "outside-share", "epoch": uint64(3), "took": time.Millisecond, "bytes": int64(2),
		}, entry)
		require.Empty(t, e.log.lines)
	})
}

func TestProxy_MetricsCountByArmAndClass(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		registry := prometheus.NewRegistry()
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) })
		e := startEdge(t, Options{Legacy: origin.origin(), Serverless: Serverless{Handler: handler}, Table: always(byPath{}), Metrics: registry})
		for _, path := range []string{"/a", "/serverless", "/b"} {
			e.get(request("GET " + path))
			e.log.next(t, "request")
		}
		require.InDelta(t, 2, testutil.ToFloat64(e.metrics.requests[route.Legacy][2]), 0)
		require.InDelta(t, 1, testutil.ToFloat64(e.metrics.requests[route.Serverless][4]), 0)
		count, err := testutil.GatherAndCount(registry, "banyan_requests_total", "banyan_request_duration_seconds", "banyan_fallbacks_total", "banyan_breaker_state")
		require.NoError(t, err)
		require.Equal(t, 2*6+2+5+1, count)
		problems, err := testutil.GatherAndLint(registry)
		require.NoError(t, err)
		require.Empty(t, problems)
	})
}

// byPath is a table that reads the arm in the path.
type byPath struct{}

func (byPath) Decide(r route.Request) route.Decision {
	if strings.HasPrefix(r.Path, "/serverless") {
		return route.Decision{Arm: route.Serverless}
	}
	return route.Decision{}
}

func TestProxy_RefusalIsAPageOrAProblem(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		e := startEdge(t, Options{})
		for accept, want := range map[string]string{
			"text/html,application/xhtml+xml,*/*;q=0.8": "text/html; charset=utf-8",
			"application/json":                          "application/problem+json",
			"application/json, text/html":               "application/problem+json",
			"*/*":                                       "application/problem+json",
			"image/avif":                                "application/problem+json",
		} {
			a := e.get(request("GET /", "Accept: "+accept))
			require.Equal(t, http.StatusBadGateway, a.StatusCode)
			require.Equal(t, want, a.Header.Get("Content-Type"), accept)
			require.NotContains(t, a.body, "127.0.0.1", "what went wrong is the log's")
		}
		require.Contains(t, e.log.next(t, "request")["error"], "127.0.0.1")
		require.Empty(t, e.get(request("HEAD /")).body)
	})
}

func TestProxy_HTTP2ViewersAreServedAlike(t *testing.T) {
	origin := startOrigin(t, say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 9\r\n\r\n"))
	p, err := New(Options{Legacy: origin.origin(), Table: always(decided{Visitor: "v1", NewVisitor: true})})
	require.NoError(t, err)
	defer p.Close()
	server := httptest.NewUnstartedServer(nil)
	server.Config, server.EnableHTTP2 = Server(p, Limits{}, nil), true
	server.StartTLS()
	defer server.Close()
	client := server.Client()
	defer client.CloseIdleConnections()
	res, err := client.Post(server.URL+"//a%2f?b=%zz", "text/plain", strings.NewReader("abc"))
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 2, res.ProtoMajor)
	require.Equal(t, "ok", string(body))
	require.Equal(t, "9", res.Trailer.Get("X-Sum"))
	require.Contains(t, res.Header.Get("Set-Cookie"), "; Secure")
	h := origin.heard()
	require.Equal(t, "POST //a%2f?b=%zz HTTP/1.1", h.line)
	require.Equal(t, "abc", h.body)
	require.Equal(t, "https", h.header.Get("X-Forwarded-Proto"))
}
