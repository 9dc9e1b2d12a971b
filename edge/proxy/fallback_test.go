package proxy

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// fromLegacy is legacy's answer in tests of the fallback.
const fromLegacy = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-From: legacy\r\n\r\nlegacy"

// failing are the ways in which a serverless origin fails a read.
var failing = map[cause]func(*caller, heard) bool{
	broken:    func(v *caller, _ heard) bool { _, _ = io.WriteString(v, "HTTP/1.1 200 OK\r\nSet-Co"); return false },
	badStatus: say("HTTP/1.1 103 Early Hints\r\nLink: <leak>\r\n\r\nHTTP/1.1 503 Bad\r\nSet-Cookie: leak=1\r\nX-Leak: 1\r\nRetry-After: 99\r\nContent-Length: 4\r\n\r\nleak"),
	tooLate:   func(v *caller, _ heard) bool { _, _ = v.r.ReadByte(); return false },
}

func TestProxy_ReadTheServerlessArmFailsIsAnsweredByLegacy(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		for why, handle := range failing {
			t.Run(why.String(), func(t *testing.T) {
				legacy, arm := startOrigin(t, say(fromLegacy)), startOrigin(t, handle)
				requireFallback(t, why, legacy, Serverless{Origin: arm.origin()})
				require.Equal(t, "serverless", arm.heard().header.Get("X-Banyan-Arm"))
			})
		}
		t.Run(unreached.String(), func(t *testing.T) {
			requireFallback(t, unreached, startOrigin(t, say(fromLegacy)), Serverless{Origin: closedOrigin(t)})
		})
		t.Run("handler says 504", func(t *testing.T) {
			requireFallback(t, badStatus, startOrigin(t, say(fromLegacy)), Serverless{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Leak", "1")
				w.Header().Set("Link", "<leak>")
				w.WriteHeader(http.StatusEarlyHints)
				w.WriteHeader(http.StatusGatewayTimeout)
				_, _ = io.WriteString(w, "leak")
				_ = http.NewResponseController(w).Flush()
			})})
		})
		t.Run("handler is too slow", func(t *testing.T) {
			requireFallback(t, tooLate, startOrigin(t, say(fromLegacy)), Serverless{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
				w.WriteHeader(http.StatusInternalServerError)
			})})
		})
	})
}

func requireFallback(t *testing.T, why cause, legacy *rawOrigin, arm Serverless) {
	t.Helper()
	registry := prometheus.NewRegistry()
	limits := Limits{}
	if why == tooLate {
		limits.ServerlessAnswer = 50 * time.Millisecond
	}
	e := startEdge(t, Options{
		Table: always(toServerless), Legacy: legacy.origin(), Serverless: arm, RevealArm: true, Metrics: registry,
		Limits: limits,
	})
	a := e.get(request("GET /shop/rods?x=%zz", "Range: bytes=0-9"))
	require.Equal(t, "legacy", a.body)
	require.Equal(t, http.Header{
		"Content-Length": {"6"}, "X-From": {"legacy"}, "X-Banyan-Arm": {"legacy"}, "Date": a.Header["Date"],
	}, a.Header, "nothing of the failed answer is seen")
	h := legacy.heard()
	require.Equal(t, "GET /shop/rods?x=%zz HTTP/1.1", h.line)
	require.Equal(t, "bytes=0-9", h.header.Get("Range"))
	require.Equal(t, "legacy", h.header.Get("X-Banyan-Arm"))
	legacy.quiet()
	entry := e.log.next(t, "request")
	require.Equal(t, why.String(), entry["fallback"])
	require.Equal(t, "legacy", entry["arm"])
	require.Equal(t, "checkout", entry["rule"])
	require.InDelta(t, 1, testutil.ToFloat64(e.metrics.fallbacks[why]), 0)
}

func TestProxy_HeadFallsBackAsHead(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		legacy := startOrigin(t, say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"))
		e := startEdge(t, Options{Table: always(toServerless), Legacy: legacy.origin(), Serverless: Serverless{Origin: closedOrigin(t)}})
		require.Equal(t, "6", e.get(request("HEAD /")).Header.Get("Content-Length"))
		require.Equal(t, "HEAD / HTTP/1.1", legacy.heard().line)
	})
}

func TestProxy_ReadWithABodyIsNotSentTwice(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		legacy := startOrigin(t, say(fromLegacy))
		arm := startOrigin(t, failing[broken])
		e := startEdge(t, Options{Table: always(toServerless), Legacy: legacy.origin(), Serverless: Serverless{Origin: arm.origin()}})
		require.Equal(t, http.StatusBadGateway, e.get(request("GET /", "Content-Length: 3")+"abc").StatusCode)
		legacy.quiet()
	})
}

func TestProxy_RouteNamesFurtherStatusesToFallBackOn(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		legacy := startOrigin(t, say(fromLegacy))
		decision := toServerless
		decision.FallBackOn = []int{404}
		for _, method := range []string{"GET", "POST"} {
			e := startEdge(t, Options{
				Table: always(decision), Legacy: legacy.origin(), Serverless: Serverless{Handler: http.NotFoundHandler()},
				Breaker: BreakerOptions{Failures: 1},
			})
			a := e.get(request(method + " /shop"))
			require.Equal(t, map[string]int{"GET": 200, "POST": 404}[method], a.StatusCode)
			require.Equal(t, "closed", e.Breakers()[0].State, "404 is an answer, and no failure of the arm")
		}
	})
}

func TestProxy_AnswersThatAreNoFailuresPass(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		for _, status := range []int{200, 204, 304, 404, 429, 500, 501} {
			e := startEdge(t, Options{Table: always(toServerless), Serverless: Serverless{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
			})}})
			require.Equal(t, status, e.get(request("GET /")).StatusCode)
		}
	})
}

func TestProxy_WithoutAServerlessArmAllIsLegacys(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		legacy := startOrigin(t, say(fromLegacy))
		e := startEdge(t, Options{Table: always(toServerless), Legacy: legacy.origin()})
		require.Equal(t, "legacy", e.get(request("POST /checkout", "Content-Length: 0")).body)
		require.Nil(t, e.Breakers())
	})
}

func TestProxy_HandlerInProcessGetsWhatAnOriginWould(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		seen := make(chan *http.Request, 1)
		trace := make(chan Trace, 1)
		e := startEdge(t, Options{
			Table: always(toServerless), TrustedHops: local, RevealArm: true,
			Serverless: Serverless{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				trace <- TraceFrom(r.Context())
				body, _ := io.ReadAll(r.Body)
				w.Header().Set("X-Banyan-Epoch", "lie")
				_, _ = w.Write(body)
				seen <- r
			})},
		})
		a := e.get(request("POST //a%2f?q=%zz", "X-Banyan-Arm: lie", "Connection: X-Drop", "X-Drop: 1", "X-Forwarded-For: 9.9.9.9", "Content-Length: 3") + "abc")
		require.Equal(t, "abc", a.body)
		require.Equal(t, "serverless", a.Header.Get("X-Banyan-Arm"))
		require.NotContains(t, a.Header, "X-Banyan-Epoch")
		r := <-seen
		require.Equal(t, "//a%2f?q=%zz", r.RequestURI)
		require.Equal(t, "9.9.9.9:0", r.RemoteAddr)
		require.Equal(t, http.Header{
			"Content-Length": {"3"}, "X-Banyan-Arm": {"serverless"}, "X-Banyan-Epoch": {"7"}, "Traceparent": {string(<-trace)},
			"X-Forwarded-For": {"9.9.9.9, 127.0.0.1"}, "X-Forwarded-Host": {"shop.example"}, "X-Forwarded-Proto": {"http"},
			"Forwarded": {`for=9.9.9.9;host="shop.example";proto=http, for=127.0.0.1`},
		}, r.Header)
	})
}

func TestProxy_PanicInAHandlerIsA500(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		legacy := startOrigin(t, say(fromLegacy))
		e := startEdge(t, Options{
			Table: always(toServerless), Legacy: legacy.origin(), Breaker: BreakerOptions{Failures: 2},
			Serverless: Serverless{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/late" {
					_, _ = io.WriteString(w, "half")
					_ = http.NewResponseController(w).Flush()
				}
				panic("out of rods")
			})},
		})
		a := e.get(request("POST /", "Content-Length: 0"))
		require.Equal(t, http.StatusInternalServerError, a.StatusCode)
		require.NotContains(t, a.body, "rods")
		require.Equal(t, "out of rods", e.log.next(t, "handler panicked")["panic"])
		require.EqualValues(t, 500, e.log.next(t, "request")["status"])

		v := e.dial(request("GET /late"))
		res, err := http.ReadResponse(v.r, nil)
		require.NoError(t, err)
		_, err = io.ReadAll(res.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "half an answer is not taken for one")
		require.Equal(t, "cut-short", e.log.next(t, "request")["outcome"])
		require.Equal(t, route.Serverless, e.Breakers()[0].Arm)
		require.EqualValues(t, 1, e.Breakers()[0].Failures, "after its header an answer counts as one")
	})
}
