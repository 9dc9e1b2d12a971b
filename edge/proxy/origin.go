package proxy

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// Origin is a server that an arm is reached at.
type Origin struct {
	URL  *url.URL // http or https; a path is put before that of every request
	Host string   // route.HostPreserve (or empty), route.HostOrigin, or the name to send as Host

	Secret Secret         // sent with every request; none by default
	Roots  *x509.CertPool // who may vouch for an https origin; nil: whom the system trusts
	HTTP2  bool           // it is asked by HTTP/2 where it agrees to that; it has to be https, and upgrades go by HTTP/1.1
}

// origin asks an Origin. On the plain path httputil.ReverseProxy does what a
// proxy has to do in any case; the origin is its transport.
type origin struct {
	proxy     *Proxy
	url       *url.URL
	address   string      // to connect to
	secure    *tls.Config // nil: plain
	prefix    string      // before the request's own target
	host      string      // to send; empty: the viewer's
	secret    carried
	answer    time.Duration // how long the answer may take to begin
	pool      originPool
	multiplex *multiplex // nil: HTTP/1.1 only
	reverse   httputil.ReverseProxy
}

func newOrigin(p *Proxy, o Origin, answer time.Duration) (*origin, error) {
	if o.URL == nil || o.URL.Host == "" || (o.URL.Scheme != "http" && o.URL.Scheme != "https") {
		return nil, fmt.Errorf("proxy: an origin needs an http or https address, not %q", o.URL)
	}
	g := &origin{proxy: p, url: o.URL, prefix: strings.TrimSuffix(o.URL.EscapedPath(), "/"), answer: answer}
	g.address = net.JoinHostPort(o.URL.Hostname(), cmp.Or(o.URL.Port(), defaultPorts[o.URL.Scheme]))
	if o.URL.Scheme == "https" {
		g.secure = &tls.Config{ServerName: o.URL.Hostname(), NextProtos: []string{"http/1.1"}, RootCAs: o.Roots}
	}
	var err error
	if g.secret, err = newCarried(o.Secret); err != nil {
		return nil, err
	}
	if g.secret.fold != "" {
		p.secrets = append(p.secrets, g.secret.fold)
	}
	switch o.Host {
	case "", route.HostPreserve:
	case route.HostOrigin:
		g.host = o.URL.Host
	default:
		g.host = o.Host
	}
	if o.HTTP2 && g.secure == nil {
		return nil, fmt.Errorf("proxy: HTTP/2 needs an https address, not %q", o.URL)
	}
	if o.HTTP2 {
		g.multiplex = newMultiplex(g)
	}
	g.reverse = httputil.ReverseProxy{
		Transport:      g,
		Rewrite:        g.rewrite,
		ModifyResponse: g.inspect,
		ErrorHandler:   func(_ http.ResponseWriter, r *http.Request, err error) { exchangeOf(r.Context()).failed(err) },
		BufferPool:     &p.buffers,
		ErrorLog:       slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	return g, nil
}

// ask sends the request, and its answer to the viewer. Where there is no answer
// the exchange's failure says why, and nothing has been sent to the viewer.
func (g *origin) ask(x *exchange) {
	g.reverse.ServeHTTP(&x.reply, x.out)
}

// close drops the connections that are idle.
func (g *origin) close() {
	g.pool.drop()
	if g.multiplex != nil {
		g.multiplex.drop()
	}
}

// defaultPorts are those of addresses that name none.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// rewrite makes the request that goes to the origin.
func (g *origin) rewrite(r *httputil.ProxyRequest) {
	x := exchangeOf(r.In.Context())
	if g.host != "" {
		r.Out.Host = g.host
	}
	r.Out.Trailer = r.In.Trailer // filled in when the body ends, and sent on then
	delete(r.Out.Header, "Http2-Settings")
	if !r.In.ProtoAtLeast(1, 1) || strings.Contains(strings.ToLower(r.Out.Header.Get("Upgrade")), "h2c") {
		// HTTP/1.0 has no upgrades, and HTTP/2 inside a tunnel would be requests
		// that no table decides.
		delete(r.Out.Header, "Upgrade")
		delete(r.Out.Header, "Connection")
	}
	x.dress(r.Out.Header)
	g.secret.carry(r.Out.Header, r.Out.Method)
}

// appendTarget writes the target of a request line: the viewer's own, byte for
// byte.
func (g *origin) appendTarget(b []byte, raw string) []byte {
	if raw != "*" {
		b = append(b, g.prefix...)
	}
	return append(b, raw...)
}

// inspect looks at an answer's header before any of it is sent.
func (g *origin) inspect(res *http.Response) error {
	x := exchangeOf(res.Request.Context())
	if x.failedBy(res.StatusCode) || x.bare(res) {
		return errHeld
	}
	hideOwn(res.Header)
	hideOwn(res.Trailer)
	if res.StatusCode == http.StatusSwitchingProtocols {
		g.proxy.redirect(res.Header) // which goes on by another way than reply's
	}
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
