package console

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// orderView is one order with its way to legacy.
type orderView struct {
	frame
	Order   order.Record
	Show    Show
	TraceID string
	Way     []step
}

// step is one station of an order's way.
type step struct {
	Name  string    // accepted, waiting, written, dead, rejected, cancelled
	Label string    // the station in words
	At    time.Time // zero: not known, or not yet
	Text  string
	Done  bool // reached
}

// order shows one order: the only place where the shopper's name, address and
// email stand. The JSON is the record.
func (c *console) order(w http.ResponseWriter, r *http.Request) {
	record, err := c.Orders.Find(r.Context(), r.PathValue("id"))
	if errors.Is(err, order.ErrNotFound) {
		c.refuse(w, r, problem{
			Status: http.StatusNotFound,
			Title:  "There is no such order",
			Detail: "No order has the number " + quote(r.PathValue("id")) + ".",
			Hint:   "look for it in the list of orders",
		})
		return
	}
	if err != nil {
		c.fail(w, r, "read the order", err)
		return
	}
	record.Payment.Token = "" // good for a payment, so for nobody's eyes
	if wantsJSON(r) {
		c.json(w, http.StatusOK, record)
		return
	}
	v := orderView{
		frame:   c.frame(w, r, "orders", "Order "+record.ID),
		Order:   record,
		Show:    ShowOf(record),
		TraceID: traceID(record.Trace),
		Way:     wayOf(record),
	}
	if v.Show == ShowWaiting {
		v.Refresh = 3
	}
	c.page(w, "order", v)
}

// wayOf returns an order's way: accepted, then written or what came instead.
func wayOf(r order.Record) []step {
	way := []step{{Name: "accepted", Label: "Accepted", At: r.AcceptedAt, Done: true,
		Text: "Stored durably, its stock held, and the shopper told."}}
	switch show := ShowOf(r); show {
	case ShowWritten:
		text := "In the legacy database, exactly once."
		if took := r.WrittenAt.Sub(r.AcceptedAt); !r.WrittenAt.IsZero() && took >= 0 {
			text += " It took " + took.Round(time.Millisecond).String() + "."
		}
		return append(way, step{Name: "written", Label: "Written", At: r.WrittenAt, Text: text, Done: true})
	case ShowDead:
		return append(way,
			step{Name: "dead", Label: "Dead letter", Text: r.Cause, Done: true},
			step{Name: "written", Label: "Written", Text: "Once somebody has mended it. It is not lost: its stock stays held."})
	case ShowWaiting:
		return append(way,
			step{Name: "waiting", Label: "Waiting for legacy", Text: waitingWords(r), Done: true},
			step{Name: "written", Label: "Written", Text: "As soon as legacy takes it."})
	case ShowRejected:
		return append(way, step{Name: "rejected", Label: "Rejected", Done: true,
			Text: strings.TrimSpace("Given up on, its stock given back. " + r.Cause)})
	default:
		return append(way, step{Name: string(show), Label: show.Label(), Text: "Taken back before it was written, its stock given back.", Done: true})
	}
}

func waitingWords(r order.Record) string {
	switch r.Attempts {
	case 0:
		return "In the queue; its turn has not come yet."
	case 1:
		return "Tried once; legacy could not take it then. It is tried again, as often as it takes."
	}
	return "Tried " + count(int64(r.Attempts)) + " times; legacy could not take it then. It is tried again, as often as it takes."
}

// traceID returns the trace id of a W3C traceparent, or "" where there is none.
func traceID(traceparent string) string {
	parts := strings.Split(traceparent, "-")
	if len(parts) < 4 || len(parts[1]) != 32 {
		return ""
	}
	return parts[1]
}
