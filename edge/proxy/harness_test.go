package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/edge/route"
)

func TestMain(m *testing.M) {
	// After a refusal the server sleeps for half a second on a connection that
	// it has closed, which is no leak.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// patience is how long a test waits for what must happen before it fails.
const patience = 10 * time.Second

// decided is a table that decides everything alike.
type decided route.Decision

func (d decided) Decide(route.Request) route.Decision { return route.Decision(d) }

// toServerless is the decision that most tests of the serverless arm need.
var toServerless = decided{Arm: route.Serverless, Reason: route.RouteMatched, Rule: "checkout", Epoch: 7}

// always is Options.Table for one table.
func always(t Table) func() Table { return func() Table { return t } }

// line is what one request left in the log.
type line map[string]any

// logbook is a slog.Handler that keeps lines for a test to wait for.
type logbook struct {
	slog.Handler
	lines chan line
}

func newLogbook() *logbook { return &logbook{slog.DiscardHandler, make(chan line, 10_000)} }

func (l *logbook) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	entry := line{"msg": r.Message, "level": r.Level}
	r.Attrs(func(a slog.Attr) bool { entry[a.Key] = a.Value.Any(); return true })
	l.lines <- entry
	return nil
}

// next waits for the next line with this message.
func (l *logbook) next(t *testing.T, msg string) line {
	t.Helper()
	for {
		select {
		case entry := <-l.lines:
			if entry["msg"] == msg {
				return entry
			}
		case <-time.After(patience):
			require.FailNow(t, "no such line in the log", msg)
		}
	}
}

// onBoth runs a test on the plain path, before net/http's server, and on the
// engine. startEdge sees in the test's name which it is.
func onBoth(t *testing.T, test func(t *testing.T)) {
	t.Run("plain", test)
	t.Run("engine", test)
}

// onEngine reports whether a test runs on the engine.
func onEngine(t *testing.T) bool { return strings.Contains(t.Name()+"/", "/engine/") }

// edge is a proxy on a real socket.
type edge struct {
	*Proxy
	t       *testing.T
	address string
	drain   func(context.Context) error
	log     *logbook
}

// startEdge serves a proxy; Table, Logger and Legacy have defaults.
func startEdge(t *testing.T, o Options) *edge {
	t.Helper()
	return startEdgeOn(t, onEngine(t), o)
}

func startEdgeOn(t *testing.T, engine bool, o Options) *edge {
	t.Helper()
	e := &edge{t: t, log: newLogbook()}
	if o.Table == nil {
		o.Table = always(decided{})
	}
	if o.Legacy.URL == nil {
		o.Legacy.URL = &url.URL{Scheme: "http", Host: closedPort(t)}
	}
	o.Logger = slog.New(e.log)
	var err error
	e.Proxy, err = New(o)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	e.address = listener.Addr().String()
	served := make(chan struct{})
	serve, stop := e.server(engine, o)
	go func() { defer close(served); _ = serve(listener) }()
	t.Cleanup(func() {
		_ = stop()
		<-served
		e.open.end()
		e.Close()
	})
	return e
}

// server returns what serves the edge, and what stops it.
func (e *edge) server(onEngine bool, o Options) (serve func(net.Listener) error, stop func() error) {
	if onEngine {
		engine := NewEngine(e.Proxy)
		e.drain = engine.Drain
		return engine.Serve, engine.Close
	}
	server := Server(e.Proxy, o.Limits, o.Logger)
	e.drain = func(ctx context.Context) error { return e.Drain(ctx, server) }
	return server.Serve, server.Close
}

// dial opens a connection to the edge and sends what is given.
func (e *edge) dial(request string) *caller { return dial(e.t, e.address, request) }

// get asks for one thing on a connection of its own.
func (e *edge) get(request string) answer {
	e.t.Helper()
	v := e.dial(request)
	return v.answer(strings.SplitN(request, " ", 2)[0])
}

// caller is a client that says exactly what it is told.
type caller struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func dial(t *testing.T, address, request string) *caller {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	v := &caller{conn, t, bufio.NewReader(conn)}
	v.say(request)
	return v
}

func (v *caller) say(text string) {
	v.t.Helper()
	_, err := io.WriteString(v, text)
	require.NoError(v.t, err)
}

// line reads one line, without its end.
func (v *caller) line() string {
	v.t.Helper()
	text, err := v.r.ReadString('\n')
	require.NoError(v.t, err)
	return strings.TrimRight(text, "\r\n")
}

// answer is an answer and its body.
type answer struct {
	*http.Response
	body string
}

func (v *caller) answer(method string) answer {
	v.t.Helper()
	res, err := http.ReadResponse(v.r, &http.Request{Method: method})
	require.NoError(v.t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	require.NoError(v.t, res.Body.Close())
	return answer{res, string(body)}
}

// heard is a request as an origin got it.
type heard struct {
	raw    string // the head, byte for byte
	line   string // its first line
	header http.Header
	host   string
	body   string // still chunked, if it was
}

// rawOrigin is an origin that keeps the very bytes it got.
type rawOrigin struct {
	t        *testing.T
	listener net.Listener
	requests chan heard
	handle   func(conn *caller, h heard) (again bool)

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// plainAnswer is what a rawOrigin says if nothing else is told.
const plainAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// say makes a handler that gives one answer to everything.
func say(text string) func(*caller, heard) bool {
	return func(v *caller, _ heard) bool { _, err := io.WriteString(v, text); return err == nil }
}

// startOrigin starts an origin. Its handler answers on the connection, and says
// whether to go on.
func startOrigin(t *testing.T, handle func(*caller, heard) bool) *rawOrigin {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o := &rawOrigin{t: t, listener: listener, requests: make(chan heard, 10_000), handle: handle, conns: map[net.Conn]struct{}{}}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			o.mu.Lock()
			o.conns[conn] = struct{}{}
			o.mu.Unlock()
			open.Go(func() { o.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		o.mu.Lock()
		for conn := range o.conns {
			_ = conn.Close()
		}
		o.mu.Unlock()
		open.Wait()
	})
	return o
}

func (o *rawOrigin) serve(conn net.Conn) {
	defer conn.Close()
	v := &caller{conn, o.t, bufio.NewReader(conn)}
	for {
		h, err := v.hear()
		if err != nil {
			return
		}
		o.requests <- h
		if !o.handle(v, h) {
			return
		}
	}
}

// hear reads one request. The body is left to the handler where it waits to be
// told to come.
func (v *caller) hear() (h heard, err error) {
	for !strings.HasSuffix(h.raw, "\r\n\r\n") {
		text, err := v.r.ReadString('\n')
		if err != nil {
			return h, err
		}
		h.raw += text
	}
	h.line, _, _ = strings.Cut(h.raw, "\r\n")
	// net/http would refuse some targets that it has to be shown to have reached.
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET / HTTP/1.1" + strings.TrimPrefix(h.raw, h.line))))
	if err != nil {
		return h, fmt.Errorf("origin cannot read %q: %w", h.raw, err)
	}
	h.header, h.host = r.Header, r.Host
	if r.Header.Get("Expect") == "" && r.Header.Get("X-Test") != "leave-body" {
		err = v.hearBody(&h)
	}
	return h, err
}

func (v *caller) hearBody(h *heard) error {
	if length, _ := strconv.Atoi(h.header.Get("Content-Length")); length > 0 {
		body := make([]byte, length)
		_, err := io.ReadFull(v.r, body)
		h.body = string(body)
		return err
	}
	if !strings.Contains(strings.ToLower(h.raw), "\r\ntransfer-encoding: chunked") {
		return nil
	}
	ended := false
	for !ended || !strings.HasSuffix(h.body, "\r\n\r\n") {
		text, err := v.r.ReadString('\n')
		if err != nil {
			return err
		}
		h.body += text
		ended = ended || text == "0\r\n"
	}
	return nil
}

func (o *rawOrigin) origin() Origin {
	return Origin{URL: &url.URL{Scheme: "http", Host: o.listener.Addr().String()}}
}

// heard waits for the next request.
func (o *rawOrigin) heard() heard {
	o.t.Helper()
	select {
	case h := <-o.requests:
		return h
	case <-time.After(patience):
		require.FailNow(o.t, "the origin got no request")
		return heard{}
	}
}

// quiet requires that the origin got nothing more.
func (o *rawOrigin) quiet() {
	o.t.Helper()
	require.Empty(o.t, o.requests)
}

// closedPort returns an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// closedOrigin is an origin that refuses connections.
func closedOrigin(t *testing.T) Origin {
	return Origin{URL: &url.URL{Scheme: "http", Host: closedPort(t)}}
}

// request writes a request for the edge.
func request(lineText string, headers ...string) string {
	return lineText + " HTTP/1.1\r\nHost: shop.example\r\n" + strings.Join(append(headers, "", ""), "\r\n")
}
