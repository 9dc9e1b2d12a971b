package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

func TestEngine_PipelinedRequestsAreAnsweredInTurn(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, func(v *caller, h heard) bool {
			_, err := fmt.Fprintf(v, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(h.line)+len(h.body), h.line+h.body)
			return err == nil
		})
		e := startEdge(t, Options{Legacy: origin.origin()})
		v := e.dial(request("GET /a") + request("POST /b", "Content-Length: 3") + "abc" +
			request("PUT /c", "Transfer-Encoding: chunked") + "3\r\ndef\r\n0\r\n\r\n" + request("GET /d"))
		require.Equal(t, "GET /a HTTP/1.1", v.answer("GET").body)
		require.Equal(t, "POST /b HTTP/1.1abc", v.answer("POST").body)
		require.Contains(t, v.answer("PUT").body, "def")
		require.Equal(t, "GET /d HTTP/1.1", v.answer("GET").body)
	})
}

func TestEngine_BodiesOfEverySizeAndFramingArriveWhole(t *testing.T) {
	bodies := map[string]string{}
	for _, size := range []int{0, 1, 4095, 4096, 20_000, 65_536, 3_000_000} {
		body := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		bodies[fmt.Sprintf("/length/%d", size)] = body
		bodies[fmt.Sprintf("/chunks/%d", size)] = body
		bodies[fmt.Sprintf("/close/%d", size)] = body
	}
	origin := startOrigin(t, func(v *caller, h heard) bool {
		path := strings.Fields(h.line)[1]
		body := bodies[path]
		switch {
		case strings.HasPrefix(path, "/length/"):
			_, err := fmt.Fprintf(v, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			return err == nil
		case strings.HasPrefix(path, "/close/"):
			_, _ = fmt.Fprintf(v, "HTTP/1.1 200 OK\r\n\r\n%s", body)
			return false
		}
		_, _ = io.WriteString(v, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for len(body) > 0 {
			n := min(len(body), 7001)
			_, _ = fmt.Fprintf(v, "%x\r\n%s\r\n", n, body[:n])
			body = body[n:]
		}
		_, err := io.WriteString(v, "0\r\n\r\n")
		return err == nil
	})
	onBoth(t, func(t *testing.T) {
		e := startEdge(t, Options{Legacy: origin.origin()})
		v := e.dial("")
		for path, body := range bodies {
			v.say(request("GET " + path))
			a := v.answer("GET")
			require.Equal(t, http.StatusOK, a.StatusCode, path)
			require.True(t, body == a.body, path)
			v.say("GET " + path + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
			if a = v.answer("GET"); a.Close {
				v = e.dial("")
			}
			require.True(t, body == a.body, path+" for HTTP/1.0")
		}
	})
}

func TestEngine_OriginThatTakesItsTimeIsWaitedFor(t *testing.T) {
	let := make(chan struct{})
	origin := startOrigin(t, func(v *caller, h heard) bool {
		if h.line == "GET /slow HTTP/1.1" {
			<-let
			_, _ = io.WriteString(v, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsl")
			<-let
			_, err := io.WriteString(v, "ow")
			return err == nil
		}
		_, err := io.WriteString(v, plainAnswer)
		return err == nil
	})
	onBoth(t, func(t *testing.T) {
		e := startEdge(t, Options{Legacy: origin.origin()})
		v := e.dial(request("GET /slow") + request("GET /next"))
		for range 2 {
			timer := time.NewTimer(2 * slowAfter) // by then the viewer is watched
			<-timer.C
			let <- struct{}{}
		}
		require.Equal(t, "slow", v.answer("GET").body)
		require.Equal(t, "ok", v.answer("GET").body)
		v.say(request("GET /again"))
		require.Equal(t, "ok", v.answer("GET").body, "the connection is as good as new")
	})
}

func TestEngine_WhatFollowsAnAnswerUnaskedIsNobodysAnswer(t *testing.T) {
	evil := "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
	origin := startOrigin(t, func(v *caller, h heard) bool {
		text := plainAnswer
		if h.line == "GET /at-once HTTP/1.1" {
			text += evil
		}
		_, err := io.WriteString(v, text)
		return err == nil
	})
	onBoth(t, func(t *testing.T) {
		e := startEdge(t, Options{Legacy: origin.origin()})
		for range 20 {
			v := e.dial(request("GET /at-once") + request("GET /next"))
			require.Equal(t, "ok", v.answer("GET").body)
			require.Equal(t, "ok", v.answer("GET").body)
		}
	})
}

func TestEngine_ConnectionsAreBounded(t *testing.T) {
	held, let := make(chan struct{}, 10), make(chan struct{})
	origin := startOrigin(t, func(v *caller, h heard) bool {
		if h.line == "GET /held HTTP/1.1" {
			held <- struct{}{}
			<-let
		}
		_, err := io.WriteString(v, plainAnswer)
		return err == nil
	})
	t.Run("engine", func(t *testing.T) {
		e := startEdge(t, Options{Legacy: origin.origin(), Limits: Limits{Connections: 2}})
		idle := e.dial(request("GET /"))
		require.Equal(t, "ok", idle.answer("GET").body)
		e.log.next(t, "request")
		first, second := e.dial(request("GET /held")), e.dial(request("GET /held"))
		_, err := idle.r.ReadByte()
		require.ErrorIs(t, err, io.EOF, "the one that rested made room")
		<-held
		<-held
		a := e.dial("").answer("GET")
		require.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
		require.Equal(t, "5", a.Header.Get("Retry-After"))
		require.True(t, a.Close)
		close(let)
		require.Equal(t, "ok", first.answer("GET").body)
		require.Equal(t, "ok", second.answer("GET").body)
		require.InDelta(t, 1, testutil.ToFloat64(e.metrics.refusals[refusedFull]), 0)
	})
}

func TestEngine_UnderLoadReadsAreShedFirst(t *testing.T) {
	held, let := make(chan struct{}, 10), make(chan struct{})
	origin := startOrigin(t, func(v *caller, h heard) bool {
		held <- struct{}{}
		<-let
		_, err := io.WriteString(v, plainAnswer)
		return err == nil
	})
	t.Run("engine", func(t *testing.T) {
		e := startEdge(t, Options{Legacy: origin.origin(), Limits: Limits{Requests: 4}, Metrics: prometheus.NewRegistry()})
		var waiting []*caller
		for range 4 {
			waiting = append(waiting, e.dial(request("GET /")))
			<-held
		}
		v := e.dial(request("GET /", "Accept: text/html"))
		a := v.answer("GET")
		require.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
		require.Equal(t, "5", a.Header.Get("Retry-After"))
		require.Contains(t, a.body, "<h1>The shop is very busy just now</h1>")
		v.say(request("POST /checkout", "Content-Length: 3") + "abc") // on the connection that was turned away just now
		<-held
		waiting = append(waiting, v)
		a = e.get(request("POST /checkout", "Content-Length: 3") + "abc")
		require.Equal(t, http.StatusServiceUnavailable, a.StatusCode, "there is an end to it")
		close(let)
		for _, v := range waiting {
			require.Equal(t, "ok", v.answer("GET").body)
		}
		require.InDelta(t, 2, testutil.ToFloat64(e.metrics.refusals[refusedBusy]), 0)
	})
}

// secureEdge serves an engine on TLS, with httptest's certificate.
func secureEdge(t *testing.T, o Options) (*Engine, net.Listener, *x509.CertPool) {
	borrowed := httptest.NewUnstartedServer(nil)
	borrowed.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(borrowed.Certificate())
	config := borrowed.TLS.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	borrowed.Close()
	p, err := New(o)
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	engine := NewEngine(p)
	served := make(chan error, 1)
	go func() { served <- engine.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, engine.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return engine, listener, roots
}

func TestEngine_SpeaksWhatTheHandshakeAgreesOn(t *testing.T) {
	origin := startOrigin(t, say(plainAnswer))
	engine, listener, roots := secureEdge(t, Options{Legacy: origin.origin(), Table: always(decided{})})
	for _, major := range []int{1, 2} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: major == 2}
		client := &http.Client{Transport: transport}
		for range 3 {
			res, err := client.Post("https://"+listener.Addr().String()+"//a%2f?b=%zz", "text/plain", strings.NewReader("abc"))
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, "ok", string(body))
			require.Equal(t, major, res.ProtoMajor)
			h := origin.heard()
			require.Equal(t, "POST //a%2f?b=%zz HTTP/1.1", h.line)
			require.Equal(t, "https", h.header.Get("X-Forwarded-Proto"))
			require.Equal(t, "abc", h.body)
		}
		transport.CloseIdleConnections()
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, engine.Drain(ctx))
}

func TestEngine_HandshakeThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	_, listener, _ := secureEdge(t, Options{Legacy: closedOrigin(t), Table: always(decided{}), Limits: Limits{HeaderTime: 30 * time.Millisecond}})
	v := dial(t, listener.Addr().String(), "")
	_, err := v.r.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}

func TestOrigin_IsReachedByTLS(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		shop := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, _ = io.WriteString(w, r.Proto+string(body))
		}))
		shop.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		shop.StartTLS()
		defer shop.Close()
		address, err := url.Parse(shop.URL)
		require.NoError(t, err)
		e := startEdge(t, Options{Legacy: Origin{URL: address, Host: "example.com"}})
		require.Equal(t, http.StatusBadGateway, e.get(request("GET /")).StatusCode, "nobody vouches for it")
		require.Equal(t, "unreached", e.log.next(t, "request")["outcome"])
		e.legacy.secure.RootCAs = x509.NewCertPool()
		e.legacy.secure.RootCAs.AddCert(shop.Certificate())
		v := e.dial(request("GET /") + request("POST /", "Content-Length: 3") + "abc" + request("GET /"))
		for _, want := range []string{"HTTP/1.1", "HTTP/1.1abc", "HTTP/1.1"} {
			require.Equal(t, want, v.answer("GET").body)
		}
	})
}

// notebook is a writer that tests may read.
type notebook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *notebook) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}

func (n *notebook) lines(t *testing.T) (all []map[string]any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	scanner := bufio.NewScanner(&n.b)
	for scanner.Scan() {
		entry := map[string]any{}
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &entry), scanner.Text())
		all = append(all, entry)
	}
	return all
}

// oddly is a table that decides by path, for reasons that are hard to write.
type oddly struct{}

func (oddly) Decide(r route.Request) route.Decision {
	d := byPath{}.Decide(r)
	d.Rule, d.Epoch, d.Reason = `a"b<é`, 7, route.AmbiguousPath
	return d
}

func TestAccessLog_SaysWhatSlogWouldSayAndLosesNothing(t *testing.T) {
	origin := startOrigin(t, say(plainAnswer))
	var want []map[string]any
	for _, fast := range []bool{false, true} {
		var book notebook
		logger := slog.New(slog.NewJSONHandler(&book, nil))
		if fast {
			logger = slog.New(NewLogHandler(&book, nil))
		}
		p, err := New(Options{
			Legacy: origin.origin(), Table: always(oddly{}), Serverless: Serverless{Origin: closedOrigin(t)}, Logger: logger,
			Now: func() time.Time { return httpDate.Add(123456789) },
		})
		require.NoError(t, err)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		engine := NewEngine(p)
		go func() { _ = engine.Serve(listener) }()
		v := dial(t, listener.Addr().String(), "")
		for _, path := range []string{"/", `/a"b\c`, "/caf\xc3\xa9", "/\xff<&>", "/a?secret"} {
			v.say(request("GET " + path))
			require.Equal(t, "ok", v.answer("GET").body)
		}
		v.say(request("POST /serverless"))
		require.Equal(t, http.StatusBadGateway, v.answer("POST").StatusCode)
		v.say(request("GET /serverless"))
		require.Equal(t, "ok", v.answer("GET").body)
		require.NoError(t, engine.Drain(t.Context()))
		lines := book.lines(t)
		require.Len(t, lines, 7)
		for _, entry := range lines {
			require.Len(t, entry["trace_id"], 32)
			delete(entry, "trace_id")
			delete(entry, "error") // it names ports
			_, err := time.Parse(time.RFC3339Nano, entry["time"].(string))
			require.NoError(t, err)
			delete(entry, "time")
		}
		if !fast {
			want = lines
			continue
		}
		require.Equal(t, want, lines)
		require.Equal(t, "unreached", lines[5]["outcome"])
		require.Equal(t, "unreached", lines[6]["fallback"])
	}
}

func TestEngine_AnswerByHandThatBreaksOffIsNotTakenForWhole(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, func(v *caller, h heard) bool {
			say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")(v, h)
			return false
		})
		e := startEdge(t, Options{Legacy: origin.origin()})
		v := e.dial(request("POST /", "Transfer-Encoding: chunked") + "3\r\nabc\r\n")
		v.say("0\r\n\r\n")
		res, err := http.ReadResponse(v.r, nil)
		if err == nil {
			_, err = io.ReadAll(res.Body)
		}
		require.Error(t, err)
	})
}
