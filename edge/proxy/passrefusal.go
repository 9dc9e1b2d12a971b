package proxy

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
)

// refuse answers for the edge itself.
func (x *pass) refuse(r refusal) {
	x.drop()
	x.phase, x.status = phaseDone, r.status
	x.closes = x.closes || r.closes
	x.lingers = x.closes
	kind, body := r.body(x.wantsPage(), string(x.trace[idStart:idEnd]))
	b := appendRefusal(x.buffer(), x.viewer.req.Minor, r, kind, len(body))
	b = x.appendEdge(b, false)
	if !x.toHead {
		b = append(b, body...)
		x.bytes = int64(len(body))
	}
	x.out = b
	if x.flush() != nil {
		x.aborted = true
	}
}

// buffer returns an empty buffer for what is to be sent.
func (x *pass) buffer() []byte {
	if x.out == nil {
		x.out = x.proxy.buffers.borrow()
	}
	return x.out[:0]
}

// appendRefusal writes the head of an answer of the edge's own, without its end.
func appendRefusal(b []byte, minor uint8, r refusal, kind string, length int) []byte {
	b = strconv.AppendInt(appendVersion(b, minor), int64(r.status), 10)
	b = append(append(append(b, ' '), http.StatusText(r.status)...), "\r\nCache-Control: no-store\r\n"...)
	if r.retryAfter != "" {
		b = append(append(append(b, "Retry-After: "...), r.retryAfter...), "\r\n"...)
	}
	b = append(append(append(b, "Content-Type: "...), kind...), "\r\nContent-Length: "...)
	return append(strconv.AppendInt(b, int64(length), 10), "\r\n"...)
}

// Refusals of what is not even a request, or one too many.
var (
	refusedHead = refusal{status: http.StatusBadRequest, title: "Your request cannot be read",
		detail: "Please check the link and try again.", closes: true}
	refusedHeadSize = refusal{status: http.StatusRequestHeaderFieldsTooLarge, title: "Your browser sent more than we can read",
		detail: "Please delete this shop's cookies and try again.", closes: true}
	refusedVersion = refusal{status: http.StatusHTTPVersionNotSupported, title: "Your request cannot be read",
		detail: "This is HTTP/1.1.", closes: true}
	refusedLoad = refusal{status: http.StatusServiceUnavailable, title: "The shop is very busy just now",
		detail: "Nothing was sent. Please try again in a moment.", retryAfter: retrySoon, closes: true}
)

// refuseHead answers a head that will not do. What it says cannot be believed,
// so that nothing is read behind it.
func (v *viewer) refuseHead(fault *http1.Fault) verdict {
	r, reason := refusedHead, refusedFraming
	switch fault.Status {
	case http.StatusRequestHeaderFieldsTooLarge:
		r, reason = refusedHeadSize, refusedSize
	case http.StatusHTTPVersionNotSupported:
		r = refusedVersion
	}
	v.proxy.metrics.refused(reason)
	v.proxy.log.Info("request refused", "status", r.status, "fault", fault.Reason, "address", v.peer.clientText)
	page := bytes.Contains(v.buf[v.r:v.w], []byte("text/html"))
	_ = v.write(v.proxy.appendLoose(nil, r, page))
	v.r = v.w
	return linger
}

// appendLoose writes a refusal that belongs to no request that could be read.
func (p *Proxy) appendLoose(b []byte, r refusal, page bool) []byte {
	kind, body := r.body(page, "")
	b = appendRefusal(b, 1, r, kind, len(body))
	b = append(p.dates.append(append(b, "Date: "...), p.now()), "\r\nConnection: close\r\n\r\n"...)
	return append(b, body...)
}

// overloaded reports whether there are more requests in hand than there may be.
// What may write is taken longest.
func (p *Proxy) overloaded(mayWrite bool) bool {
	limit := int64(p.options.Limits.Requests)
	working := p.working.Load()
	if working < limit {
		return false
	}
	if mayWrite {
		limit += limit / 4
	}
	return working-p.open.count() >= limit
}

// shed turns a request away.
func (x *pass) shed(text []byte) verdict {
	v := x.viewer
	x.proxy.metrics.refused(refusedBusy)
	x.text, x.size = text[:v.head], v.head
	whole := !v.req.HasBody()
	x.closes = x.closes || !whole
	r := refusedLoad
	r.closes = !whole
	x.refuse(r)
	x.proxy.buffers.Put(x.out)
	x.out = nil
	next := v.next(x.size, x.now)
	switch {
	case x.aborted:
		return hangUp
	case x.closes:
		return linger
	}
	return next
}

// turnAway answers a connection for which there is no room.
func (v *viewer) turnAway() {
	_, plain := v.conn.(interface{ CloseRead() error })
	if plain {
		v.patience()
		_, _ = v.conn.Write(v.proxy.appendLoose(nil, refusedLoad, false))
	}
	_ = v.conn.Close()
}
