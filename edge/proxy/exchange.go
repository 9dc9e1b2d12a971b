package proxy

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// exchange is one request and its answer, from the first look at it to the
// line in the access log.
type exchange struct {
	proxy *Proxy
	in    *http.Request // as it came
	out   *http.Request // the same with the exchange in its context and the body timed
	reply reply
	body  *upload // nil where the request has no body

	began    time.Time
	path     string // raw, without the query
	hops     hops
	trace    Trace
	decision route.Decision

	arm       route.Arm   // which answers
	tentative bool        // legacy can still be asked instead
	refused   bool        // the edge answers itself
	failure   failure     // of the arm asked last
	fellBack  failure     // why legacy was asked instead
	report    func(error) // tells the breaker, once; nil where it was told or need not be
	late      atomic.Bool // the arm's time is up
	onHead    func()      // told when the answer's header is there; nil: nobody
	aborted   bool        // the answer was cut short
}

type exchangeKey struct{}

// exchangeOf returns the exchange that a forwarded request belongs to.
func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// begin starts an exchange, which may have begun before.
func (p *Proxy) begin(w http.ResponseWriter, r *http.Request, began time.Time) *exchange {
	p.working.Add(1)
	if began.IsZero() {
		began = p.now()
	}
	x := &exchange{proxy: p, in: r, began: began}
	x.path, _, _ = strings.Cut(r.RequestURI, "?")
	x.hops = p.readHops(r)
	x.trace = p.readTrace(r, x.hops.trusted)
	x.reply.begin(x, w)
	x.out = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	if r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
		x.body = newUpload(x)
		x.out.Body = x.body
	}
	return x
}

// decide asks the table, once.
func (x *exchange) decide() {
	x.decision = x.proxy.options.Table().Decide(route.Request{
		Method:    x.in.Method,
		Path:      x.path,
		Visitor:   visitorOf(x.in.Header["Cookie"]),
		Address:   x.hops.clientText,
		UserAgent: x.in.UserAgent(),
		Now:       x.began,
	})
}

// mayWrite reports whether the request may change something. Whatever is not
// plainly a read may.
func (x *exchange) mayWrite() bool {
	return x.in.Method != http.MethodGet && x.in.Method != http.MethodHead
}

// canFallBack reports whether another arm may be asked the same: a read whose
// body, having none, cannot have been used up.
func (x *exchange) canFallBack() bool { return !x.mayWrite() && x.body == nil }

// gone reports whether the viewer has hung up.
func (x *exchange) gone() bool { return x.in.Context().Err() != nil }

// end recovers from a panic, closes what is open and writes the log line.
func (x *exchange) end() {
	panicked := recover()
	if panicked != nil {
		x.panicked(panicked)
	}
	if x.body != nil {
		x.body.finish()
	}
	x.reply.finish()
	x.settle(errNoVerdict)
	x.proxy.working.Add(-1)
	x.record()
	if x.aborted {
		panic(http.ErrAbortHandler) // closes the connection, so that half an answer is not taken for one
	}
}

// panicked turns a panic into a 500, or, when the answer has begun, into a
// closed connection. net/http's own panic says that an answer broke off.
func (x *exchange) panicked(value any) {
	if value == http.ErrAbortHandler {
		x.aborted = true
		return
	}
	x.logPanic(value)
	x.settle(errPanicked)
	if x.reply.wrote {
		x.aborted = true
		return
	}
	x.refuse(refusedPanic)
}
