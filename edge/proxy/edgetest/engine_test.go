package edgetest

import (
	"crypto/tls"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/edge/proxy"
	"github.com/banyan-edge/banyan/edge/route"
)

func TestMain(m *testing.M) {
	// After a refusal net/http sleeps for half a second on a connection that it
	// has closed, which is no leak.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// patience is how long a test waits for what must happen before it fails.
const patience = 20 * time.Second

// engine is one way of serving a Proxy on a socket.
type engine struct {
	name string
	// serve serves until stop is called, which returns when every connection
	// is closed. Without tls it serves plain HTTP.
	serve func(p *proxy.Proxy, on net.Listener, o serving) (stop func())
}

// serving is what an engine is told.
type serving struct {
	limits proxy.Limits
	tls    *tls.Config
	legacy string // the address that the proxy knows already
}

// only names the one engine to run, with -engine.
var only = flag.String("engine", "", "run this engine only")

// engines are all there are. A further one is a further line.
var engines = []engine{{"fast", serveFast}, {"plain", servePlain}}

// serveFast serves by the edge's own HTTP/1.1.
func serveFast(p *proxy.Proxy, on net.Listener, o serving) func() {
	engine := proxy.NewEngine(p)
	if o.tls != nil {
		on = tls.NewListener(on, o.tls)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = engine.Serve(on)
	}()
	return func() {
		_ = engine.Close()
		<-served
	}
}

// servePlain serves by net/http.
func servePlain(p *proxy.Proxy, on net.Listener, o serving) func() {
	server := proxy.Server(p, o.limits, nil)
	served := make(chan struct{})
	go func() {
		defer close(served)
		if o.tls == nil {
			_ = server.Serve(on)
			return
		}
		server.TLSConfig = o.tls
		_ = server.ServeTLS(on, "", "")
	}()
	return func() {
		_ = server.Close()
		<-served
	}
}

// eachEngine runs a test over every engine.
func eachEngine(t *testing.T, test func(t *testing.T, e engine)) {
	for _, e := range engines {
		if *only == "" || *only == e.name {
			t.Run(e.name, func(t *testing.T) { test(t, e) })
		}
	}
}

// decided is a table that decides everything alike.
type decided route.Decision

func (d decided) Decide(route.Request) route.Decision { return route.Decision(d) }

// edge is an engine at work.
type edge struct {
	*proxy.Proxy
	address string
	stop    func() // may be called more than once
}

// startEdge serves a proxy; Table and Legacy have defaults.
func (e engine) startEdge(t *testing.T, o proxy.Options) *edge {
	return e.startEdgeWith(t, o, nil)
}

// startEdgeWith is startEdge with TLS, if a configuration is given.
func (e engine) startEdgeWith(t *testing.T, o proxy.Options, secure *tls.Config) *edge {
	t.Helper()
	if o.Table == nil {
		o.Table = func() proxy.Table { return decided{Epoch: 7} }
	}
	if o.Legacy.URL == nil {
		o.Legacy.URL = &url.URL{Scheme: "http", Host: closedPort(t)}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	p, err := proxy.New(o)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	halt := e.serve(p, listener, serving{o.Limits, secure, o.Legacy.URL.Host})
	stopped := false
	run := &edge{Proxy: p, address: listener.Addr().String()}
	run.stop = func() {
		if !stopped {
			stopped = true
			halt()
			p.Close()
		}
	}
	t.Cleanup(run.stop)
	return run
}

// closedPort returns an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// answering is a serverless arm in this process that says what it was asked.
func answering() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.Method + " " + r.RequestURI))
	})
}
