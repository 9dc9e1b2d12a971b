package main

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/telemetry"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// batch is what one invocation has in hand, and what there is to tell of it.
type batch struct {
	report *telemetry.Report
	tracer *telemetry.Tracer
	ctx    context.Context // with the batch's span: writes are asked for by the relay, not by the invocation
	span   trace.Span
	buried float64 // dead letters before it
}

// watched is legacy with every write told of: to the batch in hand, and to the
// trace of each order. One batch is in hand at a time.
type watched struct {
	relay.Legacy
	budget *relay.Budget
	tracer *telemetry.Tracer
	desk   *prometheus.Registry // of the inbox

	mu   sync.Mutex
	hand *batch
}

// begin takes a batch in hand.
func (w *watched) begin(ctx context.Context, report *telemetry.Report, messages []sqs.Message) *batch {
	ctx, span := w.tracer.Start(trace.ContextWithRemoteSpanContext(ctx, telemetry.XRay(ctx)), "relay batch",
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(
			attribute.String("messaging.system", "aws_sqs"),
			attribute.String("messaging.operation.type", "process"),
			attribute.Int("messaging.batch.message_count", len(messages)),
		))
	b := &batch{report: report, tracer: w.tracer, ctx: ctx, span: span, buried: w.buried()}
	for _, name := range []string{telemetry.OrdersWritten, telemetry.OrdersDuplicate, telemetry.OrdersDeferred, telemetry.OrdersRejected} {
		report.Add(name, 0)
	}
	for _, m := range messages {
		if !m.SentAt.IsZero() {
			report.Most(telemetry.OldestOrderAge, time.Since(m.SentAt).Seconds())
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hand = b
	return b
}

// end puts the batch down. deferred is how many of its messages come again, and
// breaker how the breaker stands.
func (w *watched) end(b *batch, deferred int, breaker string) {
	w.mu.Lock()
	w.hand = nil
	w.mu.Unlock()
	b.report.Add(telemetry.OrdersDeferred, deferred)
	b.report.Add(telemetry.DeadLetters, int(w.buried()-b.buried))
	open := 0
	if breaker != "closed" {
		open = 1
	}
	b.report.Add(telemetry.BreakerOpened, open)
	b.span.SetAttributes(attribute.Int("deferred", deferred), attribute.String("breaker", breaker))
	b.span.End()
}

// Write implements relay.Legacy.
func (w *watched) Write(ctx context.Context, orders []order.Order) []relay.Outcome {
	w.mu.Lock()
	b := w.hand
	w.mu.Unlock()
	if b == nil {
		return w.Legacy.Write(ctx, orders)
	}
	b.report.Most(telemetry.ConnectionsInUse, float64(w.budget.Held()))
	links := make([]trace.Link, 0, len(orders))
	for _, o := range orders {
		b.report.Most(telemetry.OldestOrderAge, time.Since(o.AcceptedAt).Seconds())
		if sc := telemetry.Remote(o.Trace, ""); sc.IsValid() {
			links = append(links, trace.Link{SpanContext: sc})
		}
	}
	began := time.Now()
	ctx, span := w.tracer.Start(trace.ContextWithSpan(ctx, b.span), "legacy write",
		trace.WithSpanKind(trace.SpanKindClient), trace.WithLinks(links...),
		trace.WithAttributes(attribute.Int("db.operation.batch.size", len(orders))))
	outcomes := w.Legacy.Write(ctx, orders)
	span.End()
	b.report.Took(telemetry.WriteLatency, time.Since(began))
	for i, o := range outcomes {
		if i < len(orders) {
			b.tell(orders[i], o, began)
		}
	}
	return outcomes
}

// metricOf is the metric that counts a disposition. What was deferred is counted
// when the batch ends: most of that legacy is not even asked about.
var metricOf = map[order.Disposition]string{
	order.DispositionWritten:   telemetry.OrdersWritten,
	order.DispositionDuplicate: telemetry.OrdersDuplicate,
	order.DispositionRejected:  telemetry.OrdersRejected,
}

// tell counts what became of an order, and ends its own trace, which began at
// the edge, with a span that points to the batch.
func (b *batch) tell(o order.Order, outcome relay.Outcome, began time.Time) {
	if name := metricOf[outcome.Disposition]; name != "" {
		b.report.Add(name, 1)
	}
	parent := telemetry.Remote(o.Trace, "")
	if !parent.IsValid() {
		return
	}
	_, span := b.tracer.Start(trace.ContextWithRemoteSpanContext(b.ctx, parent), "order relayed",
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithTimestamp(began),
		trace.WithLinks(trace.Link{SpanContext: b.span.SpanContext()}),
		trace.WithAttributes(attribute.String("order_id", o.ID), attribute.String("outcome", outcome.Disposition.String())))
	if outcome.Cause != "" {
		span.SetAttributes(attribute.String("cause", outcome.Cause))
	}
	if outcome.Disposition == order.DispositionRejected {
		span.SetStatus(codes.Error, outcome.Cause)
	}
	span.End()
}

// buried is how many messages the inbox has made dead letters so far.
func (w *watched) buried() float64 {
	families, err := w.desk.Gather()
	if err != nil {
		return 0
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetValue() == "buried" {
					return m.GetCounter().GetValue()
				}
			}
		}
	}
	return 0
}
