package edgetest

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/edge/proxy"
	"github.com/banyan-edge/banyan/edge/route"
)

// drawTarget draws a target of any bytes that a request line can hold, each
// escape whole. A hash is left out: a target has none.
func drawTarget(t *rapid.T) string {
	piece := rapid.OneOf(
		rapid.Custom(func(t *rapid.T) string {
			for {
				if b := rapid.ByteRange('!', 0xff).Draw(t, "byte"); b != '%' && b != '#' && b != 0x7f {
					return string([]byte{b})
				}
			}
		}),
		rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("%%%02x", rapid.Byte().Draw(t, "escape")) }),
		rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("%%%02X", rapid.Byte().Draw(t, "escape")) }),
		rapid.SampledFrom([]string{"/", "//", "/.", "/..", "?", "&", "=", ";", "+", "@", ":", "\\", "|", "^", "\"", "<", ">", "[", "]", "{}"}),
	)
	return "/" + strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(t, "pieces"), "")
}

func TestEdge_TargetReachesLegacyByteForByte(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, nil)
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		rapid.Check(t, func(rt *rapid.T) {
			target := drawTarget(rt)
			v.say(request("GET " + target))
			_, err := v.answer("GET")
			require.NoError(rt, err)
			line := origin.next().line
			require.Equal(rt, "GET "+target+" HTTP/1.1", line)
		})
	})
}

// drawBody frames random bytes as a body.
func drawBody(t *rapid.T, body []byte) (framing, framed string) {
	if rapid.Bool().Draw(t, "with a length") {
		return fmt.Sprintf("Content-Length: %d", len(body)), string(body)
	}
	var b strings.Builder
	for rest := body; len(rest) > 0; {
		n := rapid.IntRange(1, len(rest)).Draw(t, "chunk")
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, rest[:n])
		rest = rest[n:]
	}
	return "Transfer-Encoding: chunked", b.String() + "0\r\n\r\n"
}

func TestEdge_BodyIsTheSameBytesBothWays(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		answers := make(chan string, 1)
		origin := startRecorder(t, func(c *originConn, _ message) bool { return c.say(<-answers) })
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		rapid.Check(t, func(rt *rapid.T) {
			sent, got := rapid.SliceOfN(rapid.Byte(), 0, 70_000).Draw(rt, "sent"), rapid.SliceOfN(rapid.Byte(), 0, 70_000).Draw(rt, "got")
			framing, framed := drawBody(rt, got)
			answers <- "HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n" + framed
			framing, framed = drawBody(rt, sent)
			v.say(request("PUT /", framing) + framed)
			a, err := v.answer("PUT")
			require.NoError(rt, err)
			require.True(rt, bytes.Equal(got, []byte(a.body)))
			require.True(rt, bytes.Equal(sent, origin.next().body))
		})
	})
}

func TestEdge_BodyThatEndsWithTheConnectionIsPassedOn(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, func(c *originConn, _ message) bool {
			c.say("HTTP/1.1 200 OK\r\n\r\nuntil the end")
			return false
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		for range 2 {
			require.Equal(t, "until the end", edge.dial(t).ask(t, request("GET /")).body)
		}
	})
}

func TestEdge_HostIsSentAsConfigured(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, nil)
		for mode, want := range map[string]string{
			"": "shop.example", route.HostPreserve: "shop.example", "legacy.internal": "legacy.internal", "legacy.internal:8080": "legacy.internal:8080",
			route.HostOrigin: origin.listener.Addr().String(),
		} {
			to := origin.origin()
			to.Host = mode
			edge := e.startEdge(t, proxy.Options{Legacy: to})
			edge.dial(t).ask(t, request("GET /"))
			m := origin.next()
			require.Equal(t, []string{want}, m.get("Host"), mode)
			require.Equal(t, []string{"shop.example"}, m.get("X-Forwarded-Host"))
		}
	})
}

func TestEdge_FieldsKeepTheirValuesAndTheirOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, func(c *originConn, _ message) bool {
			return c.say("HTTP/1.1 200 OK\r\nSet-Cookie: b=1; Path=/\r\nSet-Cookie: a=\"2;3\"\r\nX-Odd: a,  b ;c\r\nSet-Cookie: c=é\r\nServer: legacy/1\r\nContent-Length: 2\r\nVia: 1.1 x\r\n\r\nok")
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		a := edge.dial(t).ask(t, request("GET /", "Cookie: a=\"b c\"; =x", "Cookie: weird{}=|; d=", "X-Odd: a,  b ;c", "Accept: x", "Accept: y", "X-Empty:"))
		require.Equal(t, []string{"b=1; Path=/", `a="2;3"`, "c=é"}, a.Header["Set-Cookie"])
		require.Equal(t, "a,  b ;c", a.Header.Get("X-Odd"))
		require.Equal(t, "legacy/1", a.Header.Get("Server"))
		require.Equal(t, "1.1 x", a.Header.Get("Via"))
		m := origin.next()
		require.Equal(t, []string{`a="b c"; =x`, "weird{}=|; d="}, m.get("Cookie"))
		require.Equal(t, []string{"a,  b ;c"}, m.get("X-Odd"))
		require.Equal(t, []string{"x", "y"}, m.get("Accept"))
		require.Equal(t, []string{""}, m.get("X-Empty"))
		require.Empty(t, m.get("User-Agent"), "none was sent")
		require.Empty(t, m.get("Accept-Encoding"))
		require.Empty(t, m.get("Content-Length"))
	})
}

func TestEdge_HopByHopFieldsOfAnAnswerStayOnTheirHop(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, func(c *originConn, _ message) bool {
			return c.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: x\r\nProxy-Connection: close\r\nUpgrade: h2c\r\nX-Kept: 1\r\nX-Banyan-Secret: 1\r\n\r\nok")
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		for range 2 {
			a := v.ask(t, request("GET /"))
			require.Equal(t, "1", a.Header.Get("X-Kept"))
			for _, gone := range []string{"X-Mine", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Upgrade", "X-Banyan-Secret"} {
				require.NotContains(t, a.Header, gone)
			}
		}
		require.Len(t, origin.all(), 1, "the connections are kept")
	})
}

func TestEdge_StatusesPass(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, func(c *originConn, m message) bool {
			status := strings.Fields(m.line)[1][1:]
			return c.say("HTTP/1.1 " + status + " As it is\r\nContent-Length: 2\r\nLocation: /x?y=%2F\r\nRetry-After: 9\r\n\r\nok")
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		for _, status := range []int{200, 201, 206, 299, 300, 301, 302, 303, 307, 308, 400, 401, 404, 405, 410, 418, 422, 429, 451, 499, 500, 501, 502, 503, 504, 505, 599} {
			a := v.ask(t, request(fmt.Sprintf("GET /%d", status)))
			require.Equal(t, status, a.StatusCode)
			require.Equal(t, "ok", a.body, status)
			require.Equal(t, "/x?y=%2F", a.Header.Get("Location"), "redirects are not followed")
		}
	})
}

func TestEdge_AnswersWithoutABodyHaveNone(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		says := map[string]string{
			"GET /204": "204 No Content\r\nX: 1", "GET /304": "304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 12345",
			"GET /304b": "304 Not Modified\r\nETag: \"x\"", "HEAD /cl": "200 OK\r\nContent-Length: 12345\r\nETag: \"x\"",
			"HEAD /te": "200 OK\r\nTransfer-Encoding: chunked", "HEAD /none": "200 OK\r\nX: 1", "HEAD /404": "404 Not Found\r\nContent-Length: 9",
			"GET /0": "200 OK\r\nContent-Length: 0", "DELETE /205": "205 Reset Content\r\nContent-Length: 0",
		}
		origin := startRecorder(t, func(c *originConn, m message) bool {
			return c.say("HTTP/1.1 " + says[strings.TrimSuffix(m.line, " HTTP/1.1")] + "\r\n\r\n")
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		for line, want := range says {
			a := v.ask(t, request(line))
			require.Equal(t, want[:3], a.Status[:3], line)
			require.Empty(t, a.body, line)
			if strings.HasPrefix(line, "HEAD") && strings.Contains(want, "Content-Length") {
				require.Contains(t, want, "Content-Length: "+a.Header.Get("Content-Length"), line)
			}
		}
		require.Equal(t, "HTTP/1.1", v.ask(t, request("GET /0")).Proto, "the connection is still in order")
	})
}

func TestEdge_RangesPass(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, func(c *originConn, _ message) bool {
			return c.say("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/9\r\nAccept-Ranges: bytes\r\nContent-Length: 3\r\n\r\ncde")
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		a := edge.dial(t).ask(t, request("GET /film", "Range: bytes=2-4", "If-Range: Wed, 21 Oct 2026 07:28:00 GMT"))
		require.Equal(t, http.StatusPartialContent, a.StatusCode)
		require.Equal(t, "bytes 2-4/9", a.Header.Get("Content-Range"))
		require.Equal(t, "cde", a.body)
		m := origin.next()
		require.Equal(t, []string{"bytes=2-4"}, m.get("Range"))
		require.Equal(t, []string{"Wed, 21 Oct 2026 07:28:00 GMT"}, m.get("If-Range"))
	})
}

func TestEdge_MethodsPass(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, nil)
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		for _, line := range []string{"GET /", "OPTIONS *", "OPTIONS /a", "PUT /", "PATCH /", "DELETE /", "PROPFIND /", "M-SEARCH /", "PURGE /", "BUY /"} {
			require.Equal(t, line, v.ask(t, request(line)).body)
			require.Equal(t, line+" HTTP/1.1", origin.next().line)
		}
	})
}
