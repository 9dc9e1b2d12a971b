package proxy

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// record counts the exchange and writes its line in the access log. The query
// is left out, for it can hold what is the shopper's own.
func (x *exchange) record() {
	p := x.proxy
	took := p.now().Sub(x.began)
	p.metrics.answered(x, took.Seconds())
	ctx := x.in.Context()
	if !p.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("method", x.in.Method),
		slog.String("path", x.path),
		slog.Int("status", x.reply.status),
		slog.String("arm", x.arm.String()),
		slog.String("rule", x.decision.Rule),
		slog.String("reason", x.decision.Reason.String()),
		slog.Uint64("epoch", x.decision.Epoch),
		slog.Duration("took", took),
		slog.String("trace_id", x.trace.ID()),
		slog.Int64("bytes", x.reply.bytes),
	)
	attrs = x.fellBack.record(attrs, "fallback")
	attrs = x.failure.record(attrs, "outcome")
	if x.aborted && x.failure.cause == answered {
		attrs = append(attrs, slog.String("outcome", "cut-short"))
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "request", attrs...)
}

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
