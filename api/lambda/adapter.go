package lambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// MaxPayloadBytes is what Lambda takes as an event and as its answer.
const MaxPayloadBytes = 6 << 20

// ErrAborted is returned by Invoke where the handler panicked with
// http.ErrAbortHandler: it asks that the shopper get no answer at all.
var ErrAborted = errors.New("handler aborted the request")

// Options say how events are read. The zero value is right for an HTTP API, a
// REST API, a load balancer or a Function URL that shoppers reach directly.
type Options struct {
	// BasePath is taken off the front of the path, where it stands as whole
	// segments: the stage or the mapping key of an API. "" takes nothing off.
	BasePath string
	// TrustedHops is how many proxies stand between the shopper and the event's
	// own front, each of which appends to X-Forwarded-For: 1 behind CloudFront.
	// Zero takes the front's peer for the shopper.
	TrustedHops int
	// TrustForwardedHost takes the request's Host from X-Forwarded-Host, where the
	// proxy in front sets it. Zero takes the Host header, which behind CloudFront
	// is the API's own.
	TrustForwardedHost bool
	// Paths says whether paths come percent-encoded. Zero knows by the event.
	Paths Paths
	// MaxResponseBytes bounds the answer's JSON. Zero means MaxPayloadBytes.
	MaxResponseBytes int
	// Logger gets panics and answers that cannot be given. Nil logs nothing.
	Logger *slog.Logger
}

// Adapter answers Lambda events with an http.Handler. It is safe for concurrent
// use.
type Adapter struct {
	handler  http.Handler
	opts     Options
	accessor any // the key under which aws-lambda-go-api-proxy keeps its context
}

// New returns an Adapter for h. It panics if h is nil.
func New(h http.Handler, opts Options) *Adapter {
	if h == nil {
		panic("lambda: New of a nil handler")
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.MaxResponseBytes == 0 {
		opts.MaxResponseBytes = MaxPayloadBytes
	}
	opts.BasePath = cleanBase(opts.BasePath)
	return &Adapter{handler: h, opts: opts, accessor: accessorKey()}
}

// Invoke answers one event; it is aws-lambda-go's lambda.Handler. It fails only
// where no front could make sense of an answer: the payload is none of the four
// events, or the handler aborted. payload is not kept.
func (a *Adapter) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := readEvent(payload)
	if err != nil {
		return nil, err
	}
	s, err := e.shape()
	if err != nil {
		return nil, err
	}
	ctx = &eventContext{Context: ctx, key: a.accessor, event: e, shape: s}
	q := s.request(e)
	r, err := a.httpRequest(ctx, q)
	if err != nil {
		return encode(s, problem(http.StatusBadRequest, err.Error()), q.method), nil
	}
	w := newWriter(r, a.opts.MaxResponseBytes)
	if err := a.serve(w, r); err != nil {
		return nil, err
	}
	answer, err := w.finish()
	if err != nil {
		return a.refuse(s, r, err), nil
	}
	out := encode(s, answer, q.method)
	if len(out) > a.opts.MaxResponseBytes {
		return a.refuse(s, r, fmt.Errorf("%w: %d bytes of JSON", errTooBig, len(out))), nil
	}
	return out, nil
}

// encode writes an answer in the event's shape; one to HEAD has no body.
func encode(s shape, r *response, method string) []byte {
	if method == http.MethodHead {
		r.body = nil
	}
	return s.answer(make([]byte, 0, len(r.body)+len(r.body)/8+512), r)
}

// serve runs the handler. A panic becomes a 500, so that it costs one request
// and not the whole runtime.
func (a *Adapter) serve(w *writer, r *http.Request) (err error) {
	defer func() {
		if r.MultipartForm != nil {
			_ = r.MultipartForm.RemoveAll() // net/http does so; /tmp outlives the request
		}
		_ = r.Body.Close()
	}()
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			err = ErrAborted
		default:
			a.log(r, "handler panicked", slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
			w.replace(problem(http.StatusInternalServerError, "the handler failed"))
		}
	}()
	a.handler.ServeHTTP(w, r)
	return nil
}

// refuse answers in place of an answer that cannot be given.
func (a *Adapter) refuse(s shape, r *http.Request, cause error) []byte {
	a.log(r, "response refused", slog.String("cause", cause.Error()))
	return encode(s, problem(http.StatusBadGateway, cause.Error()), r.Method)
}

func (a *Adapter) log(r *http.Request, msg string, attrs ...slog.Attr) {
	attrs = append(attrs, slog.String("method", r.Method), slog.String("path", r.URL.Path))
	if trace := r.Header.Get("Traceparent"); trace != "" {
		attrs = append(attrs, slog.String("trace_id", trace))
	}
	a.opts.Logger.LogAttrs(r.Context(), slog.LevelError, msg, attrs...)
}
