package gateway

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// maxPooled is the largest buffer that is kept for the next request.
const maxPooled = 64 << 10

// buffer is a byte slice that goes from request to request.
type buffer struct{ bytes []byte }

var buffers = sync.Pool{New: func() any { return &buffer{make([]byte, 0, 4<<10)} }}

func getBuffer() *buffer { return buffers.Get().(*buffer) }

func (b *buffer) put() {
	if cap(b.bytes) > maxPooled {
		return
	}
	b.bytes = b.bytes[:0]
	buffers.Put(b)
}

// readBody reads the request's body into the buffer. It returns 0, or the status
// to refuse the request with.
func (b *buffer) readBody(w http.ResponseWriter, r *http.Request) int {
	if r.ContentLength > MaxBodyBytes {
		return http.StatusRequestEntityTooLarge
	}
	if r.Body == nil || r.Body == http.NoBody {
		return 0
	}
	body := r.Body
	if r.ContentLength < 0 {
		body = http.MaxBytesReader(w, r.Body, MaxBodyBytes)
	}
	for {
		if len(b.bytes) == cap(b.bytes) {
			b.bytes = append(b.bytes, 0)[:len(b.bytes)]
		}
		n, err := body.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		var tooLarge *http.MaxBytesError
		switch {
		case errors.Is(err, io.EOF):
			return 0
		case errors.As(err, &tooLarge):
			return http.StatusRequestEntityTooLarge
		case err != nil:
			return http.StatusBadRequest // the client went away, or was too slow
		}
	}
}
