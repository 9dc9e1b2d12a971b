package proxy

import (
	"bytes"
	"strconv"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
	"github.com/banyan-edge/banyan/edge/route"
)

// lines copies the lines of a head that are to go on, neighbours at once.
type lines struct {
	to         []byte
	from       []byte
	start, end uint32
}

// keep adds a field's line: as it stands, where there is one space before the
// value and none behind it.
func (l *lines) keep(f http1.Field) {
	plain := f.Value.Start == f.Name.End+2 && l.from[f.Name.End+1] == ' ' && l.from[f.Value.End] == '\r'
	if f.Name.Start != l.end || !plain {
		l.flush()
		l.start = f.Name.Start
	}
	l.end = f.Value.End + 2
	if !plain {
		l.to = append(append(l.to, f.Name.Of(l.from)...), ": "...)
		l.to = append(append(l.to, f.Value.Of(l.from)...), "\r\n"...)
		l.start = l.end
	}
}

// replace adds a field's line with another value.
func (l *lines) replace(f http1.Field, value []byte) {
	l.flush()
	l.to = append(append(l.to, f.Name.Of(l.from)...), ": "...)
	l.to = append(append(l.to, value...), "\r\n"...)
	l.start, l.end = f.Value.End+2, f.Value.End+2
}

func (l *lines) flush() { l.to = append(l.to, l.from[l.start:l.end]...) }

// appendRequest writes what goes to the origin: the request as it came, but for
// what concerned the viewer's connection, and what the viewer claimed.
func (x *pass) appendRequest(b []byte) []byte {
	req, text := &x.viewer.req, x.text
	b = append(append(b, x.method...), ' ')
	if target := req.Target.Of(text); target[0] == '/' {
		b = append(append(b, x.origin.prefix...), target...)
	} else {
		b = append(b, target...)
	}
	b = append(append(b, " HTTP/1.1\r\nHost: "...), x.sentHost()...)
	l := lines{to: append(b, "\r\n"...), from: text}
	teTrailers := false
	for _, f := range req.Fields {
		switch f.ID {
		case http1.Connection, http1.KeepAlive, http1.ProxyConnection, http1.ProxyAuthenticate, http1.ProxyAuthorization,
			http1.Trailer, http1.TransferEncoding, http1.Upgrade, http1.HTTP2Settings, http1.Host, http1.ContentLength,
			http1.Forwarded, http1.Traceparent, http1.XForwardedFor, http1.XForwardedHost, http1.XForwardedProto:
			continue
		case http1.TE:
			teTrailers = teTrailers || acceptsTrailers(f.Value.Of(text))
			continue
		case http1.Tracestate, http1.XRealIP:
			if !x.hops.trusted {
				continue
			}
		case http1.Other:
			if claimed(f.Name.Of(text), x.hops.trusted) || x.proxy.isSecret(f.Name.Of(text)) {
				continue
			}
		}
		if !req.Named(text, f.Name.Of(text)) {
			l.keep(f)
		}
	}
	l.flush()
	b = l.to
	if req.Length >= 0 {
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), req.Length, 10), "\r\n"...)
	}
	if teTrailers {
		b = append(b, "Te: trailers\r\n"...)
	}
	b = x.appendOwn(b)
	if !repeatsRequest(x.method) {
		b = append(b, x.origin.secret.line...)
	}
	b = append(b, "\r\n"...)
	return append(b, text[x.viewer.head:]...)
}

// sentHost is the host that the origin is asked for.
func (x *pass) sentHost() string {
	switch {
	case x.origin.host != "":
		return x.origin.host
	case x.host != "":
		return x.host
	}
	return x.origin.url.Host
}

// acceptsTrailers reports whether a TE field says trailers.
func acceptsTrailers(value []byte) bool {
	for element := range http1.Elements(value) {
		if http1.EqualFold(element, "trailers") {
			return true
		}
	}
	return false
}

// appendOwn writes what the edge says of the request, as exchange.dress does.
func (x *pass) appendOwn(b []byte) []byte {
	b = append(append(b, "X-Banyan-Arm: "...), x.arm.String()...)
	b = strconv.AppendUint(append(b, "\r\nX-Banyan-Epoch: "...), x.decision.Epoch, 10)
	b = append(append(b, "\r\nTraceparent: "...), x.trace[:]...)
	b = append(append(b, "\r\nX-Forwarded-Proto: "...), x.hops.proto...)
	if x.hops.host != "" {
		b = append(append(b, "\r\nX-Forwarded-Host: "...), x.hops.host...)
	}
	if len(x.hops.chain) == 0 {
		return append(b, "\r\n"...)
	}
	if len(x.hops.chain) == 1 {
		b = append(append(b, "\r\nX-Forwarded-For: "...), x.hops.clientText...)
		b = append(append(b, "\r\nForwarded: "...), x.viewer.peerBy...)
		b = x.hops.appendAsked(b, x.hops.host)
	} else {
		b = append(append(b, "\r\nX-Forwarded-For: "...), x.hops.forwardedFor()...)
		b = append(append(b, "\r\nForwarded: "...), x.hops.forwarded()...)
	}
	return append(b, "\r\n"...)
}

// appendAnswer writes an answer's first line and the fields that are to go on.
func (x *pass) appendAnswer(b []byte) []byte {
	res, text := &x.res, x.conn.unread()
	b = appendVersion(b, x.viewer.req.Minor)
	b = strconv.AppendInt(b, int64(res.Status), 10)
	b = append(append(append(b, ' '), res.Reason.Of(text)...), "\r\n"...)
	l := lines{to: b, from: text}
	for _, f := range res.Fields {
		switch f.ID {
		case http1.Connection, http1.KeepAlive, http1.ProxyConnection, http1.ProxyAuthenticate, http1.ProxyAuthorization,
			http1.TE, http1.TransferEncoding, http1.Upgrade:
			continue
		case http1.Trailer:
			if !x.frames || !mayAnnounce(f.Value.Of(text)) {
				continue
			}
		case http1.ContentLength:
			if res.Status < 200 || res.Status == 204 {
				continue
			}
		case http1.Location, http1.ContentLocation, http1.Link, http1.Refresh, http1.SetCookie:
			if value, changed := x.redirect(f, text); changed {
				l.replace(f, value)
				continue
			}
		case http1.Other:
			if isOwn(f.Name.Of(text)) {
				continue
			}
		}
		if !res.Named(text, f.Name.Of(text)) {
			l.keep(f)
		}
	}
	l.flush()
	return l.to
}

// redirect is Proxy.redirect for one field, which is left alone where it is not
// to go on.
func (x *pass) redirect(f http1.Field, text []byte) ([]byte, bool) {
	if x.proxy.rewriter == nil || x.res.Named(text, f.Name.Of(text)) {
		return nil, false
	}
	return x.proxy.rewriter.Bytes(f.Name.Of(text), f.Value.Of(text))
}

func appendVersion(b []byte, minor uint8) []byte {
	if minor == 0 {
		return append(b, "HTTP/1.0 "...)
	}
	return append(b, "HTTP/1.1 "...)
}

// mayAnnounce reports whether all trailers that a field announces may pass.
func mayAnnounce(value []byte) bool {
	for name := range http1.Elements(value) {
		if !mayTrail(name) {
			return false
		}
	}
	return true
}

// appendEdge writes what the edge adds to an answer, and ends its head.
func (x *pass) appendEdge(b []byte, dated bool) []byte {
	p, v := x.proxy, x.viewer
	if !dated {
		b = append(p.dates.append(append(b, "Date: "...), x.began), "\r\n"...)
	}
	if p.options.RevealArm {
		b = append(append(append(b, "X-Banyan-Arm: "...), x.arm.String()...), "\r\n"...)
	}
	if x.decision.NewVisitor && route.ValidVisitor(x.decision.Visitor) {
		b = append(append(append(b, "Set-Cookie: "...), visitorCookie(&x.decision, x.hops.proto)...), "\r\n"...)
	}
	switch {
	case x.frames:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case x.closes || v.req.Minor > 0:
	default:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	if x.closes && v.req.Minor > 0 {
		b = append(b, "Connection: close\r\n"...)
	}
	return append(b, "\r\n"...)
}

// isPage reports whether an answer is one for a browser to show.
func (x *pass) isPage(text []byte) bool {
	kind, _ := x.res.Lookup(text, http1.ContentType)
	return bytes.HasPrefix(kind, []byte("text/html"))
}

// wantsPage reports whether the viewer would rather have a page than JSON.
func (x *pass) wantsPage() bool {
	var accept []string
	for _, f := range x.viewer.req.Fields {
		if f.ID == http1.Accept {
			accept = append(accept, x.value(f))
		}
	}
	return wantsPage(accept)
}
