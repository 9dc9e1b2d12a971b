package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// entry is what log and metrics keep of an exchange.
type entry struct {
	method, path string // the path without its query, which can hold what is the shopper's own
	status       int
	arm          route.Arm
	decision     *route.Decision
	ended        time.Time
	took         time.Duration
	traceID      []byte
	bytes        int64
	endless      bool // an upgrade or an event stream
	aborted      bool // the answer was cut short
	fellBack     failure
	failure      failure
}

// record counts the exchange and writes its line in the access log.
func (x *exchange) record() {
	ended := x.proxy.now()
	x.proxy.record(x.in.Context(), &entry{
		method: x.in.Method, path: x.path, status: x.reply.status, arm: x.arm, decision: &x.decision,
		ended: ended, took: ended.Sub(x.began), traceID: []byte(x.trace.ID()), bytes: x.reply.bytes,
		endless: x.reply.endless, aborted: x.aborted, fellBack: x.fellBack, failure: x.failure,
	})
}

// record counts an exchange and writes its line.
func (p *Proxy) record(ctx context.Context, e *entry) {
	p.metrics.answered(e)
	if p.options.AccessLog != nil {
		p.options.AccessLog.write(e)
		return
	}
	if !p.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("method", e.method),
		slog.String("path", e.path),
		slog.Int("status", e.status),
		slog.String("arm", e.arm.String()),
		slog.String("rule", e.decision.Rule),
		slog.String("reason", e.decision.Reason.String()),
		slog.Uint64("epoch", e.decision.Epoch),
		slog.Duration("took", e.took),
		slog.String("trace_id", string(e.traceID)),
		slog.Int64("bytes", e.bytes),
	)
	attrs = e.fellBack.record(attrs, "fallback")
	attrs = e.failure.record(attrs, "outcome")
	if e.cutShort() {
		attrs = append(attrs, slog.String("outcome", cutShort))
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "request", attrs...)
}

// cutShort is the outcome of an answer that broke off though the arm had begun
// to give one.
const cutShort = "cut-short"

func (e *entry) cutShort() bool { return e.aborted && e.failure.cause == answered }

// logPanic writes down what a handler did.
func (x *exchange) logPanic(value any) {
	x.proxy.log.Error("handler panicked",
		"method", x.in.Method, "path", x.path, "arm", x.arm.String(), "trace_id", x.trace.ID(),
		"panic", fmt.Sprint(value), "stack", string(debug.Stack()))
}

// record adds what failed, and how, to a line in the access log.
func (f failure) record(attrs []slog.Attr, key string) []slog.Attr {
	if f.cause == answered {
		return attrs
	}
	attrs = append(attrs, slog.String(key, f.cause.String()))
	if f.err != nil {
		attrs = append(attrs, slog.String("error", f.err.Error()))
	}
	return attrs
}
