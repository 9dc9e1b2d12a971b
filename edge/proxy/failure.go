package proxy

import (
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/banyan-edge/banyan/edge/route"
)

// cause is why an arm gave no answer that can be passed on.
type cause uint8

const (
	answered    cause = iota
	unreached         // no connection came about: not one byte was sent
	tooLate           // no answer within its time
	broken            // the connection broke, or what came was no HTTP
	badStatus         // it answered with a status that stands for a failure
	breakerOpen       // it was not asked
	viewerGone        // the viewer hung up
	viewerFault       // the viewer's own body could not be read
)

var causes = [...]string{"", "unreached", "too-late", "broken", "bad-status", "breaker-open", "viewer-gone", "viewer-fault"}

// String returns the cause's word, as used in logs and metrics.
func (c cause) String() string { return causes[c] }

// failure is what became of asking an arm; the zero value is an answer.
type failure struct {
	cause      cause
	status     int    // of an answer that stands for a failure
	retryAfter string // what came with it
	err        error
}

// Errors that the breaker is told of.
var (
	errNoVerdict = errors.New("the viewer was gone before the arm could show anything")
	errPanicked  = errors.New("the arm panicked")
	errFailed    = errors.New("the arm failed")
)

// failed notes why an origin's answer did not come.
func (x *exchange) failed(err error) {
	if errors.Is(err, errHeld) {
		return // the failure is noted
	}
	x.failure = failure{cause: x.causeOf(err), err: err}
}

// causeOf finds the cause of an error.
func (x *exchange) causeOf(err error) cause {
	var notReached *unreachedError
	var timed net.Error
	fault, viewers := x.body.fault()
	switch {
	case viewers && fault.status == http.StatusRequestTimeout:
		return viewerFault // net/http takes a deadline that has passed for a viewer that is gone
	case x.gone():
		return viewerGone
	case viewers:
		return viewerFault
	case x.late.Load():
		return tooLate
	case errors.As(err, &notReached):
		return unreached
	case errors.As(err, &timed) && timed.Timeout():
		return tooLate
	}
	return broken
}

// failedBy reports whether a status means that legacy is to be asked instead,
// and notes it.
func (x *exchange) failedBy(status int) bool {
	if !x.tentative || !isFailure(status) && !slices.Contains(x.decision.FallBackOn, status) {
		return false
	}
	x.failure = failure{cause: badStatus, status: status}
	return true
}

// bare reports whether an answer is a gateway's own word on its failure,
// which is no page for a shopper, and notes it.
func (x *exchange) bare(res *http.Response) bool {
	if x.arm != route.Serverless || !isFailure(res.StatusCode) || !wantsPage(x.in.Header["Accept"]) ||
		strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		return false
	}
	x.failure = failure{cause: badStatus, status: res.StatusCode, retryAfter: res.Header.Get("Retry-After")}
	return true
}

// isFailure reports whether a status says that an arm cannot answer.
func isFailure(status int) bool {
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// headOf is told the status of an arm's answer before it is sent, and reports
// whether it is to be held back.
func (x *exchange) headOf(status int) (held bool) {
	if x.refused {
		return false
	}
	if x.onHead != nil {
		x.onHead()
	}
	if x.late.Load() {
		x.failure = failure{cause: tooLate}
		return true
	}
	if x.failedBy(status) {
		return true
	}
	if isFailure(status) {
		x.settle(errFailed)
	}
	x.settle(nil)
	return false
}

// settle tells the breaker how the arm did, the first time it is called.
func (x *exchange) settle(verdict error) {
	if x.report != nil {
		x.report(verdict)
		x.report = nil
	}
}

// verdict is what the breaker is told of a failure. A status that only the
// route calls a failure is an answer like any other, and what the viewer did
// is no verdict on the arm.
func (f failure) verdict() error {
	switch f.cause {
	case answered:
		return nil
	case viewerGone, viewerFault:
		return errNoVerdict
	case badStatus:
		if !isFailure(f.status) {
			return nil
		}
	}
	return errFailed
}

// conclude answers where the last arm that could be asked did not.
func (x *exchange) conclude() {
	switch x.failure.cause {
	case answered:
	case viewerGone:
		x.reply.status = statusGone
		x.aborted = true
	case viewerFault:
		if refusal, ok := x.body.fault(); ok {
			x.refuse(refusal)
		}
	default:
		x.refuse(refusalOf(x.failure, x.mayWrite()))
	}
}
