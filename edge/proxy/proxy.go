package proxy

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
	"github.com/banyan-edge/banyan/edge/proxy/rewrite"
	"github.com/banyan-edge/banyan/edge/route"
)

// Table decides which arm answers a request.
type Table interface {
	Decide(route.Request) route.Decision
}

// Options are what a Proxy is made of.
type Options struct {
	Table  func() Table // required: the table in force, asked once a request
	Legacy Origin       // required: where everything falls through to

	Serverless  Serverless     // zero: there is no serverless arm, all is legacy's
	Capture     Capture        // nil: a route to the queue goes straight to legacy
	TrustedHops []netip.Prefix // peers whose X-Forwarded-* and traceparent are believed; none by default
	Storefront  *url.URL       // the address that shoppers use, put where an answer points at an origin's own; nil: none is
	RevealArm   bool           // whether an answer says by x-banyan-arm which arm gave it
	Limits      Limits         // zero: the defaults
	Breaker     BreakerOptions // zero: the defaults

	Logger    *slog.Logger          // nil: nothing is logged
	AccessLog *AccessLog            // nil: the line that each request leaves goes to the Logger
	Metrics   prometheus.Registerer // nil: nothing is counted
	Now       func() time.Time      // nil: time.Now
}

// Proxy is the edge as an http.Handler.
type Proxy struct {
	options    Options
	legacy     *origin
	serverless *serverless       // nil where there is none
	secrets    []string          // the names, in small letters, of what origins' secrets are in
	rewriter   *rewrite.Rewriter // nil where nothing is rewritten
	metrics    *metrics
	log        *slog.Logger
	now        func() time.Time

	buffers buffers
	dates   dates
	started time.Time    // where mono begins
	open    streams      // upgrades and event streams, which end only when told to
	working atomic.Int64 // requests in hand, those streams among them
}

// New returns a proxy, or an error that says which option will not do.
func New(o Options) (*Proxy, error) {
	if o.Table == nil {
		return nil, errors.New("proxy: no table")
	}
	p := &Proxy{options: o, log: o.Logger, now: o.Now, started: time.Now()}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.now == nil {
		p.now = time.Now
	}
	p.options.Limits = o.Limits.withDefaults()
	if o.AccessLog == nil {
		p.options.AccessLog = accessLogOf(p.log)
	}
	var err error
	if p.metrics, err = newMetrics(o.Metrics); err != nil {
		return nil, err
	}
	if p.legacy, err = newOrigin(p, o.Legacy, p.options.Limits.LegacyAnswer); err != nil {
		return nil, err
	}
	if p.serverless, err = newServerless(p, o.Serverless); err != nil {
		return nil, err
	}
	if p.rewriter, err = newRewriter(o.Storefront, p.origins()); err != nil {
		return nil, err
	}
	return p, nil
}

// ServeHTTP has the table decide, and the arm answer, or whoever captures.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.serve(w, r, given{}) }

// given is what has been found out about a request before it is served.
type given struct {
	began    time.Time
	parsed   bool            // by package http1, which lets nothing odd through
	decision *route.Decision // nil: the table has not been asked
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request, known given) {
	x := p.begin(w, r, known.began)
	defer x.end()
	if !plainTarget(r) || !known.parsed && !http1.Writable(r.Method, r.RequestURI, r.Host) {
		p.metrics.refused(refusedFraming)
		x.refuse(refusedTarget)
		return
	}
	if p.follows(x.path) {
		p.answerFromCapture(x)
		return
	}
	if known.decision != nil {
		x.decision = *known.decision
	} else {
		x.decide()
	}
	if p.captures(&x.decision) {
		p.answerFromCapture(x)
		return
	}
	if x.decision.Arm == route.Serverless && p.serverless != nil && p.serverless.answer(x) {
		return
	}
	p.answerFromLegacy(x)
}

// answerFromLegacy passes the request on to legacy. It is asked once: where it
// does not answer there is nobody left to ask.
func (p *Proxy) answerFromLegacy(x *exchange) {
	x.arm = route.Legacy
	x.tentative, x.failure = false, failure{}
	p.legacy.ask(x)
	x.conclude()
}

// Close drops the connections to origins that are idle.
func (p *Proxy) Close() {
	for _, g := range p.origins() {
		g.close()
	}
}

// origins are those that are asked.
func (p *Proxy) origins() []*origin {
	if p.serverless != nil && p.serverless.origin != nil {
		return []*origin{p.legacy, p.serverless.origin}
	}
	return []*origin{p.legacy}
}

// mono is a clock for time-outs: it only goes forward, and begins above zero.
func (p *Proxy) mono() time.Duration { return time.Since(p.started) + 1 }

// clock reads both clocks at once.
func (p *Proxy) clock() (now time.Time, mono time.Duration) {
	now = time.Now()
	mono = now.Sub(p.started) + 1
	if p.options.Now != nil {
		now = p.now()
	}
	return now, mono
}

// at is when that clock will show due; the zero time for never.
func (p *Proxy) at(due time.Duration) time.Time {
	if due == never {
		return time.Time{}
	}
	return p.started.Add(due - 1)
}

// plainTarget reports whether the request target is one a reverse proxy is
// asked for: a path, or the * of OPTIONS. Absolute targets and CONNECT are for
// forward proxies, and a second host name is a way to fool whoever reads the
// other one.
func plainTarget(r *http.Request) bool {
	if r.Method == http.MethodConnect {
		return false
	}
	return strings.HasPrefix(r.RequestURI, "/") || r.RequestURI == "*" && r.Method == http.MethodOptions
}
