package proxy

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/banyan-edge/banyan/edge/proxy/sock"
)

// originConn is a connection to an origin, used by one exchange at a time. Its
// deadlines are lazy: one that is still to come is left to run out, and
// whoever is woken by it looks whether its own time is up.
type originConn struct {
	net.Conn
	origin *origin
	raw    syscall.RawConn // nil where system calls cannot be made directly

	buf   []byte // lent while an answer is read; what is unread is buf[r:w]
	r, w  int
	used  bool          // it has carried an exchange before
	rest  time.Duration // since when it is idle
	armed time.Duration // when the read deadline runs out; 0: none is set

	asking  bool // out has still to be sent
	out     []byte
	sent    int   // how much of it was
	err     error // what went wrong in the callback
	onReady func(fd uintptr) bool
}

// errStale says that an idle connection was at its end, or had something to say
// that nobody had asked: nothing was sent on it.
var errStale = errors.New("the idle connection was closed by the origin")

func newOriginConn(g *origin, conn net.Conn) *originConn {
	c := &originConn{Conn: conn, origin: g}
	if plain, ok := conn.(*net.TCPConn); ok && sock.Usable {
		c.raw, _ = plain.SyscallConn()
	}
	c.onReady = c.ready
	return c
}

// ask sends a request and waits until the answer begins, or until due. What it
// does between the two takes no system call that comes back empty-handed.
func (c *originConn) ask(out []byte, due time.Duration) error {
	c.sent, c.out, c.asking = 0, out, true
	if c.raw == nil {
		return c.askPlain(due)
	}
	for {
		err := c.wait(due)
		if !c.asking || err != nil {
			return err
		}
		// There was not room for all of it.
		c.asking = false
		if err := c.send(out[c.sent:]); err != nil {
			return err
		}
	}
}

// fill reads more of the answer, or waits for it until due.
func (c *originConn) fill(due time.Duration) error {
	c.asking = false
	if c.raw == nil {
		return c.fillPlain(due)
	}
	return c.wait(due)
}

// wait lets the callback do its work.
func (c *originConn) wait(due time.Duration) error {
	for {
		c.arm(due)
		c.err = nil
		err := c.raw.Read(c.onReady)
		if err == nil {
			return c.err
		}
		again, err := c.early(err, due)
		if !again && !(c.asking && isTimeout(err)) {
			return err
		}
		if !again { // it has not been sent: its time begins now
			due = c.origin.proxy.mono() + slowAfter
		}
	}
}

// arm sees to it that the wait ends at due, or earlier.
func (c *originConn) arm(due time.Duration) {
	if c.armed == 0 || c.armed > due {
		c.armed = due
		_ = c.SetReadDeadline(c.origin.proxy.at(due))
	}
}

// early reports whether it was another's deadline that ran out.
func (c *originConn) early(err error, due time.Duration) (bool, error) {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false, err
	}
	c.armed = 0
	return c.origin.proxy.mono() < due, err
}

// ready sends and reads. It is called when the wait begins, when something
// has arrived, and at no other time. Waiting begins before sending: nothing
// that arrives after can be missed, so that the answer is not read for before
// it is there.
func (c *originConn) ready(fd uintptr) bool {
	if c.asking {
		if c.used && !sock.Quiet(fd) {
			c.err = errStale
			return true
		}
		n, err := sock.Write(fd, c.out)
		c.sent = n
		if err != nil && err != sock.ErrAgain {
			c.err = err
			return true
		}
		if n < len(c.out) {
			return true
		}
		c.asking = false
		return false
	}
	c.room()
	n, err := sock.Read(fd, c.buf[c.w:])
	if err == sock.ErrAgain {
		return false
	}
	if err == nil && n == 0 {
		err = io.EOF
	}
	c.w += n
	c.err = err
	return true
}

// room makes room to read into.
func (c *originConn) room() {
	switch {
	case c.buf == nil:
		c.buf = c.origin.proxy.buffers.Get()
	case c.r == c.w:
		c.r, c.w = 0, 0
	case c.w == len(c.buf) && c.r > 0:
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	case c.w == len(c.buf):
		grown := make([]byte, 2*len(c.buf))
		copy(grown, c.buf)
		c.origin.proxy.buffers.Put(c.buf)
		c.buf = grown
	}
}

// send sends all of it, at the pace of an origin that takes it slowly.
func (c *originConn) send(out []byte) error {
	_ = c.SetWriteDeadline(time.Now().Add(c.origin.answer))
	n, err := c.Write(out)
	c.sent += n
	return err
}

// write sends a piece of a body.
func (c *originConn) write(out []byte) error {
	_ = c.SetWriteDeadline(time.Now().Add(c.origin.answer))
	_, err := c.Write(out)
	return err
}

func (c *originConn) askPlain(due time.Duration) error {
	if c.used && !c.quiet() {
		return errStale
	}
	c.asking = false
	if err := c.send(c.out); err != nil {
		return err
	}
	return c.fillPlain(due)
}

func (c *originConn) fillPlain(due time.Duration) error {
	c.room()
	for {
		c.arm(due)
		n, err := c.Read(c.buf[c.w:])
		if c.w += n; n > 0 || err == nil {
			return nil
		}
		if again, err := c.early(err, due); !again {
			return err
		}
	}
}

// quiet reports whether an idle connection is fit to be used: open, and without
// a word that nobody asked for. On TLS there may be words of the protocol's own.
func (c *originConn) quiet() bool {
	under, ok := c.Conn.(interface{ NetConn() net.Conn })
	if !ok {
		return true
	}
	plain, ok := under.NetConn().(syscall.Conn)
	if !ok || !sock.Usable {
		return true
	}
	raw, err := plain.SyscallConn()
	if err != nil {
		return false
	}
	silent := false
	_ = raw.Control(func(fd uintptr) { silent = sock.Quiet(fd) })
	if _, secure := c.Conn.(*tls.Conn); silent || !secure {
		return silent
	}
	c.armed = 0
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	var one [1]byte
	n, err := c.Read(one[:])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// unread returns what has been read and not yet used.
func (c *originConn) unread() []byte { return c.buf[c.r:c.w] }

// release gives the connection back for the next exchange, or closes it.
func (c *originConn) release(reusable bool) {
	now := time.Duration(0)
	if reusable {
		now = c.origin.proxy.mono()
	}
	c.releaseAt(now)
}

// releaseAt does the same at a time that is known; at none, it closes.
func (c *originConn) releaseAt(now time.Duration) {
	reusable := now != 0
	reusable = reusable && c.r == c.w // what follows an answer unasked is nobody's answer
	c.origin.proxy.buffers.Put(c.buf)
	c.buf, c.r, c.w, c.out = nil, 0, 0, nil
	if !reusable {
		_ = c.Close()
		return
	}
	c.used = true
	c.origin.pool.put(c, now)
}
