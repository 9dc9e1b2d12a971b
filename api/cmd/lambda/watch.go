package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop"
	"github.com/banyan-edge/banyan/api/telemetry"
)

type reportKey struct{}

// withReport returns the context of an invocation that is reported on.
func withReport(ctx context.Context, r *telemetry.Report) context.Context {
	return context.WithValue(ctx, reportKey{}, r)
}

// reportOf returns the report of the invocation, or one that nobody reads.
func reportOf(ctx context.Context) *telemetry.Report {
	if r, ok := ctx.Value(reportKey{}).(*telemetry.Report); ok {
		return r
	}
	return new(telemetry.Report)
}

// watch has every request in a span below the edge's, and counts the checkouts
// that are refused.
func watch(tracer *telemetry.Tracer, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, sight := shop.WithSight(r.Context())
		ctx, span := begin(ctx, tracer, r)
		defer span.End()
		noted := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(noted, r.WithContext(ctx))
		if r.Method == http.MethodPost && sight.Path == "/checkout" && sight.Code != "" {
			reportOf(ctx).Refused(sight.Code)
		}
		if !span.IsRecording() {
			return
		}
		span.SetName(r.Method + " " + sight.Path)
		span.SetAttributes(
			attribute.String("http.route", sight.Path),
			attribute.Int("http.response.status_code", noted.status),
		)
		if sight.Code != "" {
			span.SetAttributes(attribute.String("outcome", sight.Code))
		}
		if noted.status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, sight.Code)
		}
	})
}

// begin starts the span of a request. Its parent is what the edge sent, or else
// what Lambda has; where both are there the other is linked. From here on the
// request's traceparent is this span, so that the order carries it.
func begin(ctx context.Context, tracer *telemetry.Tracer, r *http.Request) (context.Context, trace.Span) {
	parent := telemetry.Remote(r.Header.Get("Traceparent"), r.Header.Get("Tracestate"))
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
	switch lambda := telemetry.XRay(ctx); {
	case !parent.IsValid():
		parent = lambda
	case lambda.IsValid():
		options = append(options, trace.WithLinks(trace.Link{SpanContext: lambda}))
	}
	if tracer.On() {
		options = append(options, trace.WithAttributes(
			attribute.String("http.request.method", r.Method),
			attribute.String("banyan.arm", r.Header.Get("X-Banyan-Arm")),
			attribute.String("banyan.epoch", r.Header.Get("X-Banyan-Epoch")),
		))
	}
	ctx, span := tracer.Start(trace.ContextWithRemoteSpanContext(ctx, parent), r.Method, options...)
	if traceparent := telemetry.Traceparent(span.SpanContext()); traceparent != "" {
		r.Header.Set("Traceparent", traceparent)
	}
	return ctx, span
}

// watchAccept tells what became of an order and how long intake took for it.
func watchAccept(ctx context.Context, placed order.Order, accept func(context.Context, order.Order) (order.Receipt, error)) (order.Receipt, error) {
	report, span := reportOf(ctx), trace.SpanFromContext(ctx)
	began := time.Now()
	receipt, err := accept(ctx, placed)
	report.Took(telemetry.AcceptLatency, time.Since(began))
	switch {
	case err != nil:
		if errors.Is(err, order.ErrUnavailable) {
			span.RecordError(err)
		}
	case receipt.Replayed:
		report.Add(telemetry.OrdersReplayed, 1)
		span.SetAttributes(attribute.String("order_id", receipt.OrderID), attribute.String("outcome", "replayed"))
	default:
		report.Add(telemetry.OrdersAccepted, 1)
		span.SetAttributes(attribute.String("order_id", receipt.OrderID), attribute.String("outcome", "accepted"))
	}
	return receipt, err
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if status >= http.StatusOK { // not of those that only go before
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
