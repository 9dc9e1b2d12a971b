package proxy

import (
	"context"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
)

// serveByHand has Proxy.ServeHTTP answer the request that was parsed: as an
// http.Request, through an http.ResponseWriter.
func (v *viewer) serveByHand() verdict {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	known := given{began: v.pass.began, parsed: true}
	if v.pass.decided {
		decision := v.pass.decision
		known.decision = &decision
	}
	r := v.request(ctx)
	w := newWriter(v, r, cancel)
	v.r += v.head
	if w.body == nil {
		v.startWatch(cancel)
	}
	aborted := w.serve(known)
	if w.hijacked {
		return hijacked
	}
	next := w.end(aborted)
	if next == readOn {
		next = v.next(0, v.proxy.mono())
	}
	return next
}

// request makes an http.Request of what was parsed, as net/http would. Its URL
// is the best that can be made of a target that net/url cannot read; whoever
// needs the target itself reads RequestURI.
func (v *viewer) request(ctx context.Context) *http.Request {
	req, text := &v.req, v.buf[v.r:v.w]
	target := string(req.Target.Of(text))
	r := &http.Request{
		Method: v.pass.method, RequestURI: target, URL: looseURL(target), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: int(req.Minor),
		Header: make(http.Header, len(req.Fields)), Body: http.NoBody, ContentLength: max(req.Length, 0),
		RemoteAddr: v.conn.RemoteAddr().String(), TLS: v.secure, Close: !req.Reusable(),
	}
	if req.Minor == 0 {
		r.Proto = "HTTP/1.0"
	}
	for _, f := range req.Fields {
		value := string(f.Value.Of(text))
		switch f.ID {
		case http1.Host:
			r.Host = value
			continue
		case http1.TransferEncoding:
			r.TransferEncoding, r.ContentLength = []string{"chunked"}, -1
			continue
		case http1.Trailer:
			if req.Chunked {
				r.Trailer = addAnnounced(r.Trailer, value)
				continue
			}
		}
		name := textproto.CanonicalMIMEHeaderKey(string(f.Name.Of(text)))
		r.Header[name] = append(r.Header[name], value)
	}
	// Where a server is in the context, ReverseProxy panics when an answer breaks
	// off; else it would end it as if it were whole.
	ctx = context.WithValue(ctx, http.ServerContextKey, v.engine.http2)
	return r.WithContext(context.WithValue(ctx, http.LocalAddrContextKey, v.conn.LocalAddr()))
}

// addAnnounced adds the trailers that a field announces.
func addAnnounced(trailer http.Header, value string) http.Header {
	for name, values := range announced([]string{value}) {
		if !mayAnnounce([]byte(name)) {
			continue
		}
		if trailer == nil {
			trailer = http.Header{}
		}
		trailer[name] = values
	}
	return trailer
}

// looseURL reads a target, whatever it is.
func looseURL(target string) *url.URL {
	if u, err := url.ParseRequestURI(target); err == nil {
		return u
	}
	path, query, _ := strings.Cut(target, "?")
	return &url.URL{Path: path, RawQuery: query}
}
