package relay

import (
	"context"
	"log/slog"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// messages are the log lines of the dispositions, one line an order. Written
// ones are at info, so that an order can be followed from the edge to its
// ledger row; a line costs about two microseconds. Whoever drains thousands a
// second and does not want them sets the level to warn.
var messages = [...]struct {
	level slog.Level
	text  string
}{
	order.DispositionWritten:   {slog.LevelInfo, "order written"},
	order.DispositionDuplicate: {slog.LevelInfo, "order was already written"},
	order.DispositionDeferred:  {slog.LevelWarn, "order deferred"},
	order.DispositionRejected:  {slog.LevelWarn, "order rejected"},
}

func (r *Relay) log(ctx context.Context, batch []order.Queued, outcomes []Outcome, took time.Duration) {
	for i, q := range batch {
		o := outcomes[i]
		m := messages[o.Disposition]
		if !r.logger.Enabled(ctx, m.level) {
			continue
		}
		attrs := []slog.Attr{
			slog.String("order_id", q.Order.ID),
			slog.String("outcome", o.Disposition.String()),
			slog.Duration("took", took),
			slog.String("trace_id", traceID(q.Order.Trace)),
			slog.Int("attempts", q.Attempts+1),
			slog.Int("batch", len(batch)),
		}
		if o.Cause != "" {
			attrs = append(attrs, slog.String("cause", o.Cause))
		}
		r.logger.LogAttrs(ctx, m.level, m.text, attrs...)
	}
}

// traceID returns the trace id of a W3C traceparent (version-traceid-parent-flags), or "".
func traceID(traceparent string) string {
	const from, to = len("00-"), len("00-") + 32
	if len(traceparent) <= to || traceparent[from-1] != '-' || traceparent[to] != '-' {
		return ""
	}
	return traceparent[from:to]
}
