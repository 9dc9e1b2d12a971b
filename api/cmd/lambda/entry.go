package main

import (
	"context"
	"log/slog"

	"github.com/banyan-edge/banyan/api/lambda"
	"github.com/banyan-edge/banyan/api/telemetry"
)

// entry answers HTTP events with the shop, a schedule's with a sweep of the orders
// and listings that a crash left unsent, and a notification of S3 with a check of
// the pictures that came.
type entry struct {
	adapter  *lambda.Adapter
	orders   *orders
	selling  *selling
	reporter *telemetry.Reporter
	tracer   *telemetry.Tracer
	log      *slog.Logger
}

// Invoke implements aws-lambda-go's Handler. What there is to tell is told before
// it answers: the environment may be frozen right after.
func (e entry) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	report := e.reporter.Begin()
	defer report.End()
	defer e.tracer.Flush(ctx)
	ctx = withReport(ctx, report)
	if e.orders.settings.Table != "" && scheduled(payload) {
		return e.sweep(ctx)
	}
	if keys, ok := arrivals(payload); ok && e.orders.settings.ListingsQueue != "" {
		return e.selling.arrived(ctx, keys)
	}
	return e.adapter.Invoke(ctx, payload)
}
