package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// patient is a breaker for tests: it opens after two failures, for 30 seconds.
var patient = BreakerOptions{Failures: 2, Open: 30 * time.Second}

func TestBreaker_OpenMeansThatTheArmIsLeftAlone(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		legacy := startOrigin(t, say(fromLegacy))
		arm := startOrigin(t, say("HTTP/1.1 503 Bad\r\nContent-Length: 0\r\n\r\n"))
		registry := prometheus.NewRegistry()
		e := startEdge(t, Options{
			Table: always(toServerless), Legacy: legacy.origin(), Serverless: Serverless{Origin: arm.origin()},
			Breaker: patient, Metrics: registry,
		})
		require.Equal(t, "legacy", e.get(request("GET /")).body)
		require.Equal(t, "bad-status", e.log.next(t, "request")["fallback"])
		require.Equal(t, "legacy", e.get(request("GET /")).body)
		arm.heard()
		arm.heard()
		entry := e.log.next(t, "breaker open")
		require.Equal(t, "bad-status", e.log.next(t, "request")["fallback"])
		require.Equal(t, slog.LevelWarn, entry["level"])
		require.Equal(t, "serverless", entry["arm"])
		require.Equal(t, "open", e.Breakers()[0].State)
		require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(
			"# HELP banyan_breaker_state State of an arm's breaker: 0 closed, 1 half-open, 2 open.\n"+
				"# TYPE banyan_breaker_state gauge\nbanyan_breaker_state{arm=\"serverless\"} 2\n"), "banyan_breaker_state"))

		require.Equal(t, "legacy", e.get(request("GET /")).body)
		a := e.get(request("POST /checkout", "Content-Length: 3") + "abc")
		require.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
		require.Equal(t, "30", a.Header.Get("Retry-After"))
		require.Contains(t, a.body, "Nothing was sent")
		arm.quiet()
		require.Equal(t, "breaker-open", e.log.next(t, "request")["fallback"])
	})
}

// armOf is a serverless arm in a bubble: no sockets, no waiting.
func armOf(t *testing.T, handler http.HandlerFunc) (*Proxy, func(method string) int) {
	p, err := New(Options{
		Table: always(toServerless), Legacy: closedOrigin(t), Serverless: Serverless{Handler: handler}, Breaker: patient,
	})
	require.NoError(t, err)
	return p, func(method string) int {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(method, "/checkout", nil))
		return w.Code
	}
}

func TestBreaker_ClosesAgainWhenTheArmIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status := http.StatusServiceUnavailable
		p, ask := armOf(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		ask("POST")
		ask("POST")
		require.Equal(t, "open", p.Breakers()[0].State)
		opened := p.Breakers()[0].Since
		time.Sleep(30*time.Second + 1)
		require.Equal(t, "half-open", p.Breakers()[0].State)
		ask("POST")
		require.Equal(t, "open", p.Breakers()[0].State, "the first try failed")
		time.Sleep(30*time.Second + 1)
		status = http.StatusAccepted
		require.Equal(t, http.StatusAccepted, ask("POST"))
		require.Equal(t, "closed", p.Breakers()[0].State)
		require.Greater(t, p.Breakers()[0].Since, opened)
	})
}

func TestBreaker_OpensOnAShareOfFailures(t *testing.T) {
	n := 0
	p, ask := armOf(t, func(w http.ResponseWriter, _ *http.Request) {
		if n++; n%2 == 0 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	for range 19 {
		ask("POST")
	}
	require.Equal(t, "closed", p.Breakers()[0].State)
	ask("POST")
	require.Equal(t, "open", p.Breakers()[0].State)
}

func TestBreaker_ViewerWhoHangsUpIsNoVerdict(t *testing.T) {
	arrived := make(chan struct{})
	p, ask := armOf(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			close(arrived)
			<-r.Context().Done()
		}
	})
	ctx, hangUp := context.WithCancel(t.Context())
	go func() { <-arrived; hangUp() }()
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		p.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(ctx))
	})
	require.Zero(t, p.Breakers()[0].Failures)
	require.Equal(t, http.StatusOK, ask("POST"))
	require.Equal(t, route.Serverless, p.Breakers()[0].Arm)
}
