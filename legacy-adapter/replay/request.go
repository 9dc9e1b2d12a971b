package replay

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// Request is what a shopper sent, as legacy is to get it.
type Request struct {
	Method string      `json:"method"`
	Target string      `json:"target"` // path and query, byte for byte
	Host   string      `json:"host"`
	Header http.Header `json:"header"` // end to end, dressed by the edge
	Body   []byte      `json:"-"`

	Client string `json:"client"` // the shopper's address and port
	Trace  string `json:"trace"`  // the traceparent
	Rule   string `json:"rule"`   // the route that had it captured
	Epoch  uint64 `json:"epoch"`
}

// errTooLarge: the body is over Options.BodyBytes.
var errTooLarge = errors.New("the body is larger than what is captured")

// readRequest reads a request to its end.
func readRequest(r *http.Request, d route.Decision, limit int64) (Request, error) {
	q := Request{
		Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header.Clone(),
		Client: r.RemoteAddr, Trace: r.Header.Get("Traceparent"), Rule: d.Rule, Epoch: d.Epoch,
	}
	q.Header.Del("Expect") // it has been met: the body is here
	q.Header.Del("Content-Length")
	if r.ContentLength > limit {
		return q, errTooLarge
	}
	if r.Body == nil {
		return q, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case err != nil:
		return q, fmt.Errorf("read the shopper's body: %w", err)
	case int64(len(body)) > limit:
		return q, errTooLarge
	}
	q.Body = body
	return q, nil
}

// Capture is a request that was kept, and where it stands.
type Capture struct {
	Request
	ID         string // nobody can guess it, and who knows it may see the answer
	Seq        int64  // grows in the order of acceptance
	Key        string // the client's idempotency key; empty where it sent none
	Session    string // captures of one session are replayed in order
	AcceptedAt time.Time

	State    State
	Told     bool      // the shopper is not waiting: an answer 202 was given, or will be
	Doubt    bool      // an earlier sending may have arrived
	Attempts int       // sendings so far
	SentAt   time.Time // of the last
	DueAt    time.Time
	Cause    string // in words: of the last deferral, or of a dead letter
	EndedAt  time.Time

	Failures     int       // answers by which legacy failed by itself and did not take it
	FailingSince time.Time // the first of them
}

// OrderingKey names the captures that reach legacy in the order they came.
func (c *Capture) OrderingKey() string { return c.Session }

// Record is a capture and legacy's answer to it, nil where there is none.
type Record struct {
	Capture
	Answer *Answer
}

// traceID returns the trace id of a traceparent, or "".
func traceID(traceparent string) string {
	const from, to = len("00-"), len("00-") + 32
	if len(traceparent) <= to {
		return ""
	}
	return traceparent[from:to]
}
