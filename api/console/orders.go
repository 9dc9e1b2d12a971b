package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// Orders is where orders are read. Find returns order.ErrNotFound where no
// order has the id.
type Orders interface {
	List(ctx context.Context, f OrderFilter) ([]order.Record, error)
	Find(ctx context.Context, id string) (order.Record, error)
}

// OrderFilter says which orders are wanted. They come newest first.
type OrderFilter struct {
	Show   Show
	Before string // only orders accepted before the one with this id; empty: from the newest
	Limit  int    // no more than these
}

// Show is a kind of order, in the ledger's words.
type Show string

// The kinds. A rejected order is one that was given up on after legacy refused
// it; the ledger counts it as cancelled.
const (
	ShowAll       Show = ""
	ShowWaiting   Show = "waiting"
	ShowWritten   Show = "written"
	ShowDead      Show = "dead"
	ShowCancelled Show = "cancelled"
	ShowRejected  Show = "rejected"
)

// shows are the kinds in the order in which the page offers them.
var shows = []Show{ShowAll, ShowWaiting, ShowWritten, ShowDead, ShowCancelled, ShowRejected}

// Label returns the kind as the page says it.
func (s Show) Label() string {
	if s == ShowAll {
		return "All"
	}
	return strings.ToUpper(string(s[:1])) + string(s[1:])
}

// ShowOf returns the kind of an order.
func ShowOf(r order.Record) Show {
	switch {
	case r.Dead():
		return ShowDead
	case r.State == order.Accepted:
		return ShowWaiting
	}
	return Show(r.State.String())
}

// Matches reports whether a store that filters by itself should list r.
func (s Show) Matches(r order.Record) bool { return s == ShowAll || s == ShowOf(r) }

func parseShow(word string) (Show, bool) {
	for _, s := range shows {
		if string(s) == word {
			return s, true
		}
	}
	return ShowAll, false
}

// orderSummary is an order in a list: enough to tell it by, without the
// shopper's name, address or whole email.
type orderSummary struct {
	ID         string       `json:"id"`
	State      order.State  `json:"state"`
	Show       Show         `json:"show"`
	Cause      string       `json:"cause,omitempty"`
	Total      order.Money  `json:"total"`
	Lines      []order.Line `json:"lines"`
	Email      string       `json:"email"` // masked
	AcceptedAt time.Time    `json:"accepted_at"`
	WrittenAt  time.Time    `json:"written_at,omitzero"`
	Attempts   int          `json:"attempts,omitempty"`
	Trace      string       `json:"trace,omitempty"`
}

func summaries(records []order.Record) []orderSummary {
	all := make([]orderSummary, len(records))
	for i, r := range records {
		all[i] = orderSummary{r.ID, r.State, ShowOf(r), r.Cause, r.Total, r.Lines,
			maskEmail(r.Customer.Email), r.AcceptedAt, r.WrittenAt, r.Attempts, r.Trace}
	}
	return all
}

// ordersPage is how many orders a page lists.
const ordersPage = 50

// ordersView is the list of orders, and its JSON.
type ordersView struct {
	frame  `json:"-"`
	Shows  []Show         `json:"-"`
	Show   Show           `json:"show"`
	Orders []orderSummary `json:"orders"`
	Next   string         `json:"next,omitempty"` // the "before" of the next page
	First  bool           `json:"-"`
	Fault  string         `json:"-"` // of the id that was looked for
	Sought string         `json:"-"`
}

// orders lists orders. With ?id= it goes to that order instead.
func (c *console) orders(w http.ResponseWriter, r *http.Request) {
	v := ordersView{Shows: shows, Sought: strings.ToUpper(strings.TrimSpace(r.FormValue("id")))}
	status := http.StatusOK
	if v.Sought != "" {
		if order.ValidID(v.Sought) {
			http.Redirect(w, r, "/orders/"+url.PathEscape(v.Sought), http.StatusSeeOther)
			return
		}
		v.Fault = "is not an order number; one has 26 letters and digits"
		status = http.StatusBadRequest
	}
	show, known := parseShow(r.FormValue("show"))
	if !known {
		c.refuse(w, r, problem{Status: http.StatusBadRequest, Title: "There is no such kind of order",
			Hint: "show is one of waiting, written, dead, cancelled, rejected"})
		return
	}
	f := OrderFilter{Show: show, Before: r.FormValue("before"), Limit: ordersPage + 1}
	records, err := c.Orders.List(r.Context(), f)
	if err != nil {
		c.fail(w, r, "list the orders", err)
		return
	}
	v.Show, v.First = show, f.Before == ""
	if len(records) > ordersPage {
		records = records[:ordersPage]
		v.Next = records[ordersPage-1].ID
	}
	v.Orders = summaries(records)
	if wantsJSON(r) {
		c.json(w, http.StatusOK, v)
		return
	}
	v.frame = c.frame(w, r, "orders", "Orders")
	c.pages.write(c, w, status, "orders", v)
}
