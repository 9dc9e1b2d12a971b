package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

func TestProxy_TargetReachesLegacyByteForByte(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: origin.origin()})
		for _, target := range []string{
			"/", "/?", "/a?", "/a?b=c&d", "/a?q=%zz", "/a?x;y=1", "/a%2fb", "/a%2Fb/%2e%2e/c", "/a/../b/./c", "/a//b",
			"/a|b", `/a"b<c>d^e{f}`, "/a\\b", "/caf\xc3\xa9", "/%63%61f%c3%a9", "/a;b=c;d", "/a:b@c!$&'()*+,=", "/a#b", "/~a",
			"/a?u=http://evil.example/", "/[x]", "//", "//evil.example/x", "//evil.example/x?y=%zz&;", "///a", "//a%2Fb", "//a|b?c",
			"/a?" + strings.Repeat("k=v&", 12_000),
		} {
			a := e.get(request("GET " + target))
			require.Equal(t, http.StatusOK, a.StatusCode, target)
			require.Equal(t, "GET "+target+" HTTP/1.1", origin.heard().line)
		}
	})
}

func TestProxy_TargetsOfForwardProxiesAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: origin.origin()})
		for _, line := range []string{
			"GET http://evil.example/a", "GET http://shop.example/a", "CONNECT evil.example:443", "CONNECT /a", "GET *",
			"GET a", "GET /a b",
		} {
			a := e.get(request(line))
			require.Equal(t, http.StatusBadRequest, a.StatusCode, line)
			require.True(t, a.Close, line)
		}
		origin.quiet()
		require.Equal(t, http.StatusOK, e.get(request("OPTIONS *")).StatusCode)
		require.Equal(t, "OPTIONS * HTTP/1.1", origin.heard().line)
	})
}

func TestProxy_PathThatCannotBeUnescapedReachesLegacyUntouched(t *testing.T) {
	origin := startOrigin(t, say(plainAnswer))
	seen := make(chan *http.Request, 1)
	for _, table := range []decided{{}, toServerless} {
		t.Run("engine/"+table.Arm.String(), func(t *testing.T) { // net/http answers 400
			e := startEdge(t, Options{Legacy: origin.origin(), Table: always(table), Serverless: Serverless{
				Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r }),
			}})
			for _, target := range []string{"/%zz", "/%", "/a%2?b=%zz", "//%zz"} {
				require.Equal(t, http.StatusOK, e.get(request("GET "+target)).StatusCode, target)
				if table.Arm == route.Legacy {
					require.Equal(t, "GET "+target+" HTTP/1.1", origin.heard().line)
					continue
				}
				r := <-seen
				require.Equal(t, target, r.RequestURI)
				require.Equal(t, strings.TrimSuffix(target, "?b=%zz"), r.URL.Path)
			}
		})
	}
}

func TestProxy_HeadersThatAreNoHeadersAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: origin.origin()})
		for name, header := range map[string]string{
			"bare CR":      "X-A: b\rX-Banyan-Arm: serverless",
			"NUL":          "X-A: b\x00c",
			"space":        "X-A : b",
			"no colon":     "X-A",
			"empty name":   ": b",
			"two hosts":    "Host: other.example",
			"two lengths":  "Content-Length: 1\r\nContent-Length: 2",
			"bad length":   "Content-Length: +1",
			"bad encoding": "Transfer-Encoding: gzip, chunked",
		} {
			a := e.get(request("GET /", header))
			require.GreaterOrEqual(t, a.StatusCode, 400, name)
			require.True(t, a.Close, name)
		}
		origin.quiet()
		require.Equal(t, http.StatusOK, e.get(request("GET /")).StatusCode, "the next request is fine")
	})
}

func TestProxy_HostIsSentAsConfigured(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		for mode, want := range map[string]string{
			"": "shop.example", route.HostPreserve: "shop.example", "legacy.internal": "legacy.internal",
			route.HostOrigin: origin.listener.Addr().String(),
		} {
			to := origin.origin()
			to.Host = mode
			e := startEdge(t, Options{Legacy: to})
			e.get(request("GET /"))
			h := origin.heard()
			require.Equal(t, want, h.host, mode)
			require.Equal(t, "shop.example", h.header.Get("X-Forwarded-Host"))
		}
	})
}

func TestProxy_OriginsPathComesFirst(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		to := origin.origin()
		to.URL.Path = "/prod/"
		e := startEdge(t, Options{Legacy: to})
		e.get(request("GET //a%2f?b"))
		require.Equal(t, "GET /prod//a%2f?b HTTP/1.1", origin.heard().line)
	})
}

func TestProxy_RequestHeadersArriveWithoutAdditions(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: origin.origin()})
		cookie := `a="b c"; =x; banyan_visitor=v1; weird{}=|; d=`
		e.get(request("GET /", "Cookie: "+cookie, "X-Odd: a,  b ;c", "Accept-Language: de"))
		h := origin.heard()
		require.Equal(t, cookie, h.header.Get("Cookie"))
		require.Equal(t, "a,  b ;c", h.header.Get("X-Odd"))
		var names []string
		for name := range h.header {
			names = append(names, name)
		}
		require.ElementsMatch(t, []string{
			"Cookie", "X-Odd", "Accept-Language",
			"X-Banyan-Arm", "X-Banyan-Epoch", "Traceparent", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded",
		}, names)
	})
}

func TestProxy_HopByHopHeadersStayOnTheirHop(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: x\r\nX-Kept: 1\r\n\r\nok"))
		e := startEdge(t, Options{Legacy: origin.origin()})
		a := e.get(request("GET /", "Connection: keep-alive, X-Drop, x-banyan-arm, X-Forwarded-For, Forwarded, traceparent",
			"X-Drop: 1", "Keep-Alive: 3", "Proxy-Authorization: x", "TE: trailers, gzip", "Proxy-Connection: close"))
		require.Equal(t, http.Header{"X-Kept": {"1"}, "Content-Length": {"2"}, "Date": a.Header["Date"]}, a.Header)
		h := origin.heard()
		for _, gone := range []string{"Connection", "X-Drop", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection"} {
			require.NotContains(t, h.header, gone)
		}
		require.Equal(t, "trailers", h.header.Get("Te"))
		require.Equal(t, "legacy", h.header.Get("X-Banyan-Arm"), "Connection cannot name what the edge adds")
		require.Equal(t, "127.0.0.1", h.header.Get("X-Forwarded-For"))
	})
}

func TestProxy_CompressedBodyIsLeftAlone(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		packed := "\x1f\x8b\x08\x00not really gzip"
		origin := startOrigin(t, say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nETag: \"x\"\r\nContent-Length: 19\r\n\r\n"+packed))
		e := startEdge(t, Options{Legacy: origin.origin()})
		a := e.get(request("GET /a.css"))
		require.Equal(t, packed, a.body)
		require.Equal(t, "gzip", a.Header.Get("Content-Encoding"))
		require.NotContains(t, origin.heard().header, "Accept-Encoding")
	})
}

func TestProxy_RedirectIsNotFollowed(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say("HTTP/1.1 302 Found\r\nLocation: /cart?x=%2F\r\nContent-Length: 0\r\n\r\n"))
		e := startEdge(t, Options{Legacy: origin.origin()})
		a := e.get(request("GET /add"))
		require.Equal(t, http.StatusFound, a.StatusCode)
		require.Equal(t, "/cart?x=%2F", a.Header.Get("Location"))
		origin.heard()
		origin.quiet()
	})
}

func TestProxy_HeadStaysHead(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nETag: \"x\"\r\n\r\n"))
		e := startEdge(t, Options{Legacy: origin.origin()})
		v := e.dial(request("HEAD /a") + request("HEAD /b"))
		for _, path := range []string{"/a", "/b"} {
			a := v.answer("HEAD")
			require.Equal(t, "12345", a.Header.Get("Content-Length"))
			require.Equal(t, "HEAD "+path+" HTTP/1.1", origin.heard().line)
		}
	})
}

func TestProxy_TrailersPassBothWays(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 9\r\nX-Late: 8\r\nX-Banyan-Arm: lie\r\n\r\n"))
		e := startEdge(t, Options{Legacy: origin.origin()})
		v := e.dial(request("POST /", "Transfer-Encoding: chunked", "Trailer: X-Check, X-Banyan-Epoch") +
			"3\r\nabc\r\n0\r\nX-Check: 7\r\nX-Banyan-Epoch: 99\r\nX-Forwarded-For: 6.6.6.6\r\nAuthorization: x\r\n\r\n")
		a := v.answer("POST")
		require.Equal(t, "ok", a.body)
		require.Equal(t, http.Header{"X-Sum": {"9"}, "X-Late": {"8"}}, a.Trailer)
		h := origin.heard()
		require.Contains(t, h.raw, "\r\nTrailer: X-Check\r\n")
		require.Equal(t, "3\r\nabc\r\n0\r\nX-Check: 7\r\n\r\n", h.body)
	})
}

func TestProxy_InterimAnswersPass(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Banyan-Arm: lie\r\n\r\n"+plainAnswer))
		e := startEdge(t, Options{Legacy: origin.origin(), RevealArm: true})
		v := e.dial(request("GET /"))
		early := v.answer("HEAD")
		require.Equal(t, http.StatusEarlyHints, early.StatusCode)
		require.Equal(t, http.Header{"Link": {"</a.css>; rel=preload"}}, early.Header)
		final := v.answer("GET")
		require.Equal(t, "ok", final.body)
		require.Equal(t, "legacy", final.Header.Get("X-Banyan-Arm"))
		require.NotContains(t, final.Header, "Link")
	})
}

func TestProxy_ExpectedContinueComesFromTheOrigin(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, func(v *caller, h heard) bool {
			if h.header.Get("X-Refuse") != "" {
				_, _ = io.WriteString(v, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
				return false
			}
			_, _ = io.WriteString(v, "HTTP/1.1 100 Continue\r\n\r\n")
			body := make([]byte, 3)
			_, _ = io.ReadFull(v.r, body)
			_, _ = io.WriteString(v, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"+string(body))
			return true
		})
		e := startEdge(t, Options{Legacy: origin.origin()})
		v := e.dial(request("PUT /", "Expect: 100-continue", "Content-Length: 3"))
		require.Equal(t, "HTTP/1.1 100 Continue", v.line())
		require.Empty(t, v.line())
		v.say("abc")
		require.Equal(t, "abc", v.answer("PUT").body)

		v = e.dial(request("PUT /", "Expect: 100-continue", "Content-Length: 3", "X-Refuse: 1"))
		require.Equal(t, http.StatusExpectationFailed, v.answer("PUT").StatusCode, "without the body having been asked for")
	})
}

func TestProxy_EventsArriveWithoutDelay(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		next := make(chan string)
		origin := startOrigin(t, func(v *caller, _ heard) bool {
			_, _ = io.WriteString(v, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
			for event := range next {
				_, _ = io.WriteString(v, event)
			}
			_, _ = io.WriteString(v, "0\r\n\r\n")
			return true
		})
		e := startEdge(t, Options{Legacy: origin.origin()})
		v := e.dial(request("GET /events"))
		for v.line() != "" { // the header comes before the first event
		}
		for range 3 {
			next <- "9\r\ndata: 1\n\n\r\n"
			require.Equal(t, "9", v.line())
			require.Equal(t, "data: 1", v.line())
			require.Equal(t, []string{"", ""}, []string{v.line(), v.line()})
		}
		close(next)
		require.Equal(t, "0", v.line())
	})
}

func TestProxy_UploadIsStreamed(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		pieces := make(chan string)
		origin := startOrigin(t, func(v *caller, _ heard) bool {
			for range 3 {
				piece := make([]byte, 3)
				_, _ = io.ReadFull(v.r, piece)
				pieces <- string(piece)
			}
			_, err := io.WriteString(v, plainAnswer)
			return err == nil
		})
		e := startEdge(t, Options{Legacy: origin.origin()})
		v := e.dial(request("POST /", "Content-Length: 9", "X-Test: leave-body"))
		for _, piece := range []string{"abc", "def", "ghi"} {
			v.say(piece)
			require.Equal(t, piece, <-pieces, "before the next has been sent")
		}
		require.Equal(t, "ok", v.answer("POST").body)
	})
}

func TestProxy_UpgradeIsATunnel(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, echoUpgrade)
		e := startEdge(t, Options{Legacy: origin.origin(), RevealArm: true})
		v := e.dial(request("GET /ws", "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: abc") + "early\n")
		require.Equal(t, "HTTP/1.1 101 Switching Protocols", v.line())
		for v.line() != "" {
		}
		require.Equal(t, "early", v.line())
		v.say("more\n")
		require.Equal(t, "more", v.line())
		h := origin.heard()
		require.Equal(t, "abc", h.header.Get("Sec-Websocket-Key"))
		require.Equal(t, "websocket", h.header.Get("Upgrade"))
		require.NoError(t, v.Close())
		entry := e.log.next(t, "request")
		require.EqualValues(t, 101, entry["status"])
		require.EqualValues(t, len("early\nmore\n"), entry["bytes"])
	})
}

func TestProxy_UpgradeToHTTP2IsNotATunnelPastTheTable(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: origin.origin()})
		a := e.get(request("GET /", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"))
		require.Equal(t, "ok", a.body)
		h := origin.heard()
		require.NotContains(t, h.header, "Upgrade")
		require.NotContains(t, h.header, "Http2-Settings")
	})
}

// echoUpgrade switches protocols and gives back every line.
func echoUpgrade(v *caller, _ heard) bool {
	_, _ = io.WriteString(v, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	for {
		text, err := v.r.ReadString('\n')
		if err != nil {
			return false
		}
		if _, err := io.WriteString(v, text); err != nil {
			return false
		}
	}
}
