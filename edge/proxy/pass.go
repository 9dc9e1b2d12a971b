package proxy

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
	"github.com/banyan-edge/banyan/edge/route"
)

// pass is a request that is passed on as it stands in the viewer's buffer, and
// its answer: the same exchange as Proxy.ServeHTTP makes of it, by the same
// rules, without an http.Request in between. It can be left where the origin
// takes its time, and be gone on with, at each of its phases.
type pass struct {
	viewer *viewer
	proxy  *Proxy
	phase  phase

	text     []byte        // head and body as they came
	head     string        // the head, to take parts of
	size     int           // of the text
	now      time.Duration // on the proxy's clock, as it was when the pass last had to look
	method   string
	path     string
	began    time.Time
	hops     hops
	host     string
	trace    [traceLength]byte
	decision route.Decision
	decided  bool

	arm       route.Arm
	tentative bool    // legacy can still be asked instead
	failure   failure // of the arm asked last
	fellBack  failure // why legacy was asked instead
	report    func(error)

	origin *origin
	conn   *originConn
	asked  time.Duration
	heard  bool // some of the answer has come
	hints  int  // interim answers
	out    []byte
	gate   gate

	res     http1.Response
	length  int // of its head
	toHead  bool
	left    int64 // of a body of known length
	chunks  http1.Chunks
	frames  bool // the body goes to the viewer in chunks
	whole   bool // the answer came to its end
	stream  *passStream
	status  int
	bytes   int64
	closes  bool // the viewer's connection ends behind the answer
	aborted bool
	lingers bool
}

// phase is how far a pass has come.
type phase uint8

const (
	phaseAsk  phase = iota // the request is to be sent
	phaseHead              // the answer's head is awaited
	phaseBody              // its body is passed on
	phaseDone
)

// errSlow says that the origin takes its time: whoever passes from within the
// viewer's wait leaves it, to be able to notice a viewer that hangs up.
var errSlow = errors.New("the origin takes its time")

// begin decides what becomes of the request that the viewer's buffer holds, and
// passes it on if it can.
func (x *pass) begin() verdict {
	v, p := x.viewer, x.proxy
	req := &v.req
	*x = pass{viewer: v, proxy: p, out: x.out, res: x.res}
	x.began, x.now = p.clock()
	text := v.buf[v.r:v.w]
	x.head = string(text[:v.head])
	x.method = x.head[req.Method.Start:req.Method.End]
	x.path = x.head[req.Target.Start:req.Query]
	x.closes = v.engine.draining.Load() || !req.Reusable()
	x.toHead = x.method == http.MethodHead
	if p.overloaded(x.mayWrite()) {
		return x.shed(text)
	}
	if p.follows(x.path) {
		return byHand
	}
	x.readHops()
	x.decide()
	whole := !req.Chunked && int64(len(text)-v.head) >= max(req.Length, 0)
	if !whole || req.Expects || req.Upgrades(text) || p.captures(&x.decision) || !x.chooseArm() {
		return byHand
	}
	x.size = v.head + int(max(req.Length, 0))
	x.text = text[:x.size]
	p.working.Add(1)
	if x.arm == route.Serverless {
		x.askServerless()
	}
	return x.run()
}

// readHops finds out how the request came.
func (x *pass) readHops() {
	v := x.viewer
	x.hops = v.peer
	for _, f := range v.req.Fields {
		if f.ID == http1.Host {
			x.host = x.value(f)
		}
	}
	x.hops.host = x.host
	given := ""
	if v.peer.trusted {
		header := http.Header{}
		for _, f := range v.req.Fields {
			switch f.ID {
			case http1.XForwardedFor:
				header["X-Forwarded-For"] = append(header["X-Forwarded-For"], x.value(f))
			case http1.XForwardedHost:
				header["X-Forwarded-Host"] = append(header["X-Forwarded-Host"], x.value(f))
			case http1.XForwardedProto:
				header["X-Forwarded-Proto"] = append(header["X-Forwarded-Proto"], x.value(f))
			case http1.Traceparent:
				header["Traceparent"] = append(header["Traceparent"], x.value(f))
			}
		}
		x.proxy.believe(&x.hops, header)
		if lines := header["Traceparent"]; len(lines) == 1 {
			given = lines[0]
		}
	}
	appendTrace(x.trace[:0], given)
}

// value returns a field's value.
func (x *pass) value(f http1.Field) string { return x.head[f.Value.Start:f.Value.End] }

// decide asks the table, once.
func (x *pass) decide() {
	r := route.Request{Method: x.method, Path: x.path, Address: x.hops.clientText, Now: x.began}
	for _, f := range x.viewer.req.Fields {
		switch f.ID {
		case http1.Cookie:
			if r.Visitor == "" {
				r.Visitor = visitorIn(x.value(f))
			}
		case http1.UserAgent:
			if r.UserAgent == "" {
				r.UserAgent = x.value(f)
			}
		}
	}
	x.decision, x.decided = x.proxy.options.Table().Decide(r), true
}

// chooseArm finds the origin that is to be asked. It is false where that is
// not an origin, or where HTTP/2 is spoken to it, or to legacy in its place.
func (x *pass) chooseArm() bool {
	p := x.proxy
	x.arm, x.origin = route.Legacy, p.legacy
	if x.decision.Arm == route.Serverless && p.serverless != nil {
		x.arm, x.origin = route.Serverless, p.serverless.origin
	}
	return x.origin != nil && x.origin.multiplex == nil && p.legacy.multiplex == nil
}

// askServerless does what comes before the serverless arm is asked.
func (x *pass) askServerless() {
	s, length := x.proxy.serverless, x.viewer.req.Length
	x.tentative = !x.mayWrite() && length <= 0
	if length > x.proxy.options.Limits.ServerlessBodyBytes {
		x.refuse(refusedTooLarge)
		return
	}
	if x.report = s.breaker.allow(); x.report == nil {
		x.fail(failure{cause: breakerOpen, retryAfter: s.breaker.retryAfter()})
	}
}

// mayWrite reports whether the request may change something.
func (x *pass) mayWrite() bool { return x.method != http.MethodGet && x.method != http.MethodHead }

// run goes on until the pass is done, or the origin takes its time.
func (x *pass) run() verdict {
	for x.phase != phaseDone {
		var err error
		switch x.phase {
		case phaseAsk:
			err = x.ask()
		case phaseHead:
			err = x.readHead()
		case phaseBody:
			err = x.relay()
		}
		if err == errSlow {
			return underWay
		}
	}
	return x.end()
}

// within reports whether the pass is served from within the viewer's wait.
func (x *pass) within() bool { return x.viewer.fd != 0 }

// due is until when to wait for the origin: a moment from within the viewer's
// wait, or as long as the arm may take.
func (x *pass) due() time.Duration {
	due := never
	if x.phase != phaseBody {
		due = x.asked + x.origin.answer
	}
	if x.within() {
		due = min(due, x.now+slowAfter)
	}
	return due
}

// ask sends the request, on a kept connection or a new one. It goes on with
// another where not one byte was sent, or a read was sent to a kept connection
// that had died.
func (x *pass) ask() error {
	if x.out == nil {
		x.out = x.proxy.buffers.borrow()
	}
	x.out = x.appendRequest(x.out[:0])
	for {
		x.asked = x.now
		conn, err := x.gate.connect(x.origin, x.now)
		if err != nil {
			x.fail(failure{cause: x.causeOf(err), err: err})
			return nil
		}
		x.conn = conn
		if !conn.used {
			x.now = x.proxy.mono() // connecting took a while
			x.asked = x.now
		}
		err = conn.ask(x.out, x.due())
		if err == nil || isTimeout(err) && !conn.asking && x.within() && x.proxy.mono() < x.asked+x.origin.answer {
			x.phase, x.heard = phaseHead, err == nil
			if err != nil {
				return errSlow
			}
			return nil
		}
		x.now = x.proxy.mono()
		again := conn.used && (conn.sent == 0 || x.repeatable() && !isTimeout(err))
		if conn.sent == 0 && !again {
			err = &unreachedError{err}
		}
		x.drop()
		if !again || x.gate.gone.Load() {
			x.fail(failure{cause: x.causeOf(err), err: err})
			return nil
		}
	}
}

// repeatable reports whether the request may be sent again when the kept
// connection it was sent on had died.
func (x *pass) repeatable() bool { return x.viewer.req.Length <= 0 && repeatable(x.method) }

// fill reads more of the answer.
func (x *pass) fill() error {
	err := x.conn.fill(x.due())
	if err != nil && isTimeout(err) && x.within() && (x.phase == phaseBody || x.proxy.mono() < x.asked+x.origin.answer) {
		return errSlow
	}
	return err
}

// drop gives the origin's connection up.
func (x *pass) drop() {
	if x.conn != nil {
		x.gate.leave()
		x.conn.release(false)
		x.conn = nil
	}
}

// readHead reads heads up to the final one.
func (x *pass) readHead() error {
	x.res.Reset()
	for {
		if unread := x.conn.unread(); len(unread) > 0 {
			n, err := x.res.Parse(unread, originFields)
			switch {
			case err == nil && n <= originHeaderBytes:
				x.length = n
				return x.judge()
			case err == nil, len(unread) > originHeaderBytes:
				x.broke(errHeadTooLarge)
				return nil
			case err != http1.ErrIncomplete:
				x.broke(err)
				return nil
			}
		}
		err := x.fill()
		switch {
		case err == nil:
			x.heard = true
			continue
		case err == errSlow:
			return err
		case x.conn.used && !x.heard && x.repeatable() && !isTimeout(err) && !x.gate.gone.Load():
			x.drop()
			x.phase = phaseAsk
		default:
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			x.broke(err)
		}
		return nil
	}
}

// broke is a failure in the middle of an answer's head.
func (x *pass) broke(err error) { x.fail(failure{cause: x.causeOf(err), err: err}) }

// causeOf finds the cause of an error.
func (x *pass) causeOf(err error) cause {
	var notReached *unreachedError
	switch {
	case x.gate.gone.Load():
		return viewerGone
	case errors.As(err, &notReached):
		return unreached
	case isTimeout(err):
		return tooLate
	}
	return broken
}

// judge looks at a head before any of it is sent on.
func (x *pass) judge() error {
	text, status := x.conn.unread(), x.res.Status
	switch {
	case status == http.StatusSwitchingProtocols:
		x.broke(errSwitched)
	case status < 200:
		return x.inform()
	case x.tentative && (isFailure(status) || contains(x.decision.FallBackOn, status)):
		x.fail(failure{cause: badStatus, status: status})
	case x.arm == route.Serverless && isFailure(status) && !x.isPage(text) && x.wantsPage():
		retry, _ := x.res.Lookup(text, http1.RetryAfter)
		x.fail(failure{cause: badStatus, status: status, retryAfter: string(retry)})
	default:
		if isFailure(status) {
			x.settle(errFailed)
		}
		x.settle(nil)
		x.answer()
	}
	return nil
}

func contains(list []int, n int) bool {
	for _, m := range list {
		if m == n {
			return true
		}
	}
	return false
}

// inform passes on an interim answer. One of the serverless arm would be seen
// even if legacy then answered; HTTP/1.0 has none; and nobody was asked to
// continue.
func (x *pass) inform() error {
	if x.hints++; x.hints > originInterim {
		x.broke(errTooManyHints)
		return nil
	}
	if !x.tentative && x.viewer.req.Minor > 0 && x.res.Status != http.StatusContinue {
		x.out = append(x.appendAnswer(x.out[:0]), "\r\n"...)
		if err := x.viewer.write(x.out); err != nil {
			x.cutOff()
			return nil
		}
	}
	x.conn.r += x.length
	return nil
}

// fail notes why an arm gave no answer. Legacy is asked instead where it can
// be, and the edge answers where not.
func (x *pass) fail(f failure) {
	x.drop()
	x.failure, x.now = f, x.proxy.mono()
	x.settle(f.verdict())
	if x.tentative && f.cause != viewerGone {
		x.fellBack = f
		x.proxy.metrics.fellBack(f.cause)
		x.failure, x.tentative, x.heard = failure{}, false, false
		x.arm, x.origin, x.phase = route.Legacy, x.proxy.legacy, phaseAsk
		return
	}
	if f.cause == viewerGone {
		x.status = statusGone
		x.cutOff()
		return
	}
	x.refuse(refusalOf(f, x.mayWrite()))
}

// settle tells the breaker how the arm did, the first time it is called.
func (x *pass) settle(verdict error) {
	if x.report != nil {
		x.report(verdict)
		x.report = nil
	}
}

// cutOff ends the pass without an end to its answer.
func (x *pass) cutOff() {
	x.drop()
	x.aborted, x.phase = true, phaseDone
}

// end counts and logs the pass, and says what is to be done about the viewer.
func (x *pass) end() verdict {
	v, p := x.viewer, x.proxy
	ended, now := p.clock()
	v.stopWatch()
	if x.stream != nil {
		x.stream.end()
	}
	if x.conn != nil {
		since := now
		if !x.gate.leave() || !x.whole || !x.res.Reusable() || x.res.UntilClose(x.toHead) {
			since = 0
		}
		x.conn.releaseAt(since)
		x.conn = nil
	}
	x.settle(errNoVerdict)
	if x.out != nil {
		p.buffers.Put(x.out)
		x.out = nil
	}
	p.working.Add(-1)
	next := v.next(x.size, now)
	x.record(ended)
	x.text, x.head = nil, ""
	switch {
	case x.aborted:
		return hangUp
	case x.lingers:
		return linger
	case x.closes:
		return hangUp
	}
	return next
}

// record counts the pass and writes its line.
func (x *pass) record(ended time.Time) {
	x.proxy.record(noContext, &entry{
		method: x.method, path: x.path, status: x.status, arm: x.arm, decision: &x.decision,
		ended: ended, took: ended.Sub(x.began), traceID: x.trace[idStart:idEnd], bytes: x.bytes,
		endless: x.stream != nil, aborted: x.aborted, fellBack: x.fellBack, failure: x.failure,
	})
}
