package proxy

import (
	"io"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// pump sends a request's body to an origin, piece by piece as it comes, while
// the origin may answer already.
type pump struct {
	trip *trip
	end  atomic.Int64 // when the body was sent, on the proxy's clock; 0: it still is
	bad  atomic.Bool  // it was not sent whole
	done chan struct{}
}

func newPump(t *trip) *pump { return &pump{trip: t, done: make(chan struct{})} }

// ended reports whether the body has been sent, all of it.
func (u *pump) ended() bool { return u.end.Load() != 0 && !u.bad.Load() }

// deadline is when the origin has to have answered. While it still gets the
// body, that is always some time from now: whether the body comes is for the
// limits on the viewer to say.
func (u *pump) deadline() time.Duration {
	from := time.Duration(u.end.Load())
	if from == 0 {
		from = u.trip.origin.proxy.mono()
	}
	return from + u.trip.origin.answer
}

// run sends the body. One that cannot be read to its end leaves the origin
// with a connection that breaks off, and not with a request that looks whole.
func (u *pump) run() {
	defer close(u.done)
	t := u.trip
	buffer := t.origin.proxy.buffers.Get()
	defer t.origin.proxy.buffers.Put(buffer)
	chunked := t.request.ContentLength <= 0
	err := u.copy(buffer, chunked)
	if err == nil && chunked {
		err = t.conn.write(u.appendEnd(buffer[:0]))
	}
	if err != nil {
		u.bad.Store(true)
	}
	u.end.Store(int64(t.origin.proxy.mono()))
}

// chunkRoom is kept free before and after a piece for the frame around it.
const chunkRoom = 16

// copy copies the body. A chunk is written together with its frame.
func (u *pump) copy(buffer []byte, chunked bool) error {
	t := u.trip
	piece := buffer
	if chunked {
		piece = buffer[chunkRoom : len(buffer)-2]
	}
	for {
		n, err := t.body.Read(piece)
		if n > 0 {
			out := piece[:n]
			if chunked {
				out = frame(buffer, n)
			}
			if err := t.conn.write(out); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			_ = t.conn.Close()
			return err
		}
	}
}

// frame makes a chunk of the n bytes that stand in a buffer after chunkRoom.
func frame(buffer []byte, n int) []byte {
	var size [chunkRoom]byte
	line := append(strconv.AppendInt(size[:0], int64(n), 16), "\r\n"...)
	start := chunkRoom - len(line)
	copy(buffer[start:], line)
	copy(buffer[chunkRoom+n:], "\r\n")
	return buffer[start : chunkRoom+n+2]
}

// appendEnd writes the last chunk, and the trailers that were announced.
func (u *pump) appendEnd(b []byte) []byte {
	b = append(b, "0\r\n"...)
	trailer := u.trip.request.Trailer
	names := make([]string, 0, len(trailer))
	for name := range trailer {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range trailer[name] {
			b = append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
		}
	}
	return append(b, "\r\n"...)
}
