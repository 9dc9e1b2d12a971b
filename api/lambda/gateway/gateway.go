package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// The limits of an HTTP API and of Lambda behind it.
const (
	MaxBodyBytes    = 10 << 20 // of a request
	MaxHeaderBytes  = 10_240   // of the request line and the headers
	MaxPayloadBytes = 6 << 20  // of an event, and of its answer
	Timeout         = 30 * time.Second
)

// Options say what answers, and how long it may take.
type Options struct {
	// Invoke answers one event; required. It must not keep payload.
	Invoke func(ctx context.Context, payload []byte) ([]byte, error)
	// Timeout is how long an answer is waited for. Zero means 30 seconds.
	Timeout time.Duration
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Logger gets failed invocations. Nil logs nothing.
	Logger *slog.Logger
}

// Gateway is an http.Handler that has every request answered by a function.
type Gateway struct {
	opts Options
	ids  requestIDs
}

// New returns a Gateway. It panics if there is nothing to invoke.
func New(opts Options) *Gateway {
	if opts.Invoke == nil {
		panic("gateway: New without Invoke")
	}
	if opts.Timeout == 0 {
		opts.Timeout = Timeout
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Gateway{opts: opts, ids: newRequestIDs()}
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "" || r.URL.Path[0] != '/' {
		refuse(w, http.StatusBadRequest)
		return
	}
	if headerBytes(r) > MaxHeaderBytes {
		refuse(w, http.StatusRequestHeaderFieldsTooLarge)
		return
	}
	body := getBuffer()
	defer body.put()
	if status := body.readBody(w, r); status != 0 {
		refuse(w, status)
		return
	}
	g.answer(w, r, body.bytes)
}

// answer has the function answer and passes its answer on.
func (g *Gateway) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	id := g.ids.next()
	payload := getBuffer()
	payload.bytes = appendEvent(payload.bytes, event{request: r, body: body, id: id, now: g.opts.Now()})
	if len(payload.bytes) > MaxPayloadBytes {
		payload.put()
		refuse(w, http.StatusRequestEntityTooLarge)
		return
	}
	// Lambda finishes what it began, whether or not someone still waits.
	ctx := lambdacontext.NewContext(context.WithoutCancel(r.Context()), &lambdacontext.LambdaContext{AwsRequestID: id})
	ctx, cancel := context.WithTimeout(ctx, g.opts.Timeout)
	defer cancel()
	result := make(chan invocation, 1)
	go func() { result <- g.invoke(ctx, payload) }()

	select {
	case done := <-result:
		payload.put()
		g.pass(w, r, done)
	case <-ctx.Done():
		// The function still reads the payload, so its buffer is not used again.
		g.log(r, "invocation timed out", slog.Duration("took", g.opts.Timeout))
		refuse(w, http.StatusServiceUnavailable)
	}
}

// invocation is what came of one.
type invocation struct {
	answer []byte
	err    error
}

var errPanicked = errors.New("the function panicked")

// invoke calls the function. A panic there ends an invocation, not the gateway.
func (g *Gateway) invoke(ctx context.Context, payload *buffer) (done invocation) {
	defer func() {
		if v := recover(); v != nil {
			done = invocation{err: fmt.Errorf("%w: %v", errPanicked, v)}
		}
	}()
	answer, err := g.opts.Invoke(ctx, payload.bytes)
	return invocation{answer, err}
}

// pass writes the function's answer, or says that there is none.
func (g *Gateway) pass(w http.ResponseWriter, r *http.Request, done invocation) {
	err := done.err
	if err == nil && len(done.answer) > MaxPayloadBytes {
		err = fmt.Errorf("the answer has %d bytes of JSON, more than %d", len(done.answer), MaxPayloadBytes)
	}
	if err == nil {
		err = passAnswer(w, r, done.answer)
	}
	if err != nil {
		g.log(r, "invocation failed", slog.String("cause", err.Error()))
		refuse(w, http.StatusBadGateway)
	}
}

func (g *Gateway) log(r *http.Request, msg string, attr slog.Attr) {
	g.opts.Logger.LogAttrs(r.Context(), slog.LevelError, msg, attr,
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.String("trace_id", r.Header.Get("Traceparent")))
}

// refuse answers as the HTTP API does of its own accord.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"message":"`+http.StatusText(status)+`"}`)
}

// headerBytes is the size of the request line and the headers.
func headerBytes(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("  \r\n") + len("Host: \r\n") + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			n += len(name) + len(value) + len(": \r\n")
		}
	}
	return n
}
