package proxy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
	"github.com/banyan-edge/banyan/edge/proxy/sock"
)

// verdict is what is to be done about a viewer next.
type verdict uint8

const (
	readOn   verdict = iota // what has been read is used up, or not a whole head
	byHand                  // the request is for Proxy.ServeHTTP
	underWay                // the request is under way, and takes its time
	hangUp                  // close the connection
	linger                  // the same, once the viewer has read the answer
	hijacked                // the connection is somebody else's
)

// viewer is a connection from a shopper's browser, or from what stands
// between. Between requests it holds no buffer and its deadline is only looked
// at now and then; the whole of a request is served from within the wait for it,
// where that is possible: after a wait the next one begins without a read that
// would find nothing.
type viewer struct {
	engine *Engine
	proxy  *Proxy
	conn   net.Conn
	raw    syscall.RawConn      // nil where system calls cannot be made directly
	fd     uintptr              // within the wait; 0 outside
	secure *tls.ConnectionState // nil: plain
	peer   hops                 // of the connection
	peerBy []byte               // the peer as Forwarded has it

	buf     []byte // what is unread is buf[r:w]
	r, w    int
	req     http1.Request
	head    int // its length
	pass    pass
	verdict verdict

	state  atomic.Int32  // resting, busy or retired
	served bool          // a request has been
	since  atomic.Int64  // when it began to rest, on the proxy's clock
	began  time.Duration // when the head began to come; 0: it has not
	armed  time.Duration // when the read deadline runs out; 0: none is set
	watch  *watch
	ready  func(fd uintptr) bool
}

// states of a viewer
const (
	resting int32 = iota
	busy
	retired
)

func newViewer(e *Engine, conn net.Conn) *viewer {
	v := &viewer{engine: e, proxy: e.proxy, conn: conn}
	if plain, ok := conn.(*net.TCPConn); ok && sock.Usable {
		v.raw, _ = plain.SyscallConn()
	}
	v.pass.viewer, v.pass.proxy = v, e.proxy
	v.req.Reset()
	v.ready = v.onReady
	v.since.Store(int64(v.proxy.mono()))
	return v
}

// serve serves the connection to its end.
func (v *viewer) serve() {
	defer v.engine.forget(v)
	defer v.recover()
	if !v.greet() {
		return
	}
	v.peer = v.proxy.peerOf(v.conn.RemoteAddr().String(), v.secure != nil)
	v.peerBy = v.peer.appendNode(nil, v.peer.client)
	next := readOn
	for {
		switch next {
		case readOn:
			next = v.await()
		case underWay:
			next = v.finishPass()
		case byHand:
			next = v.serveByHand()
		case linger:
			v.lingerOn()
			next = hangUp
		default:
			v.giveBack()
			if next != hijacked {
				_ = v.conn.Close()
			}
			return
		}
	}
}

// recover keeps a fault of the engine's own to the one connection.
func (v *viewer) recover() {
	if fault := recover(); fault != nil {
		v.proxy.log.Error("engine panicked", "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
		_ = v.conn.Close()
	}
}

// greet shakes hands on TLS, within the time for a header. It is false where
// the connection is no longer the viewer's.
func (v *viewer) greet() bool {
	secure, ok := v.conn.(*tls.Conn)
	if !ok {
		return true
	}
	_ = secure.SetDeadline(time.Now().Add(v.proxy.options.Limits.HeaderTime))
	if err := secure.Handshake(); err != nil {
		_ = secure.Close()
		return false
	}
	_ = secure.SetDeadline(time.Time{})
	state := secure.ConnectionState()
	v.secure = &state
	if state.NegotiatedProtocol == "h2" {
		v.engine.serveHTTP2(secure)
		return false
	}
	return true
}

// retire closes a connection that rests, and reports whether it did.
func (v *viewer) retire() bool {
	if !v.state.CompareAndSwap(resting, retired) {
		return v.state.Load() == retired
	}
	_ = v.conn.Close()
	return true
}

// await waits for a request and serves it, and the next ones, until something
// else than reading is to be done.
func (v *viewer) await() verdict {
	v.rest()
	for {
		err := v.wait()
		if err == nil {
			return v.verdict
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return hangUp
		}
		v.armed = 0
		if v.proxy.mono() >= v.due() {
			return hangUp
		}
	}
}

// wait waits once.
func (v *viewer) wait() error {
	v.arm(min(v.due(), v.proxy.mono()+idleLook))
	if v.raw != nil {
		err := v.raw.Read(v.ready)
		v.fd = 0
		return err
	}
	for {
		if v.w > v.r {
			if v.verdict = v.turn(); v.verdict != readOn {
				return nil
			}
			v.arm(v.due())
		}
		v.room()
		n, err := v.conn.Read(v.buf[v.w:])
		v.w += n
		if n == 0 && err != nil {
			if v.w == v.r {
				v.giveBack()
			}
			return err
		}
	}
}

// onReady reads and serves. It is called when the wait begins, and when
// something has arrived; after it returns false nothing that arrives is missed.
func (v *viewer) onReady(fd uintptr) bool {
	v.fd = fd
	for drained := false; ; {
		if v.w > v.r {
			if v.verdict = v.turn(); v.verdict != readOn {
				return true
			}
		}
		if drained {
			v.rest()
			return false
		}
		v.room()
		n, err := sock.Read(fd, v.buf[v.w:])
		switch {
		case err == sock.ErrAgain:
			v.rest()
			return false
		case err != nil || n == 0:
			v.verdict = hangUp
			return true
		}
		v.w += n
		drained = v.w < len(v.buf)
	}
}

// rest is between requests: nothing is held that is not needed.
func (v *viewer) rest() {
	if v.w > v.r {
		return
	}
	v.giveBack()
}

// room makes room to read into.
func (v *viewer) room() {
	switch {
	case v.buf == nil:
		v.buf = v.proxy.buffers.borrow()
		v.r, v.w = 0, 0
	case v.r == v.w:
		v.r, v.w = 0, 0
	case v.w == len(v.buf) && v.r > 0:
		v.w = copy(v.buf, v.buf[v.r:v.w])
		v.r = 0
	case v.w == len(v.buf):
		grown := make([]byte, 2*len(v.buf))
		copy(grown, v.buf)
		v.proxy.buffers.Put(v.buf)
		v.buf = grown
	}
}

func (v *viewer) giveBack() {
	if v.buf != nil {
		v.proxy.buffers.Put(v.buf)
		v.buf, v.r, v.w = nil, 0, 0
	}
}

// due is until when the viewer may take: for a head that has begun, or a first
// one, the time for a header; else it may rest.
func (v *viewer) due() time.Duration {
	switch limits := &v.proxy.options.Limits; {
	case v.began != 0:
		return v.began + limits.HeaderTime
	case !v.served:
		return time.Duration(v.since.Load()) + limits.HeaderTime
	default:
		return time.Duration(v.since.Load()) + limits.ViewerIdle
	}
}

// arm sees to it that the wait ends at due, or earlier. Where the connection
// is read without direct system calls it is exact.
func (v *viewer) arm(due time.Duration) {
	if v.raw == nil {
		due = v.due()
	} else if v.armed != 0 && v.armed <= due {
		return
	}
	v.armed = due
	_ = v.conn.SetReadDeadline(v.proxy.at(due))
}

// turn serves what has been read, as far as that is possible from where it is
// called.
func (v *viewer) turn() verdict {
	for v.w > v.r {
		n, err := v.req.Parse(v.buf[v.r:v.w], v.proxy.options.Limits.HeaderFields)
		limit := v.proxy.options.Limits.HeaderBytes
		switch {
		case err == nil && n <= limit:
		case err == nil, errors.Is(err, http1.ErrIncomplete) && v.w-v.r >= limit:
			return v.refuseHead(http1.ErrTooLarge)
		case errors.Is(err, http1.ErrIncomplete):
			v.beginHead()
			return readOn
		default:
			var fault *http1.Fault
			errors.As(err, &fault)
			return v.refuseHead(fault)
		}
		if !v.state.CompareAndSwap(resting, busy) && v.state.Load() == retired {
			return hangUp
		}
		v.head, v.began = n, 0
		next := v.pass.begin()
		if next != readOn {
			return next
		}
	}
	return readOn
}

// beginHead notes that a head has begun to come, and how long it may take.
func (v *viewer) beginHead() {
	if v.began == 0 {
		v.began = v.proxy.mono()
		v.arm(v.due())
	}
}

// next makes the viewer ready for its next request, whose first byte is used
// bytes on. It says what is to be done.
func (v *viewer) next(used int, now time.Duration) verdict {
	v.r += used
	v.req.Reset()
	v.served = true
	v.since.Store(int64(now))
	v.state.CompareAndSwap(busy, resting)
	if v.engine.draining.Load() && v.r == v.w {
		return hangUp
	}
	return readOn
}

// lingerOn lets the viewer read its answer: closing on what it still sends
// would reset the connection, and the answer with it.
func (v *viewer) lingerOn() {
	if half, ok := v.conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	_ = v.conn.SetReadDeadline(time.Now().Add(lingerTime))
	v.room()
	for read := 0; read < lingerBytes; {
		n, err := v.conn.Read(v.buf)
		if err != nil {
			return
		}
		read += n
	}
}

// write sends all of it to the viewer, which may take its time for each piece.
func (v *viewer) write(b []byte) error {
	if v.fd != 0 {
		n, err := sock.Write(v.fd, b)
		if err != nil && err != sock.ErrAgain {
			return err
		}
		if b = b[n:]; len(b) == 0 {
			return nil
		}
	}
	for len(b) > 0 {
		piece := b[:min(len(b), copyBytes)]
		v.patience()
		if _, err := v.conn.Write(piece); err != nil {
			return err
		}
		b = b[len(piece):]
	}
	return nil
}

// write2 sends two pieces, the second perhaps large, together.
func (v *viewer) write2(a, b []byte) error {
	if v.fd == 0 {
		if err := v.write(a); err != nil {
			return err
		}
		return v.write(b)
	}
	n, err := sock.Write2(v.fd, a, b)
	switch {
	case err != nil && err != sock.ErrAgain:
		return err
	case n < len(a):
		if err := v.write(a[n:]); err != nil {
			return err
		}
		return v.write(b)
	case n < len(a)+len(b):
		return v.write(b[n-len(a):])
	}
	return nil
}

// patience renews the time the viewer has for the piece that it is sent next.
func (v *viewer) patience() {
	_ = v.conn.SetWriteDeadline(time.Now().Add(v.proxy.options.Limits.WriteStall))
}

// watch reads on while a request is under way, to notice a viewer that hangs
// up. What it reads, one byte, belongs to the next request.
type watch struct {
	viewer *viewer
	done   chan struct{}
	gone   atomic.Bool
	cancel func()
	read   int
}

// startWatch begins to watch; cancel is called when the viewer hangs up. Where
// the buffer is full there is no room to watch.
func (v *viewer) startWatch(cancel func()) {
	if v.r == v.w {
		v.room() // nobody has a place in it
	}
	if v.w == len(v.buf) {
		return
	}
	_ = v.conn.SetReadDeadline(time.Time{})
	v.armed = 0
	v.watch = &watch{viewer: v, done: make(chan struct{}), cancel: cancel}
	go v.watch.run(v.buf[v.w : v.w+1])
}

// run waits for one byte, or the end.
func (w *watch) run(into []byte) {
	defer close(w.done)
	n, err := w.viewer.conn.Read(into)
	w.read = n
	if n == 0 && err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		w.gone.Store(true)
		w.cancel()
	}
}

// stopWatch ends the watch, and reports whether the viewer is still there.
func (v *viewer) stopWatch() bool {
	w := v.watch
	if w == nil {
		return true
	}
	v.watch = nil
	_ = v.conn.SetReadDeadline(time.Unix(1, 0))
	<-w.done
	_ = v.conn.SetReadDeadline(time.Time{})
	v.armed = 0
	v.w += w.read
	return !w.gone.Load()
}
