package proxy

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// writes are requests that may write, in every shape that http.Transport treats
// differently when it thinks of sending one again.
var writes = map[string]string{
	"plain":                      request("POST /buy", "Content-Length: 3") + "abc",
	"with a key":                 request("POST /buy", "Idempotency-Key: k", "Content-Length: 3") + "abc",
	"with a key, empty":          request("POST /buy", "Idempotency-Key: k", "Content-Length: 0"),
	"with another key, empty":    request("POST /buy", "X-Idempotency-Key: k", "Content-Length: 0"),
	"with a key, without length": request("POST /buy", "idempotency-key: k"),
	"chunked, with a key":        request("POST /buy", "Idempotency-Key: k", "Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\n\r\n",
	"DELETE with a key":          request("DELETE /buy", "Idempotency-Key: k"),
	"a method of one's own":      request("BUY /buy", "Idempotency-Key: k"),
}

func TestProxy_WriteIsNeverSentTwice(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		for _, arm := range []route.Arm{route.Legacy, route.Serverless} {
			for name, write := range writes {
				t.Run(arm.String()+"/"+name, func(t *testing.T) { writeOnce(t, arm, write) })
			}
		}
	})
}

// writeOnce warms a kept-alive connection, on which the origin then reads the
// write and hangs up: this is where a transport sends again.
func writeOnce(t *testing.T, arm route.Arm, write string) {
	origin := startOrigin(t, func(v *caller, h heard) bool {
		if h.line != "GET /warm HTTP/1.1" {
			return false
		}
		_, err := io.WriteString(v, plainAnswer)
		return err == nil
	})
	other := startOrigin(t, say(plainAnswer))
	o := Options{Table: always(decided{Arm: arm}), Legacy: origin.origin()}
	if arm == route.Serverless {
		o.Legacy, o.Serverless = other.origin(), Serverless{Origin: origin.origin()}
	}
	e := startEdge(t, o)
	v := e.dial(request("GET /warm"))
	require.Equal(t, "ok", v.answer("GET").body)
	origin.heard()
	v.say(write)
	a := v.answer("POST")
	require.Equal(t, http.StatusBadGateway, a.StatusCode)
	require.Empty(t, a.Header.Get("Retry-After"), "it may have arrived")
	require.Contains(t, a.body, "may have arrived")
	h := origin.heard()
	require.Contains(t, h.line, "/buy")
	if key := h.header.Get("Idempotency-Key") + h.header.Get("X-Idempotency-Key"); strings.Contains(write, "ey: k") {
		require.Equal(t, "k", key, "the key arrives all the same")
	}
	origin.quiet()
	other.quiet()
}

func TestProxy_ReadOnAConnectionThatDiedIsSentAgain(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		var died atomic.Bool
		origin := startOrigin(t, func(v *caller, h heard) bool {
			if h.line == "GET /b HTTP/1.1" && died.CompareAndSwap(false, true) {
				return false
			}
			_, err := io.WriteString(v, plainAnswer)
			return err == nil
		})
		e := startEdge(t, Options{Legacy: origin.origin()})
		v := e.dial(request("GET /a") + request("GET /b"))
		require.Equal(t, "ok", v.answer("GET").body)
		require.Equal(t, "ok", v.answer("GET").body)
	})
}

func TestProxy_WriteTheServerlessArmFailsIsNotLegacys(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		legacy := startOrigin(t, say(plainAnswer))
		for name, c := range map[string]struct {
			handle func(*caller, heard) bool
			status int
		}{
			"hangs up":    {func(*caller, heard) bool { return false }, 502},
			"half said":   {func(v *caller, _ heard) bool { _, _ = io.WriteString(v, "HTTP/1.1 20"); return false }, 502},
			"no HTTP":     {say("SSH-2.0-OpenSSH\r\n\r\n"), 502},
			"says 502":    {say("HTTP/1.1 502 Bad\r\nContent-Length: 2\r\n\r\nno"), 502},
			"says 503":    {say("HTTP/1.1 503 Bad\r\nContent-Length: 2\r\nRetry-After: 9\r\n\r\nno"), 503},
			"is too slow": {func(v *caller, _ heard) bool { _, _ = v.r.ReadByte(); return false }, 504},
		} {
			t.Run(name, func(t *testing.T) {
				origin := startOrigin(t, c.handle)
				limits := Limits{}
				if c.status == http.StatusGatewayTimeout {
					limits.ServerlessAnswer = 50 * time.Millisecond
				}
				e := startEdge(t, Options{
					Table: always(toServerless), Legacy: legacy.origin(), Serverless: Serverless{Origin: origin.origin()}, Limits: limits,
				})
				a := e.get(request("POST /checkout", "Accept: text/html,*/*;q=0.8", "Content-Length: 3") + "abc")
				require.Equal(t, c.status, a.StatusCode)
				require.Equal(t, "text/html; charset=utf-8", a.Header.Get("Content-Type"))
				require.Contains(t, a.body, "look before you send it again")
				if c.status == 503 {
					require.Equal(t, "9", a.Header.Get("Retry-After"))
				}
				origin.heard()
				origin.quiet()
				legacy.quiet()
			})
		}
	})
}

func TestProxy_GatewaysOwnJSONGoesToWhoAsksForJSON(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say("HTTP/1.1 503 Bad\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"message\":\"x\"}"))
		e := startEdge(t, Options{Table: always(toServerless), Serverless: Serverless{Origin: origin.origin()}})
		a := e.get(request("POST /checkout", "Accept: application/json", "Content-Length: 0"))
		require.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
		require.Equal(t, `{"message":"x"}`, a.body)
	})
}

func TestProxy_WriteThatCannotHaveArrivedSaysSo(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		e := startEdge(t, Options{Table: always(toServerless), Serverless: Serverless{Origin: closedOrigin(t)}})
		a := e.get(request("POST /checkout", "Content-Length: 3") + "abc")
		require.Equal(t, http.StatusBadGateway, a.StatusCode)
		require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
		require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
		require.Equal(t, "5", a.Header.Get("Retry-After"))
		require.Contains(t, a.body, "Nothing was sent")
		entry := e.log.next(t, "request")
		require.Equal(t, "unreached", entry["outcome"])
		require.Contains(t, a.body, entry["trace_id"])
	})
}

func TestProxy_LegacyThatIsDownIsAskedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		knocks := make(chan struct{}, 10)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				knocks <- struct{}{}
				_ = conn.Close()
			}
		}()
		to := closedOrigin(t)
		to.URL.Host = listener.Addr().String()
		e := startEdge(t, Options{Legacy: to, Serverless: Serverless{Handler: http.NotFoundHandler()}})
		a := e.get(request("GET /", "Accept: text/html"))
		require.Equal(t, http.StatusBadGateway, a.StatusCode)
		require.Contains(t, a.body, "<h1>The shop cannot answer just now</h1>")
		require.Len(t, knocks, 1)
	})
}
