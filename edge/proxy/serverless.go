package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// Serverless is the serverless arm: handlers in this process, or an address
// such as API Gateway's. At most one is given.
type Serverless struct {
	Handler http.Handler
	Origin  Origin
}

// serverless asks the serverless arm, as long as its breaker lets it.
type serverless struct {
	proxy   *Proxy
	handler http.Handler // nil: origin
	origin  *origin      // nil: handler
	breaker *breaker
}

// newServerless returns nil where no arm is given.
func newServerless(p *Proxy, arm Serverless) (*serverless, error) {
	s := &serverless{proxy: p, handler: arm.Handler}
	switch {
	case arm.Handler == nil && arm.Origin.URL == nil:
		return nil, nil
	case arm.Handler != nil && arm.Origin.URL != nil:
		return nil, errors.New("proxy: the serverless arm is a handler or an address, not both")
	case arm.Handler == nil:
		var err error
		if s.origin, err = newOrigin(p, arm.Origin, p.options.Limits.ServerlessAnswer); err != nil {
			return nil, err
		}
	}
	s.breaker = newBreaker(p, route.Serverless)
	return s, nil
}

// answer asks the arm. It is false where legacy is to be asked the same: the
// request is a read, and nothing has been sent to the viewer.
func (s *serverless) answer(x *exchange) bool {
	x.arm, x.tentative = route.Serverless, x.canFallBack()
	limit := s.proxy.options.Limits.ServerlessBodyBytes
	if x.in.ContentLength > limit {
		x.refuse(refusedTooLarge)
		return true
	}
	if x.body != nil {
		x.body.limit = limit
	}
	if x.report = s.breaker.allow(); x.report == nil {
		x.failure = failure{cause: breakerOpen, retryAfter: s.breaker.retryAfter()}
	} else {
		s.ask(x)
		x.settle(x.failure.verdict())
	}
	if x.failure.cause != answered && x.tentative && !x.gone() {
		x.fellBack = x.failure
		s.proxy.metrics.fellBack(x.fellBack.cause)
		x.reply.reset()
		x.late.Store(false)
		x.onHead = nil
		return false
	}
	x.conclude()
	return true
}

// ask has the address or the handler answer.
func (s *serverless) ask(x *exchange) {
	if s.origin != nil {
		s.origin.ask(x)
		return
	}
	ctx, cancel := context.WithCancel(x.out.Context())
	defer cancel()
	stop := x.limit(s.proxy.options.Limits.ServerlessAnswer, cancel)
	defer stop()
	s.handler.ServeHTTP(&x.reply, x.inProcess(ctx))
	_, viewers := x.body.fault()
	switch {
	case x.reply.wrote || x.reply.held:
	case viewers, x.gone(), x.late.Load():
		x.failure = failure{cause: x.causeOf(nil)}
	default:
		x.reply.WriteHeader(http.StatusOK) // as net/http has it for a handler that writes nothing
	}
}

// limit cancels the arm when its answer's first byte is not there in time. The
// time runs anew with each piece of the body: a slow upload is not the arm's.
func (x *exchange) limit(answer time.Duration, cancel func()) (stop func()) {
	timer := time.AfterFunc(answer, func() {
		x.late.Store(true)
		cancel()
	})
	stop = func() { timer.Stop() }
	x.onHead = stop
	if x.body != nil {
		x.body.onRead = func() {
			if timer.Stop() {
				timer.Reset(answer)
			}
		}
	}
	return stop
}

// inProcess returns the request for a handler in this process: what an origin
// would get, and the shopper's address where net/http has the peer's.
func (x *exchange) inProcess(ctx context.Context) *http.Request {
	r := x.out.WithContext(ctx)
	r.Header = x.in.Header.Clone()
	removeHopByHop(r.Header)
	x.dress(r.Header)
	if x.hops.trusted {
		r.RemoteAddr = net.JoinHostPort(x.hops.clientText, "0")
	}
	return r
}
