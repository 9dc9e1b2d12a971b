package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"sync/atomic"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
)

// errMalformed says that an answer by HTTP/2 is none (RFC 9113 §8.1.1).
var errMalformed = errors.New("the answer is malformed")

// multiplexedTries is how often a request is tried that none of was sent, or
// that only reads.
const multiplexedTries = 3

// multiplexed is a request on its way by HTTP/2.
type multiplexed struct {
	origin  *origin
	x       *exchange
	request *http.Request
	hints   chan hint   // interim answers
	sent    atomic.Bool // some of the request was
	heard   bool        // an interim answer has gone to the viewer
}

// hint is an interim answer.
type hint struct {
	status int
	header textproto.MIMEHeader
}

// byHTTP2 sends a request by HTTP/2. It is false where the origin does not agree
// to that, and nothing has been sent. The library would send a request again
// that the origin says it has not looked at; here a connection is asked itself,
// and again only what RoundTrip would send again.
func (g *origin) byHTTP2(r *http.Request) (*http.Response, bool, error) {
	t := &multiplexed{origin: g, x: exchangeOf(r.Context()), request: r, hints: make(chan hint, originInterim)}
	for tries := 1; ; tries++ {
		conn, kept, err := g.multiplex.connect(r.Context())
		if conn == nil {
			return nil, err != nil, err
		}
		res, err := t.try(conn)
		if err == nil {
			return res, true, nil
		}
		if !kept || tries == multiplexedTries || !t.again() {
			if !t.sent.Load() && !t.over() {
				err = &unreachedError{err}
			}
			return nil, true, err
		}
	}
}

// again reports whether a request that failed on a kept connection can be
// repeated.
func (t *multiplexed) again() bool {
	if t.over() {
		return false
	}
	return !t.sent.Load() || t.bodiless() && !t.heard && repeatable(t.request.Method)
}

// over reports whether nobody waits for an answer any more.
func (t *multiplexed) over() bool { return t.request.Context().Err() != nil || t.x.late.Load() }

func (t *multiplexed) bodiless() bool { return t.request.Body == nil || t.request.Body == http.NoBody }

// try asks on one connection. What comes before the answer is passed on here and
// not where it is read: there, a viewer that takes its time would keep every
// other answer waiting.
func (t *multiplexed) try(conn *http.ClientConn) (*http.Response, error) {
	ctx, cancel := context.WithCancel(t.x.out.Context())
	stop := t.x.limit(t.origin.answer, cancel)
	defer stop()
	t.sent.Store(false)
	type outcome struct {
		res *http.Response
		err error
	}
	answered := make(chan outcome, 1)
	go func() {
		res, err := conn.RoundTrip(t.asSent(ctx))
		answered <- outcome{res, err}
	}()
	for {
		select {
		case h := <-t.hints:
			t.inform(h)
		case o := <-answered:
			for len(t.hints) > 0 {
				t.inform(<-t.hints)
			}
			if o.err == nil {
				o.err = check(o.res.StatusCode, o.res.Header)
				o.res.Body = &multiplexedBody{o.res.Body, o.res, cancel}
				if o.err != nil {
					_ = o.res.Body.Close()
				}
			}
			if o.err != nil {
				cancel()
				return nil, o.err
			}
			dropTrailing(o.res.Trailer)
			o.res.Request = t.request
			return o.res, nil
		}
	}
}

// asSent is the request with the target as the viewer wrote it.
func (t *multiplexed) asSent(ctx context.Context) *http.Request {
	r := t.request.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders:   func() { t.sent.Store(true) },
		Got1xxResponse: t.keep,
	}))
	if r.Host == "" {
		r.Host = t.origin.url.Host
	}
	target := string(t.origin.appendTarget(nil, t.x.in.RequestURI))
	r.URL = &url.URL{Scheme: "https", Host: r.Host, Opaque: target}
	if target != "*" {
		r.URL.Opaque = "https://" + r.Host + target // an Opaque that began with two slashes would be an address
	}
	return r
}

// keep takes an interim answer from whoever reads the connection.
func (t *multiplexed) keep(status int, header textproto.MIMEHeader) error {
	if err := check(status, http.Header(header)); err != nil {
		return err
	}
	if status == http.StatusContinue {
		return nil // the viewer is told when its body is read
	}
	select {
	case t.hints <- hint{status, header}:
		return nil
	default:
		return errTooManyHints
	}
}

// inform passes an interim answer on.
func (t *multiplexed) inform(h hint) {
	t.heard = true
	if trace := httptrace.ContextClientTrace(t.request.Context()); trace != nil && trace.Got1xxResponse != nil {
		_ = trace.Got1xxResponse(h.status, h.header)
	}
}

// check refuses an answer that would be another one as HTTP/1.1: names and values
// have been checked, what frames a message has not.
func check(status int, header http.Header) error {
	if status < 100 || status > 999 || status == http.StatusSwitchingProtocols || len(header) > originFields {
		return errMalformed
	}
	for _, name := range [...]string{"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade"} {
		if _, found := header[name]; found {
			return errMalformed
		}
	}
	if lengths, found := header["Content-Length"]; found && (len(lengths) != 1 || !http1.ValidLength(lengths[0])) {
		return errMalformed
	}
	return nil
}

// multiplexedBody is the body of an answer.
type multiplexedBody struct {
	io.ReadCloser
	res    *http.Response
	cancel context.CancelFunc
}

// Read reads a piece; after the last, the trailers are there.
func (b *multiplexedBody) Read(piece []byte) (int, error) {
	n, err := b.ReadCloser.Read(piece)
	if err == io.EOF {
		dropTrailing(b.res.Trailer)
	}
	return n, err
}

// Close ends the answer, and the request if it is still on its way.
func (b *multiplexedBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}

// dropTrailing removes what may not follow a body.
func dropTrailing(trailer http.Header) {
	for name := range trailer {
		if !mayTrail([]byte(name)) {
			delete(trailer, name)
		}
	}
}
