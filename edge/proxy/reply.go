package proxy

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// reply is the answer on its way to the viewer. It lets an arm's answer
// through, or holds it back where legacy is to be asked instead; it sees to the
// headers that are the edge's, and to a viewer that does not read.
type reply struct {
	x       *exchange
	w       http.ResponseWriter
	control *http.ResponseController

	status  int
	bytes   int64
	wrote   bool    // the header has gone
	held    bool    // the answer is not for the viewer
	endless bool    // an upgrade or an event stream
	tunnel  *tunnel // the viewer's connection, after an upgrade

	patience time.Time // until when the viewer may take for what it was sent
}

func (y *reply) begin(x *exchange, w http.ResponseWriter) {
	y.x, y.w, y.control = x, w, http.NewResponseController(w)
	y.waitForViewer()
}

// Unwrap lets http.ResponseController reach what is not done here.
func (y *reply) Unwrap() http.ResponseWriter { return y.w }

// Header returns the header to be sent.
func (y *reply) Header() http.Header { return y.w.Header() }

// WriteHeader sends the header, unless legacy is to be asked instead.
func (y *reply) WriteHeader(status int) {
	if status < 200 && status != http.StatusSwitchingProtocols {
		y.inform(status)
		return
	}
	if y.wrote || y.held {
		return
	}
	if y.x.headOf(status) {
		y.held = true
		return
	}
	y.wrote, y.status = true, status
	header := y.w.Header()
	hideOwn(header)
	y.x.proxy.redirect(header)
	if y.x.proxy.options.RevealArm {
		reveal(header, y.x.arm)
	}
	y.x.setVisitor(header)
	if strings.HasPrefix(header.Get("Content-Type"), eventStreamType) {
		y.endless = true
	}
	y.w.WriteHeader(status)
}

// inform passes on an interim answer, 103 Early Hints for one. The serverless
// arm's would be seen even if legacy then answered, and HTTP/1.0 has none.
func (y *reply) inform(status int) {
	if y.x.tentative || !y.x.in.ProtoAtLeast(1, 1) {
		return
	}
	hideOwn(y.w.Header())
	y.x.proxy.redirect(y.w.Header())
	y.w.WriteHeader(status)
}

// Write sends a piece of the body.
func (y *reply) Write(piece []byte) (int, error) {
	if !y.wrote {
		y.WriteHeader(http.StatusOK)
	}
	if y.held {
		return len(piece), nil
	}
	y.waitForViewer()
	n, err := y.w.Write(piece)
	y.bytes += int64(n)
	return n, err
}

// Flush sends what is buffered; FlushError is what http.ResponseController
// looks for, and says whether it went.
func (y *reply) Flush() { _ = y.FlushError() }

// FlushError sends what is buffered.
func (y *reply) FlushError() error {
	if !y.wrote {
		y.WriteHeader(http.StatusOK)
	}
	if y.held {
		return nil
	}
	y.waitForViewer()
	return y.control.Flush()
}

// Hijack hands the connection over for an upgrade, and keeps it in view: the
// server forgets it, and somebody has to close it at the end.
func (y *reply) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := y.control.Hijack()
	if err == nil {
		y.x.headOf(http.StatusSwitchingProtocols)
		y.status, y.wrote, y.endless = http.StatusSwitchingProtocols, true, true
		if y.x.proxy.options.RevealArm {
			reveal(y.w.Header(), y.x.arm)
		}
		y.tunnel = &tunnel{Conn: conn, early: buffered.Reader}
		y.x.proxy.open.add(y.tunnel)
		conn = y.tunnel
	}
	return conn, buffered, err
}

// waitForViewer renews the time the viewer has for what it is sent next. The
// connection keeps the last deadline, so it is renewed at the beginning and at
// the end of an exchange too; not each time, for that would cost more than the
// time it gains.
func (y *reply) waitForViewer() {
	stall := y.x.proxy.options.Limits.WriteStall
	if now := time.Now(); y.tunnel == nil && y.patience.Sub(now) < stall-stall/8 {
		y.patience = now.Add(stall)
		_ = y.control.SetWriteDeadline(y.patience) // a recorder in a test has none, and needs none
	}
}

// reset forgets an answer that was held back, to the last header.
func (y *reply) reset() {
	y.held = false
	clear(y.w.Header())
}

// finish ends the answer.
func (y *reply) finish() {
	if y.tunnel != nil {
		y.x.proxy.open.remove(y.tunnel)
		y.bytes = y.tunnel.sent.Load()
		return
	}
	if y.wrote {
		hideTrailers(y.w.Header())
	}
	y.waitForViewer()
}

// hideTrailers removes Banyan's own names from the trailers that an arm sent
// after its body.
func hideTrailers(header http.Header) {
	for key := range header {
		if strings.HasPrefix(key, http.TrailerPrefix+ownPrefix) {
			delete(header, key)
		}
	}
}

// tunnel is a viewer's connection after an upgrade. It begins with what the
// viewer sent before the upgrade was granted, and counts what goes to the
// viewer.
type tunnel struct {
	net.Conn
	early *bufio.Reader
	sent  atomic.Int64 // the copying may outlive the exchange by a moment
}

// Read reads what the viewer sends.
func (t *tunnel) Read(piece []byte) (int, error) {
	if waiting := t.early.Buffered(); waiting > 0 {
		return t.early.Read(piece[:min(len(piece), waiting)])
	}
	return t.Conn.Read(piece)
}

// Write passes a piece on to the viewer.
func (t *tunnel) Write(piece []byte) (int, error) {
	n, err := t.Conn.Write(piece)
	t.sent.Add(int64(n))
	return n, err
}

// CloseWrite says that nothing more comes from the origin, where the
// connection can say it.
func (t *tunnel) CloseWrite() error {
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return t.Conn.Close()
}
