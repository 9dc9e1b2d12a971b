package proxy

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"sync/atomic"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
)

// together is how large a piece of a body may be to be copied behind what is
// sent before it; larger ones are sent from where they are.
const together = 4 << 10

// answer begins the answer to the viewer with the head that was parsed.
func (x *pass) answer() {
	res, text, minor := &x.res, x.conn.unread(), x.viewer.req.Minor
	x.status, x.left = res.Status, res.Length
	_, dated := res.Lookup(text, http1.Date)
	bodiless, endless := res.Bodiless(x.toHead), res.UntilClose(x.toHead)
	if bodiless {
		x.left = 0
	}
	if !bodiless && (res.Chunked || endless) {
		x.frames = minor > 0
		x.closes = x.closes || minor == 0
	}
	kind, _ := res.Lookup(text, http1.ContentType)
	if !bodiless && bytes.HasPrefix(kind, []byte(eventStreamType)) {
		x.stream = newPassStream(x)
	}
	x.out = x.appendEdge(x.appendAnswer(x.out[:0]), dated)
	x.conn.r += x.length
	x.phase = phaseBody
}

// relay passes the body on, as it comes.
func (x *pass) relay() error {
	for {
		done, err := x.forward()
		if err == nil {
			err = x.flush()
		}
		switch {
		case err != nil:
			x.cutOff()
			return nil
		case done:
			x.whole, x.phase = true, phaseDone
			return nil
		}
		err = x.fill()
		switch {
		case err == nil:
		case err == errSlow:
			return err
		case x.stream != nil && x.stream.ended.Load(), err == io.EOF && x.res.UntilClose(x.toHead):
			x.endBody()
			return nil
		default:
			x.cutOff()
			return nil
		}
	}
}

// endBody ends a body where the connection ended, or the edge ends the stream.
func (x *pass) endBody() {
	x.phase = phaseDone
	if !x.frames {
		x.closes, x.aborted = true, x.left > 0
		return
	}
	x.out = append(x.out, "0\r\n\r\n"...)
	if x.flush() != nil {
		x.cutOff()
	}
}

// forward sends on what has been read, or keeps it to be sent with what follows.
func (x *pass) forward() (done bool, err error) {
	if x.res.Chunked && !x.res.Bodiless(x.toHead) {
		return x.forwardChunks()
	}
	data := x.conn.unread()
	if x.left >= 0 {
		data = data[:min(int64(len(data)), x.left)]
		x.left -= int64(len(data))
	}
	x.conn.r += len(data)
	return x.left == 0, x.emit(data)
}

// forwardChunks takes the body out of its chunks, and puts it into others.
func (x *pass) forwardChunks() (done bool, err error) {
	for {
		used, data, err := x.chunks.Scan(x.conn.unread(), largeBytes)
		if err != nil {
			return false, err
		}
		x.conn.r += used
		if len(data) > 0 {
			if err := x.emit(data); err != nil {
				return false, err
			}
		}
		if x.chunks.Done() {
			x.endChunks()
			return true, nil
		}
		if used == 0 {
			return false, nil
		}
	}
}

// endChunks writes the last chunk, and the trailers that may pass.
func (x *pass) endChunks() {
	if !x.frames {
		return
	}
	x.out = append(x.out, "0\r\n"...)
	for _, t := range x.chunks.Trailers {
		if mayTrail([]byte(t.Name)) {
			x.out = append(append(append(append(x.out, t.Name...), ": "...), t.Value...), "\r\n"...)
		}
	}
	x.out = append(x.out, "\r\n"...)
}

// emit sends a piece of the body, in a chunk if it has to be in one.
func (x *pass) emit(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	x.bytes += int64(len(data))
	if x.frames {
		x.out = append(strconv.AppendInt(x.out, int64(len(data)), 16), "\r\n"...)
	}
	switch room := cap(x.out) - len(x.out) - 64; {
	case len(data) <= min(together, room), !x.within() && len(data) <= room:
		x.out = append(x.out, data...)
	default:
		if err := x.viewer.write2(x.out, data); err != nil {
			return err
		}
		x.out = x.out[:0]
	}
	if x.frames {
		x.out = append(x.out, "\r\n"...)
	}
	return nil
}

// flush sends what was kept.
func (x *pass) flush() error {
	if len(x.out) == 0 {
		return nil
	}
	err := x.viewer.write(x.out)
	x.out = x.out[:0]
	return err
}

// passStream is an event stream, as seen by who ends it.
type passStream struct {
	streams *streams
	conn    net.Conn
	ended   atomic.Bool
}

func newPassStream(x *pass) *passStream {
	s := &passStream{streams: &x.proxy.open, conn: x.conn.Conn}
	s.streams.add(s)
	return s
}

// Close ends the stream: whoever reads it comes to its end.
func (s *passStream) Close() error {
	s.ended.Store(true)
	return s.conn.Close()
}

// end lets the stream go.
func (s *passStream) end() { s.streams.remove(s) }
