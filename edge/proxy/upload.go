package proxy

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// upload is a request body on its way to an arm, as slow as it may be and no
// slower.
type upload struct {
	x       *exchange
	body    io.ReadCloser
	control *http.ResponseController
	began   time.Time
	onRead  func() // told of each piece; nil: nobody
	limit   int64  // how many bytes the arm takes; 0: any number

	trailers []string // that may follow the body

	mu       sync.Mutex // an arm may still be reading when the exchange ends
	finished bool
	received int64
	err      error // what kept the body from being read to its end
}

func newUpload(x *exchange) *upload {
	u := &upload{x: x, body: x.in.Body, control: x.reply.control, began: time.Now()}
	if x.in.ProtoMajor == 1 {
		// An origin may answer before it has read all; without this the
		// server would first read the rest of the body itself.
		_ = u.control.EnableFullDuplex()
	}
	for name := range x.in.Trailer {
		if x.claim(name) {
			delete(x.in.Trailer, name)
		} else {
			u.trailers = append(u.trailers, name)
		}
	}
	return u
}

// Read reads a piece, and gives the viewer time for it.
func (u *upload) Read(piece []byte) (int, error) {
	if !u.extend() {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := u.body.Read(piece)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.received += int64(n)
	switch {
	case u.limit > 0 && u.received > u.limit:
		n, err = 0, &http.MaxBytesError{Limit: u.limit}
		u.err = err
	case err == io.EOF:
		u.dropTrailers()
		u.deadline(time.Time{}) // from here on the server reads, to notice a viewer that hangs up
	case err != nil:
		u.err = err
	}
	if u.onRead != nil && !u.finished {
		u.onRead()
	}
	return n, err
}

// Close does nothing: the body is the server's.
func (u *upload) Close() error { return nil }

// extend sets how long the next piece may take. It is false once the exchange
// has ended, when the connection's deadlines are another request's.
func (u *upload) extend() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.finished {
		return false
	}
	limits := u.x.proxy.options.Limits
	idle := time.Now().Add(limits.BodyIdle)
	slow := u.began.Add(2*limits.BodyIdle + time.Duration(u.received/limits.BodyRate)*time.Second)
	if slow.Before(idle) {
		idle = slow
	}
	u.deadline(idle)
	return true
}

// deadline sets the viewer's read deadline, unless the connection is no longer
// this exchange's.
func (u *upload) deadline(t time.Time) {
	if !u.finished {
		_ = u.control.SetReadDeadline(t) // a recorder in a test has none, and needs none
	}
}

// finish ends the upload with its exchange. What the arm did not read has to
// come within the last deadline; the server drops the connection otherwise.
func (u *upload) finish() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.finished = true
}

// fault says what the viewer did wrong with its body, if it did.
func (u *upload) fault() (refusal, bool) {
	if u == nil {
		return refusal{}, false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var tooLarge *http.MaxBytesError
	var slow interface{ Timeout() bool }
	switch {
	case u.err == nil:
		return refusal{}, false
	case errors.As(u.err, &tooLarge):
		return refusedTooLarge, true
	case errors.As(u.err, &slow) && slow.Timeout():
		return refusedTooSlow, true
	}
	return refusedBody, true
}

// dropTrailers removes what followed the body unannounced: whoever adds
// trailers to the headers would take them for those. The map is the one that is
// sent on.
func (u *upload) dropTrailers() {
	for name := range u.x.in.Trailer {
		if !slices.Contains(u.trailers, name) {
			delete(u.x.in.Trailer, name)
		}
	}
}
