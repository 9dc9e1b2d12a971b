package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strconv"
	"time"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
)

// Bounds of an origin's answer that are nobody's to set.
const (
	originFields  = 1000 // in a head
	originInterim = 32   // interim answers before the final one
)

var (
	errHeadTooLarge = errors.New("the answer's head is larger than 256 KB")
	errTooManyHints = errors.New("there is no end to the interim answers")
	errSwitched     = errors.New("the origin switched protocols unasked")
)

// RoundTrip sends a request to the origin, strictly framed, and reads its
// answer as strictly. It follows nothing, adds nothing, and sends nothing twice,
// except a read on a kept connection that had died.
func (g *origin) RoundTrip(r *http.Request) (*http.Response, error) {
	if g.multiplex != nil && r.Header.Get("Upgrade") == "" {
		if res, agreed, err := g.byHTTP2(r); agreed {
			return res, err
		}
	}
	t := &trip{origin: g, request: r, ctx: r.Context()}
	t.body = r.Body
	if r.Body == http.NoBody {
		t.body = nil
	}
	t.head = t.appendHead(g.proxy.buffers.borrow()[:0])
	defer func() { g.proxy.buffers.Put(t.head) }()
	for {
		res, err := t.try()
		if err == nil || !t.again(err) {
			return res, err
		}
	}
}

// trip is one request on its way.
type trip struct {
	origin  *origin
	request *http.Request
	ctx     context.Context
	body    io.ReadCloser // nil where there is none
	head    []byte
	conn    *originConn
	stop    func() bool // lets the connection outlive the context
	pump    *pump       // sends the body
	heard   bool        // some of the answer has come
	res     http1.Response
	length  int // of the head that was read last
}

// again reports whether a failed try can be repeated: not one byte was sent, or
// it was a read on a connection that had been kept.
func (t *trip) again(err error) bool {
	var notReached *unreachedError
	if errors.As(err, &notReached) || t.ctx.Err() != nil || !t.conn.used {
		return false
	}
	if t.conn.sent == 0 {
		return true
	}
	return t.body == nil && !t.heard && repeatable(t.request.Method) && !isTimeout(err)
}

// repeatable reports whether a request by this method can be sent again on a
// connection of its own, when the kept one that it was sent on had died.
func repeatable(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

func isTimeout(err error) bool {
	var timed interface{ Timeout() bool }
	return errors.As(err, &timed) && timed.Timeout()
}

// appendHead writes the head as it goes to the origin.
func (t *trip) appendHead(b []byte) []byte {
	r, x := t.request, exchangeOf(t.ctx)
	b = append(append(b, r.Method...), ' ')
	b = t.origin.appendTarget(b, x.in.RequestURI)
	host := r.Host
	if host == "" {
		host = t.origin.url.Host
	}
	b = append(append(b, " HTTP/1.1\r\nHost: "...), host...)
	b = append(b, "\r\n"...)
	for name, values := range r.Header {
		switch name {
		case "Host", "Content-Length", "Transfer-Encoding", "Trailer":
			continue
		case "User-Agent":
			if _, sent := x.in.Header[name]; !sent {
				continue // ReverseProxy's way to keep a transport from adding its own
			}
		}
		for _, value := range values {
			b = append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
		}
	}
	return append(t.appendFraming(b), "\r\n"...)
}

// appendFraming says how long the body is, or that it is chunked. A request that
// is meant to carry one and has none says that too, as servers expect.
func (t *trip) appendFraming(b []byte) []byte {
	r := t.request
	switch {
	case t.body == nil:
		if repeatable(r.Method) || r.Method == http.MethodDelete {
			return b
		}
		return append(b, "Content-Length: 0\r\n"...)
	case r.ContentLength > 0:
		b = strconv.AppendInt(append(b, "Content-Length: "...), r.ContentLength, 10)
		return append(b, "\r\n"...)
	}
	b = append(b, "Transfer-Encoding: chunked\r\n"...)
	names := make([]string, 0, len(r.Trailer))
	for name := range r.Trailer {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if i == 0 {
			b = append(b, "Trailer: "...)
		} else {
			b = append(b, ", "...)
		}
		b = append(b, name...)
	}
	if len(names) > 0 {
		b = append(b, "\r\n"...)
	}
	return b
}

// try sends the request on one connection and reads the head of the answer.
func (t *trip) try() (*http.Response, error) {
	conn, err := t.origin.connect(t.ctx, t.origin.proxy.mono())
	if err != nil {
		return nil, err
	}
	t.conn = conn
	t.stop = context.AfterFunc(t.ctx, func() { _ = conn.Close() })
	if err := t.send(); err == nil {
		var res *http.Response
		if res, err = t.answer(); err == nil {
			return res, nil
		}
		return nil, t.fail(err)
	} else {
		return nil, t.fail(err)
	}
}

// fail gives the connection up.
func (t *trip) fail(err error) error {
	t.stop()
	t.conn.release(false)
	if t.ctx.Err() == nil {
		return err
	}
	if t.pump != nil {
		<-t.pump.done // it knows whether the viewer is gone, or was too slow
	}
	return t.ctx.Err()
}

// send sends the head, and has the body sent.
func (t *trip) send() error {
	if t.body == nil {
		err := t.conn.ask(t.head, t.due())
		if isTimeout(err) {
			return err
		}
		t.heard = err == nil
		return err
	}
	t.conn.sent = 0
	if t.conn.used && !t.conn.quiet() {
		return errStale
	}
	if err := t.conn.send(t.head); err != nil {
		return err
	}
	if t.request.Header.Get("Expect") == "" {
		t.startBody()
	}
	return nil
}

// due is when the origin has to have answered.
func (t *trip) due() time.Duration { return t.origin.proxy.mono() + t.origin.answer }

func (t *trip) startBody() {
	t.pump = newPump(t)
	go t.pump.run()
}

// answer reads heads up to the final one.
func (t *trip) answer() (*http.Response, error) {
	for range originInterim {
		if err := t.readHead(); err != nil {
			return nil, err
		}
		status := t.res.Status
		switch {
		case status == http.StatusSwitchingProtocols:
			return t.switched()
		case status >= 200:
			return t.final()
		}
		if trace := httptrace.ContextClientTrace(t.ctx); trace != nil && trace.Got1xxResponse != nil {
			if err := trace.Got1xxResponse(status, textproto.MIMEHeader(t.header())); err != nil {
				return nil, err
			}
		}
		t.conn.r += t.length
		if status == http.StatusContinue && t.body != nil && t.pump == nil {
			t.startBody() // after the viewer was told, or it would be told twice
		}
	}
	return nil, errTooManyHints
}

// readHead reads one head, which then begins what is unread.
func (t *trip) readHead() error {
	t.res.Reset()
	for {
		if unread := t.conn.unread(); len(unread) > 0 {
			t.heard = true
			n, err := t.res.Parse(unread, originFields)
			if err == nil && n <= originHeaderBytes {
				t.length = n
				return nil
			}
			if err == nil || len(unread) > originHeaderBytes {
				return errHeadTooLarge
			}
			if !errors.Is(err, http1.ErrIncomplete) {
				return err
			}
		}
		if err := t.await(); err != nil {
			return err
		}
	}
}

// await reads more, or waits for it: for an origin that is asked to agree to a
// body a moment, for one that still gets its body as long as that takes.
func (t *trip) await() error {
	due := t.due()
	waits := t.body != nil && t.pump == nil
	if waits {
		due = t.origin.proxy.mono() + continueWait
	}
	for {
		err := t.conn.fill(due)
		if !isTimeout(err) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		switch {
		case waits:
			waits = false
			t.startBody()
			due = t.due()
		case t.pump != nil && t.pump.deadline() > t.origin.proxy.mono():
			due = t.pump.deadline()
		default:
			return err
		}
	}
}

// header returns the head's fields.
func (t *trip) header() http.Header {
	b := t.conn.unread()
	header := make(http.Header, len(t.res.Fields))
	for _, f := range t.res.Fields {
		name := textproto.CanonicalMIMEHeaderKey(string(f.Name.Of(b)))
		header[name] = append(header[name], string(f.Value.Of(b)))
	}
	return header
}

// final makes the answer of a head and what follows it.
func (t *trip) final() (*http.Response, error) {
	toHead := t.request.Method == http.MethodHead
	res := &http.Response{
		Status: strconv.Itoa(t.res.Status) + " " + string(t.res.Reason.Of(t.conn.unread())), StatusCode: t.res.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: int(t.res.Minor),
		Header: t.header(), ContentLength: t.res.Length, Request: t.request, Close: t.res.Close,
	}
	t.conn.r += t.length
	body := &originBody{trip: t, conn: t.conn, left: t.res.Length, chunked: t.res.Chunked, trailer: &res.Trailer}
	if t.res.Chunked {
		delete(res.Header, "Transfer-Encoding")
		res.TransferEncoding = []string{"chunked"}
		res.Trailer = announced(res.Header["Trailer"])
	}
	delete(res.Header, "Trailer")
	if t.res.Bodiless(toHead) {
		body.left, body.chunked, res.Trailer = 0, false, nil
		if !toHead {
			res.ContentLength = 0
		}
	}
	if body.left == 0 && !body.chunked {
		body.finish(true)
		res.Body = http.NoBody
		return res, nil
	}
	res.Body = body
	return res, nil
}

// announced are the trailers that a head announces.
func announced(lines []string) http.Header {
	var trailer http.Header
	for _, line := range lines {
		for name := range http1.Elements([]byte(line)) {
			if trailer == nil {
				trailer = http.Header{}
			}
			trailer[textproto.CanonicalMIMEHeaderKey(string(name))] = nil
		}
	}
	return trailer
}
