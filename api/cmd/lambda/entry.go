package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"

	"github.com/banyan-edge/banyan/api/lambda"
)

// entry answers HTTP events with the shop, and a schedule's with a sweep of
// the orders that a crash left unsent.
type entry struct {
	adapter *lambda.Adapter
	sweep   func(context.Context) (int, error) // nil: there is nothing to sweep
	log     *slog.Logger
}

// Invoke implements aws-lambda-go's Handler.
func (e entry) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if e.sweep == nil || !scheduled(payload) {
		return e.adapter.Invoke(ctx, payload)
	}
	sent, err := e.sweep(ctx)
	if err != nil {
		return nil, err
	}
	e.log.Info("swept", "sent", sent)
	return json.Marshal(struct {
		Sent int `json:"sent"`
	}{sent})
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
