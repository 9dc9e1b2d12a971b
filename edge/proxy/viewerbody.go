package proxy

import (
	"io"
	"net/http"
	"net/textproto"
	"sync"
	"time"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
)

// viewerBody is a request's body on its way from the viewer. When it has been
// read to its end, the viewer is watched.
type viewerBody struct {
	writer  *writer
	viewer  *viewer
	request *http.Request

	mu       sync.Mutex
	left     int64 // of a body of known length
	chunked  bool
	chunks   http1.Chunks
	expected bool // the viewer waits to be told to send it
	err      error
	closed   bool
}

func newViewerBody(w *writer) *viewerBody {
	v := w.viewer
	return &viewerBody{writer: w, viewer: v, request: w.request, left: v.req.Length, chunked: v.req.Chunked,
		expected: v.req.Expects && v.req.Minor > 0}
}

// Read reads a piece.
func (o *viewerBody) Read(piece []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if o.err != nil || len(piece) == 0 {
		return 0, o.err
	}
	if o.expected {
		o.writer.continues()
	}
	v := o.viewer
	for {
		n, err := o.take(piece)
		if o.err = err; err == io.EOF {
			v.startWatch(o.writer.cancel)
		}
		if n > 0 || err != nil {
			return n, err
		}
		v.room()
		n, err = v.conn.Read(v.buf[v.w:])
		v.w += n
		if n == 0 && err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			if !isTimeout(err) {
				o.writer.cancel()
			}
			o.err = err
			return 0, err
		}
	}
}

// take takes a piece out of what has been read, with io.EOF after the last.
func (o *viewerBody) take(piece []byte) (n int, err error) {
	v := o.viewer
	if !o.chunked {
		n = copy(piece[:min(int64(len(piece)), o.left)], v.buf[v.r:v.w])
		v.r += n
		if o.left -= int64(n); o.left == 0 {
			err = io.EOF
		}
		return n, err
	}
	for {
		used, data, err := o.chunks.Scan(v.buf[v.r:v.w], len(piece)-n)
		if err != nil {
			return n, err
		}
		n += copy(piece[n:], data)
		v.r += used
		if o.chunks.Done() {
			o.keepTrailers()
			return n, io.EOF
		}
		if used == 0 || n == len(piece) {
			return n, nil
		}
	}
}

// keepTrailers adds the trailers that were announced to the request.
func (o *viewerBody) keepTrailers() {
	for _, t := range o.chunks.Trailers {
		name := textproto.CanonicalMIMEHeaderKey(t.Name)
		if _, ok := o.request.Trailer[name]; ok {
			o.request.Trailer[name] = append(o.request.Trailer[name], t.Value)
		}
	}
}

// Close does nothing: what is not read is the viewer's to see to.
func (o *viewerBody) Close() error { return nil }

// over reports whether the body has been read to its end.
func (o *viewerBody) over() bool {
	if !o.mu.TryLock() {
		return false // it is being read
	}
	defer o.mu.Unlock()
	return o.err == io.EOF
}

// welcome reports whether what is left of the body will come, and can be read.
func (o *viewerBody) welcome() bool {
	if !o.mu.TryLock() {
		return true
	}
	defer o.mu.Unlock()
	return o.err == nil && (!o.expected || o.writer.continued.Load())
}

// discardBytes is how much of a body that nobody read is read for the sake of
// the connection.
const discardBytes = 256 << 10

// finish ends the body with its request, whoever may still be reading it, and
// reports whether the connection is at the request's end.
func (o *viewerBody) finish() bool {
	_ = o.viewer.conn.SetReadDeadline(time.Unix(1, 0)) // for a reader that waits
	o.mu.Lock()
	_ = o.viewer.conn.SetReadDeadline(time.Time{})
	o.viewer.armed = 0
	o.closed = true
	over := o.err == io.EOF
	broken := o.err != nil && !over && !isTimeout(o.err) || o.expected && !o.writer.continued.Load()
	o.mu.Unlock()
	return over || !broken && o.discard()
}

// discard reads what nobody read, if it is there.
func (o *viewerBody) discard() bool {
	v := o.viewer
	_ = v.conn.SetReadDeadline(time.Now().Add(discardTime))
	defer func() { _ = v.conn.SetReadDeadline(time.Time{}) }()
	scrap := v.proxy.buffers.Get()
	defer v.proxy.buffers.Put(scrap)
	for read := 0; read < discardBytes; {
		n, err := o.take(scrap)
		if read += n; err != nil {
			return err == io.EOF
		}
		if n > 0 {
			continue
		}
		v.room()
		if n, err = v.conn.Read(v.buf[v.w:]); n == 0 && err != nil {
			return false
		}
		v.w += n
	}
	return false
}
