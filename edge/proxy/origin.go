package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// Origin is a server that an arm is reached at.
type Origin struct {
	URL  *url.URL // http or https; a path is put before that of every request
	Host string   // route.HostPreserve (or empty), route.HostOrigin, or the name to send as Host
}

// origin asks an Origin. httputil.ReverseProxy does the work; what it leaves to
// be done is the exact request target, the headers that are the edge's, and
// what to do when there is no answer.
type origin struct {
	proxy     *Proxy
	url       *url.URL
	prefix    string // before the request's own target
	host      string // to send; empty: the viewer's
	transport *http.Transport
	reverse   httputil.ReverseProxy
}

func newOrigin(p *Proxy, o Origin, answer time.Duration) (*origin, error) {
	if o.URL == nil || o.URL.Host == "" || (o.URL.Scheme != "http" && o.URL.Scheme != "https") {
		return nil, fmt.Errorf("proxy: an origin needs an http or https address, not %q", o.URL)
	}
	g := &origin{proxy: p, url: o.URL, prefix: strings.TrimSuffix(o.URL.EscapedPath(), "/")}
	switch o.Host {
	case "", route.HostPreserve:
	case route.HostOrigin:
		g.host = o.URL.Host
	default:
		g.host = o.Host
	}
	g.transport = newTransport(p.options.Limits, answer)
	g.reverse = httputil.ReverseProxy{
		Transport:      g.transport,
		Rewrite:        g.rewrite,
		ModifyResponse: g.inspect,
		ErrorHandler:   func(_ http.ResponseWriter, r *http.Request, err error) { exchangeOf(r.Context()).failed(err) },
		BufferPool:     &p.pieces,
		ErrorLog:       slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	return g, nil
}

// newTransport returns a transport that adds nothing of its own. It speaks
// HTTP/1.1, whose rules on what is sent twice are in sendOnce; it asks no
// environment for a proxy, and being a transport follows no redirects.
func newTransport(l Limits, answer time.Duration) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: l.Connect, KeepAlive: keepAliveProbe}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				err = &unreachedError{err}
			}
			return conn, err
		},
		Protocols:              protocols,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    l.OriginIdleConns,
		IdleConnTimeout:        l.OriginIdle,
		TLSHandshakeTimeout:    l.Connect,
		ResponseHeaderTimeout:  answer,
		ExpectContinueTimeout:  continueWait,
		MaxResponseHeaderBytes: originHeaderBytes,
	}
}

// ask sends the request, and its answer to the viewer. Where there is no answer
// the exchange's failure says why, and nothing has been sent to the viewer.
func (g *origin) ask(x *exchange) {
	g.reverse.ServeHTTP(&x.reply, x.out)
}

// close drops the connections that are idle.
func (g *origin) close() { g.transport.CloseIdleConnections() }

// rewrite makes the request that goes to the origin.
func (g *origin) rewrite(r *httputil.ProxyRequest) {
	x := exchangeOf(r.In.Context())
	r.Out.URL = g.target(r.In)
	if g.host != "" {
		r.Out.Host = g.host
	}
	r.Out.Trailer = r.In.Trailer // filled in when the body ends, and sent on then
	if strings.Contains(strings.ToLower(r.Out.Header.Get("Upgrade")), "h2c") {
		// HTTP/2 inside a tunnel would be requests that no table decides.
		delete(r.Out.Header, "Upgrade")
		delete(r.Out.Header, "Connection")
		delete(r.Out.Header, "Http2-Settings")
	}
	// An origin that refuses a body it was to be asked for must not be sent it.
	// The transport would, to keep the connection, and would have the viewer's
	// connection told to continue.
	r.Out.Close = r.In.Header.Get("Expect") != ""
	x.dress(r.Out.Header)
	if x.mayWrite() {
		sendOnce(r.Out.Header)
	}
}

// target returns an address whose request line is the viewer's own, byte for
// byte. url.URL would escape what it finds unusual; what stands in Opaque it
// leaves alone, except that it takes // there for the beginning of a host. For
// such a target the parsed path does, and where even that would be altered, the
// absolute form (RFC 9112 §3.2.2) carries it unaltered.
func (g *origin) target(in *http.Request) *url.URL {
	raw := g.prefix + in.RequestURI
	if in.RequestURI == "*" {
		raw = "*"
	}
	u := &url.URL{Scheme: g.url.Scheme, Host: g.url.Host, Opaque: raw}
	if !strings.HasPrefix(raw, "//") {
		return u
	}
	u.Opaque, u.Path, u.RawPath = "", in.URL.Path, in.URL.RawPath
	u.RawQuery, u.ForceQuery = in.URL.RawQuery, in.URL.ForceQuery
	if u.RequestURI() == raw {
		return u
	}
	host := g.host
	if host == "" {
		host = in.Host
	}
	return &url.URL{Scheme: g.url.Scheme, Host: g.url.Host, Opaque: "//" + host + raw}
}

// inspect looks at an answer's header before any of it is sent.
func (g *origin) inspect(res *http.Response) error {
	x := exchangeOf(res.Request.Context())
	if x.failedBy(res.StatusCode) || x.bare(res) {
		return errHeld
	}
	hideOwn(res.Header)
	hideOwn(res.Trailer)
	if _, typed := res.Header["Content-Type"]; !typed && res.StatusCode != http.StatusSwitchingProtocols {
		x.reply.Header()["Content-Type"] = nil // or the server would guess one
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), eventStreamType) {
		res.Body = g.proxy.open.watch(res.Body)
	}
	return nil
}

// errHeld says that an answer is held back, for legacy is asked instead.
var errHeld = errors.New("the answer is held back")

// unreachedError is a connection that did not come about: not one byte of the
// request was sent.
type unreachedError struct{ error }

func (e *unreachedError) Unwrap() error { return e.error }

// pieces lends buffers for copying bodies.
type pieces struct{ pool sync.Pool }

// Get lends a buffer.
func (p *pieces) Get() []byte {
	if b, ok := p.pool.Get().(*[copyBytes]byte); ok {
		return b[:]
	}
	return make([]byte, copyBytes)
}

// Put takes a buffer back.
func (p *pieces) Put(b []byte) { p.pool.Put((*[copyBytes]byte)(b)) }
