package sqs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// DeadLetter is a message in the dead-letter queue: the message as it was, and
// why it is there. It is in the body because a redrive gives a message new
// attributes. A dead letter that is moved back to the queue is opened and its
// message delivered.
type DeadLetter struct {
	OrderID string    // empty where the message holds no order
	Cause   string    // in words
	At      time.Time // since when it is dead
	Message string    // the body that was sent
}

// envelope is a DeadLetter's wire form. A message that is JSON is kept as such,
// so that the order can be read in the SQS console.
type envelope struct {
	Dead    *obituary       `json:"dead_letter"`
	Message json.RawMessage `json:"message,omitempty"`
	Text    *string         `json:"text,omitempty"`
}

type obituary struct {
	OrderID string    `json:"order_id,omitempty"`
	Cause   string    `json:"cause"`
	At      time.Time `json:"at"`
}

// maxCauseBytes is how much of a cause is kept, maxMessageBytes what SQS takes.
const (
	maxCauseBytes   = 2 << 10
	maxMessageBytes = 1 << 20
)

// Body returns the dead letter as a message's body. A message so large that it
// does not fit its envelope is kept without.
func (l DeadLetter) Body() (string, error) {
	if len(l.Cause) > maxCauseBytes {
		l.Cause = string(bytes.ToValidUTF8([]byte(l.Cause[:maxCauseBytes]), nil)) + "…"
	}
	e := envelope{Dead: &obituary{l.OrderID, l.Cause, l.At.UTC()}}
	if json.Valid([]byte(l.Message)) {
		e.Message = json.RawMessage(l.Message)
	} else {
		e.Text = &l.Message
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return "", fmt.Errorf("write dead letter: %w", err)
	}
	if body.Len() > maxMessageBytes {
		return l.Message, nil
	}
	return body.String(), nil
}

// ReadDeadLetter opens a message of the dead-letter queue. One that was moved
// there without an envelope, by SQS itself or because it was too large, has no
// cause.
func ReadDeadLetter(body string) DeadLetter {
	if l, ok := opened(body); ok {
		return l
	}
	return DeadLetter{Message: body}
}

// opened takes a message out of its envelope, if it is in one.
func opened(body string) (DeadLetter, bool) {
	var e envelope
	if err := json.Unmarshal([]byte(body), &e); err != nil || e.Dead == nil || (e.Message == nil) == (e.Text == nil) {
		return DeadLetter{}, false
	}
	l := DeadLetter{OrderID: e.Dead.OrderID, Cause: e.Dead.Cause, At: e.Dead.At, Message: string(e.Message)}
	if e.Text != nil {
		l.Message = *e.Text
	}
	return l, true
}

// bury sends a message to the dead-letter queue. It stays in hand until it is
// deleted, so a crash in between leaves it in both; never in neither.
func (d *desk) bury(ctx context.Context, m Message, orderID, cause string) error {
	body, err := DeadLetter{OrderID: orderID, Cause: cause, At: d.now(), Message: m.Body}.Body()
	if err != nil {
		return err
	}
	if err := d.send(ctx, d.o.DeadLetters, m, body); err != nil {
		return fmt.Errorf("send to the dead-letter queue: %w", err)
	}
	d.count("buried", 1)
	d.log.Warn("message is a dead letter", "order_id", orderID, "message_id", m.ID, "cause", cause)
	return nil
}

// temporary reports whether a message or its order may be readable later.
func temporary(err error) bool {
	return errors.Is(err, order.ErrUnavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
