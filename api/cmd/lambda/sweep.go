package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/telemetry"
)

var errNothingToSweep = errors.New("orders are kept in a folder, there is nothing to sweep")

// sweep sends what a crash left unsent, and then counts the ledger: nobody else
// in Lambda looks at all orders.
func (e entry) sweep(ctx context.Context) ([]byte, error) {
	ctx, span := e.tracer.Start(trace.ContextWithRemoteSpanContext(ctx, telemetry.XRay(ctx)), "sweep")
	defer span.End()
	sent, err := e.sweepOnce(ctx)
	span.SetAttributes(attribute.Int("sent", sent))
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		return nil, err
	}
	return json.Marshal(struct {
		Sent int `json:"sent"`
	}{sent})
}

func (e entry) sweepOnce(ctx context.Context) (sent int, err error) {
	st, err := e.orders.store(ctx)
	if err != nil {
		return 0, err
	}
	if st.sweep == nil {
		return 0, errNothingToSweep
	}
	report := reportOf(ctx)
	sent, err = st.sweep(ctx)
	report.Add(telemetry.OrdersSwept, sent)
	if err != nil {
		return sent, err
	}
	report.Add(telemetry.Sweeps, 1)
	e.log.Info("swept", "sent", sent)
	ledger, err := st.ledger(ctx)
	if err != nil {
		return sent, fmt.Errorf("after the sweep: %w", err)
	}
	off := difference(ledger)
	e.log.Info("ledger counted", "accepted", ledger.Accepted, "written", ledger.Written, "waiting", ledger.Waiting,
		"dead", ledger.Dead, "cancelled", ledger.Cancelled, "difference", off)
	report.Most(telemetry.LedgerDifference, float64(off))
	report.Most(telemetry.OrdersWaiting, float64(ledger.Waiting))
	report.Most(telemetry.OrdersDead, float64(ledger.Dead))
	return sent, nil
}

// difference is by how many orders a ledger is out of balance, whichever way.
func difference(l order.Ledger) int64 {
	off := l.Accepted - l.Written - l.Waiting - l.Dead - l.Cancelled
	return max(off, -off)
}

// scheduleSource is the source of EventBridge's scheduled events.
const scheduleSource = "aws.events"

// scheduled reports whether the event is a schedule's. An HTTP event, whose
// fields a shopper fills, never is: it has no source of its own.
func scheduled(payload []byte) bool {
	if !bytes.Contains(payload, []byte(scheduleSource)) {
		return false
	}
	var event struct {
		Source         string          `json:"source"`
		RequestContext json.RawMessage `json:"requestContext"`
	}
	return json.Unmarshal(payload, &event) == nil && event.Source == scheduleSource && event.RequestContext == nil
}
