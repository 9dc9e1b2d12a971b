package proxy

import (
	"io"
	"math"
	"net/http"
	"net/textproto"
	"sync/atomic"
	"time"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
)

// never is a time that does not come.
const never = time.Duration(math.MaxInt64)

// originBody is the body of an origin's answer.
type originBody struct {
	trip    *trip
	conn    *originConn
	left    int64 // of a body of known length; -1: it ends with the connection
	chunked bool
	chunks  http1.Chunks
	trailer *http.Header
	err     error
	over    atomic.Bool // the connection is no longer this body's
}

// Read reads a piece.
func (o *originBody) Read(piece []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	if len(piece) == 0 {
		return 0, nil
	}
	for {
		n, err := o.take(piece)
		if err != nil {
			o.err = err
			o.finish(err == io.EOF)
		}
		if n > 0 || err != nil {
			return n, err
		}
		if err := o.conn.fill(never); err != nil {
			if o.left < 0 && !o.chunked && err == io.EOF {
				o.err = io.EOF
			} else if o.err = err; err == io.EOF {
				o.err = io.ErrUnexpectedEOF
			}
			o.finish(false)
			return 0, o.err
		}
	}
}

// take takes a piece out of what has been read. It returns io.EOF with the last
// piece, and none where more has to be read first.
func (o *originBody) take(piece []byte) (n int, err error) {
	c := o.conn
	if !o.chunked {
		data := c.unread()
		if o.left >= 0 && int64(len(data)) > o.left {
			data = data[:o.left]
		}
		n = copy(piece, data)
		c.r += n
		if o.left >= 0 {
			if o.left -= int64(n); o.left == 0 {
				err = io.EOF
			}
		}
		return n, err
	}
	for {
		used, data, err := o.chunks.Scan(c.unread(), len(piece)-n)
		if err != nil {
			return n, err
		}
		n += copy(piece[n:], data)
		c.r += used
		if o.chunks.Done() {
			o.keepTrailers()
			return n, io.EOF
		}
		if used == 0 || n == len(piece) {
			return n, nil
		}
	}
}

// keepTrailers adds what followed the last chunk to the answer.
func (o *originBody) keepTrailers() {
	for _, t := range o.chunks.Trailers {
		if !mayTrail([]byte(t.Name)) {
			continue
		}
		if *o.trailer == nil {
			*o.trailer = http.Header{}
		}
		name := textproto.CanonicalMIMEHeaderKey(t.Name)
		(*o.trailer)[name] = append((*o.trailer)[name], t.Value)
	}
}

// mayTrail reports whether a field may follow a body: none that frames or
// routes a message, and none that is the edge's (RFC 9110 §6.5.1).
func mayTrail(name []byte) bool { return http1.IDOf(name) == http1.Other && !isOwn(name) }

// finish gives the connection back, or up.
func (o *originBody) finish(whole bool) {
	if !o.over.CompareAndSwap(false, true) {
		return
	}
	t := o.trip
	sent := t.pump == nil && t.body == nil || t.pump != nil && t.pump.ended()
	whole = t.stop() && whole && sent && (o.chunked || o.left >= 0) && t.res.Reusable()
	o.conn.release(whole)
}

// Close ends the answer. A reader that is still waiting for more comes to an
// error.
func (o *originBody) Close() error {
	if o.over.CompareAndSwap(false, true) {
		o.trip.stop()
		return o.conn.Close()
	}
	return nil
}
