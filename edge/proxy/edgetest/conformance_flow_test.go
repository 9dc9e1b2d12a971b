package edgetest

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/proxy"
)

func TestEdge_InterimAnswersPass(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, func(c *originConn, m message) bool {
			c.say("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Banyan-Arm: lie\r\n\r\n")
			return sayBack(c, m)
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		for range 2 {
			v.say(request("GET /"))
			require.Equal(t, "HTTP/1.1 102 Processing", v.line(t))
			v.skipHeader(t)
			require.Equal(t, "HTTP/1.1 103 Early Hints", v.line(t))
			require.Equal(t, "Link: </a.css>; rel=preload", v.line(t))
			require.Empty(t, v.line(t), "and nothing of the edge's own")
			a, err := v.answer("GET")
			require.NoError(t, err)
			require.Equal(t, "GET /", a.body)
			require.NotContains(t, a.Header, "Link")
		}
	})
}

func TestEdge_TrailersPassBothWays(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, func(c *originConn, _ message) bool {
			return c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n")
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		a := edge.dial(t).ask(t, request("POST /", "Transfer-Encoding: chunked", "Trailer: X-Check", "TE: trailers")+"3\r\nabc\r\n0\r\nX-Check: 7\r\n\r\n")
		require.Equal(t, "abc", a.body)
		require.Equal(t, http.Header{"X-Sum": {"9"}}, a.Trailer)
		m := origin.next()
		require.Equal(t, []field{{"X-Check", "7"}}, m.trailers)
		require.Equal(t, []string{"trailers"}, m.get("TE"))
	})
}

// headOnly reads a request's head from an origin's connection, and leaves the
// body to be read.
func headOnly(c io.Reader) (*bufio.Reader, string, error) {
	r, head := bufio.NewReader(c), ""
	for !strings.HasSuffix(head, "\r\n\r\n") {
		line, err := r.ReadString('\n')
		if err != nil {
			return r, head, err
		}
		head += line
	}
	return r, head, nil
}

func TestEdge_ContinueComesFromTheOrigin(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		body := make([]byte, 3)
		origin := startListener(t, func(c io.ReadWriteCloser) {
			r, _, err := headOnly(c)
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
			_, _ = io.ReadFull(r, body)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"+string(body))
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		v.say(request("PUT /", "Expect: 100-continue", "Content-Length: 3"))
		require.Equal(t, "HTTP/1.1 100 Continue", v.line(t))
		require.Empty(t, v.line(t))
		v.say("abc")
		a, err := v.answer("PUT")
		require.NoError(t, err)
		require.Equal(t, "abc", a.body)
	})
}

func TestEdge_RefusedExpectationAsksForNoBody(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startListener(t, func(c io.ReadWriteCloser) {
			if _, _, err := headOnly(c); err == nil {
				_, _ = io.WriteString(c, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
			}
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		v.say(request("PUT /", "Expect: 100-continue", "Content-Length: 3"))
		require.Equal(t, "HTTP/1.1 417 Expectation Failed", v.line(t), "and no 100 before it")
	})
}

func TestEdge_EventsArriveWithoutDelay(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		next := make(chan string)
		end := sync.OnceFunc(func() { close(next) })
		defer end()
		origin := startRecorder(t, func(c *originConn, _ message) bool {
			c.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
			for event := range next {
				c.say(chunk(event))
			}
			return c.say("0\r\n\r\n")
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		v.say(request("GET /events"))
		res, err := http.ReadResponse(v.r, nil) // the header comes before the first event
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, res.StatusCode)
		events := bufio.NewReader(res.Body)
		for range 3 {
			next <- "data: 1\n\n"
			text, err := events.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "data: 1\n", text)
			_, err = events.ReadByte()
			require.NoError(t, err)
		}
		end()
		_, err = events.ReadByte()
		require.ErrorIs(t, err, io.EOF, "the stream ends as it should")
	})
}

func TestEdge_AnythingIsPassedOnAsItComes(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		if e.name == "plain" {
			t.Skip("net/http keeps back what fits into 4 KB of an answer whose length is known")
		}
		next := make(chan string)
		defer close(next)
		origin := startRecorder(t, func(c *originConn, _ message) bool {
			c.say("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n")
			for piece := range next {
				c.say(piece)
			}
			return true
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		v.say(request("GET /slow.html"))
		require.Equal(t, "HTTP/1.1 200 OK", v.line(t))
		v.skipHeader(t)
		for _, piece := range []string{"abc", "def", "ghi"} {
			next <- piece
			got := make([]byte, 3)
			_, err := io.ReadFull(v.r, got)
			require.NoError(t, err)
			require.Equal(t, piece, string(got), "before the next has been sent")
		}
	})
}

func TestEdge_UploadIsStreamed(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		pieces := make(chan string, 3)
		origin := startListener(t, func(c io.ReadWriteCloser) {
			r, _, err := headOnly(c)
			if err != nil {
				return
			}
			for range 3 {
				piece := make([]byte, 3)
				_, _ = io.ReadFull(r, piece)
				pieces <- string(piece)
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		v.say(request("POST /", "Content-Length: 9"))
		for _, piece := range []string{"abc", "def", "ghi"} {
			v.say(piece)
			require.Equal(t, piece, receive(t, pieces), "before the next has been sent")
		}
		a, err := v.answer("POST")
		require.NoError(t, err)
		require.Equal(t, "ok", a.body)
	})
}

func TestEdge_UpgradeIsATunnel(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, func(c *originConn, _ message) bool { return switchProtocols(c, "websocket") })
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		v.say(request("GET /ws", "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: abc") + "early\n")
		require.Equal(t, "HTTP/1.1 101 Switching Protocols", v.line(t))
		v.skipHeader(t)
		require.Equal(t, "early", v.line(t))
		binary := "\x00\xff\r\n\r\nGET / HTTP/1.1\r\n"
		for range 100 {
			v.say(binary)
			got := make([]byte, len(binary))
			_, err := io.ReadFull(v.r, got)
			require.NoError(t, err)
			require.Equal(t, binary, string(got))
		}
		m := origin.next()
		require.Equal(t, []string{"abc"}, m.get("Sec-WebSocket-Key"))
		require.Equal(t, []string{"websocket"}, m.get("Upgrade"))
		require.NoError(t, v.Close())
		edge.stop()
		require.NoError(t, origin.settle(), "the tunnel's other end is closed too")
	})
}

func TestEdge_ViewersOfHTTP10AreAnsweredAsTheyCanRead(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, func(c *originConn, m message) bool {
			if strings.Contains(m.line, "/chunks") {
				return c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")
			}
			c.say("HTTP/1.1 103 Early Hints\r\n\r\n")
			return sayBack(c, m)
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		for target, want := range map[string]string{"/chunks": "abcdef", "/a": "GET /a"} {
			v := edge.dial(t)
			v.say("GET " + target + " HTTP/1.0\r\nHost: shop.example\r\n\r\n")
			all, err := io.ReadAll(v.r)
			require.NoError(t, err, "the connection is closed")
			head, body, _ := strings.Cut(string(all), "\r\n\r\n")
			require.Contains(t, head, "200 OK")
			require.NotContains(t, head, "chunked")
			require.Equal(t, want, body)
		}
		v := edge.dial(t)
		for range 2 {
			a := v.ask(t, "GET /a HTTP/1.0\r\nHost: shop.example\r\nConnection: keep-alive\r\n\r\n")
			require.Equal(t, "GET /a", a.body)
			if a.Close {
				break // it may decline
			}
		}
	})
}

func TestEdge_ConnectionIsClosedWhenAsked(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, nil)
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		for range 20 {
			require.False(t, v.ask(t, request("GET /")).Close)
		}
		require.Len(t, origin.all(), 1, "connections to the origin are kept")
		a := v.ask(t, request("GET /", "Connection: close"))
		require.True(t, a.Close)
		require.NoError(t, v.ended())
	})
}

func TestEdge_OriginThatClosesIsNoMatterOfTheViewers(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		origin := startRecorder(t, func(c *originConn, m message) bool {
			c.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
			return false
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		for range 3 {
			a := v.ask(t, request("GET /"))
			require.Equal(t, "ok", a.body)
			require.False(t, a.Close)
		}
		require.Len(t, origin.all(), 3)
	})
}

func TestEdge_HeadsUpToTheLimitPass(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		cookie := strings.Repeat("x", 60<<10)
		origin := startRecorder(t, func(c *originConn, _ message) bool {
			return c.say("HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("y", 200<<10) + "\r\nContent-Length: 0\r\n\r\n")
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		a := v.ask(t, request("GET /", "Cookie: a="+cookie))
		require.Equal(t, http.StatusOK, a.StatusCode)
		require.Len(t, a.Header.Get("X-Long"), 200<<10)
		require.Equal(t, []string{"a=" + cookie}, origin.next().get("Cookie"))
	})
}

func TestEdge_WriteIsNeverSentTwice(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		for _, write := range []string{
			request("POST /buy", "Content-Length: 3") + "abc", request("POST /buy", "Idempotency-Key: k", "Content-Length: 0"),
			request("DELETE /buy", "Idempotency-Key: k"), request("PUT /buy", "Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\n\r\n",
		} {
			origin := startRecorder(t, func(c *originConn, m message) bool { return strings.Contains(m.line, "/warm") && sayBack(c, m) })
			edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
			v := edge.dial(t)
			require.Equal(t, "GET /warm", v.ask(t, request("GET /warm")).body)
			require.Equal(t, http.StatusBadGateway, v.ask(t, write).StatusCode)
			require.Contains(t, origin.next().line, "/warm")
			require.Contains(t, origin.next().line, "/buy")
			edge.stop()
			require.NoError(t, origin.settle())
			require.Empty(t, origin.heard)
		}
	})
}
