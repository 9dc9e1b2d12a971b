// Package runtimetest is Lambda's Runtime API, for tests that drive a function's
// built binary as Lambda does.
//
//	rt := runtimetest.Start()
//	defer rt.Close()
//	cmd := exec.Command("./bootstrap")
//	cmd.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+rt.Addr())
//	…
//	res, err := rt.Invoke(ctx, runtimetest.Invocation{Payload: event})
//
// It answers next, response, error and init error, with the headers that Lambda
// sends, and the two calls of the Extensions API by which a Go function asks for
// SIGTERM. One invocation is in hand at a time, as in a Lambda environment. The
// only thing it lacks is the freezing between invocations.
package runtimetest

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync"
	"time"
)

// ErrClosed is returned by calls to a Runtime that has been closed.
var ErrClosed = errors.New("the runtime API is closed")

// Runtime is a running Runtime API.
type Runtime struct {
	server *httptest.Server
	queue  chan *call
	ready  chan struct{} // closed at the first next
	failed chan Failure  // init errors
	closed chan struct{}

	readyOnce, closeOnce sync.Once

	mu     sync.Mutex
	number int
	hand   map[string]*call // handed to the function, not answered
}

// Invocation is one event and what goes with it. The zero value of a field has
// a sensible value sent.
type Invocation struct {
	Payload  []byte
	Deadline time.Time // zero means in 30 seconds
	Trace    string    // X-Ray trace header
	ARN      string    // of the function
}

// Result is how the function answered.
type Result struct {
	Payload []byte
	Failure *Failure // nil where it succeeded
}

// Failure is an error that the function reported.
type Failure struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

type call struct {
	Invocation
	id     string
	result chan Result
}

// Start returns a Runtime that listens on a port of its own on loopback.
func Start() *Runtime {
	rt := &Runtime{
		queue:  make(chan *call),
		ready:  make(chan struct{}),
		failed: make(chan Failure, 1),
		closed: make(chan struct{}),
		hand:   make(map[string]*call),
	}
	rt.server = httptest.NewServer(rt.routes())
	return rt
}

// Addr is the value for AWS_LAMBDA_RUNTIME_API.
func (rt *Runtime) Addr() string { return rt.server.Listener.Addr().String() }

// Ready is closed when the function has asked for its first event.
func (rt *Runtime) Ready() <-chan struct{} { return rt.ready }

// InitFailed has the failure of a function that could not start.
func (rt *Runtime) InitFailed() <-chan Failure { return rt.failed }

// Invoke gives the function one event and waits for its answer.
func (rt *Runtime) Invoke(ctx context.Context, in Invocation) (Result, error) {
	c := rt.newCall(in)
	select {
	case rt.queue <- c:
	case <-rt.closed:
		return Result{}, ErrClosed
	case <-ctx.Done():
		return Result{}, fmt.Errorf("the function asks for no event: %w", ctx.Err())
	}
	select {
	case res := <-c.result:
		return res, nil
	case <-rt.closed:
		return Result{}, ErrClosed
	case <-ctx.Done():
		return Result{}, fmt.Errorf("the function does not answer: %w", ctx.Err())
	}
}

// Close ends the server; a function that still runs loses its connection.
func (rt *Runtime) Close() {
	rt.closeOnce.Do(func() {
		close(rt.closed)
		rt.server.CloseClientConnections()
		rt.server.Close()
	})
}

func (rt *Runtime) newCall(in Invocation) *call {
	if in.Deadline.IsZero() {
		in.Deadline = time.Now().Add(30 * time.Second)
	}
	if in.ARN == "" {
		in.ARN = "arn:aws:lambda:us-east-1:000000000000:function:test"
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.number++
	return &call{Invocation: in, id: fmt.Sprintf("8476a536-e9f4-11e8-9739-%012d", rt.number), result: make(chan Result, 1)}
}

// take returns the call with this id and forgets it: an invocation is answered
// once.
func (rt *Runtime) take(id string) (*call, bool) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	c, ok := rt.hand[id]
	delete(rt.hand, id)
	return c, ok
}

func (rt *Runtime) put(c *call) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.hand[c.id] = c
}
