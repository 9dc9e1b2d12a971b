package proxy

import (
	"net/http"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
)

// upgraded is the origin's side of a tunnel, beginning with what came right
// behind the answer that granted it.
type upgraded struct{ conn *originConn }

// switched makes the answer that grants an upgrade.
func (t *trip) switched() (*http.Response, error) {
	asked := t.request.Header.Get("Upgrade")
	if given, _ := t.res.Lookup(t.conn.unread(), http1.Upgrade); asked == "" || !strings.EqualFold(string(given), asked) {
		return nil, errSwitched
	}
	res := &http.Response{
		Status: "101 Switching Protocols", StatusCode: http.StatusSwitchingProtocols, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: t.header(), Request: t.request,
	}
	t.conn.r += t.length
	t.stop() // from here on the tunnel's ends close each other
	_ = t.conn.SetDeadline(time.Time{})
	t.conn.armed = never
	res.Body = &upgraded{t.conn}
	return res, nil
}

// Read reads what the origin sends.
func (u *upgraded) Read(piece []byte) (int, error) {
	c := u.conn
	if c.r == c.w {
		if c.buf != nil {
			c.origin.proxy.buffers.Put(c.buf)
			c.buf, c.r, c.w = nil, 0, 0
		}
		return c.Conn.Read(piece)
	}
	n := copy(piece, c.unread())
	c.r += n
	return n, nil
}

// Write writes to the origin.
func (u *upgraded) Write(piece []byte) (int, error) { return u.conn.Conn.Write(piece) }

// CloseWrite says that nothing more comes from the viewer.
func (u *upgraded) CloseWrite() error {
	if half, ok := u.conn.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return u.conn.Close()
}

// Close closes the connection.
func (u *upgraded) Close() error { return u.conn.Close() }
