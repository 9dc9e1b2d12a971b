package shop

import (
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/banyan-edge/banyan/api/order"
)

// refreshAfter is how often a browser without script asks how an order stands.
const refreshAfter = 5

// orderView is an order as its shopper may see it: the address is a secret that
// travels in mails and histories, so it shows neither who bought nor where to.
type orderView struct {
	OrderID    string      `json:"order_id"`
	Status     order.State `json:"status"`
	StatusURL  string      `json:"status_url"`
	Heading    string      `json:"heading"`
	Message    string      `json:"message"`
	Final      bool        `json:"final"` // it will not change any more
	Attention  bool        `json:"attention"`
	AcceptedAt time.Time   `json:"accepted_at,omitzero"`
	WrittenAt  time.Time   `json:"written_at,omitzero"`
	Lines      []lineView  `json:"lines"`
	Total      order.Money `json:"total"`
}

func (s *server) orderPage(w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["id"]
	if !order.ValidID(id) {
		return errNowhere
	}
	record, err := s.orders.Find(r.Context(), id)
	if err != nil {
		return err
	}
	v := s.viewOrder(record)
	page := struct {
		frame
		Order orderView
		Mail  string
	}{s.frame(r, v.Heading), v, maskedMail(record.Customer.Email)}
	if !v.Final {
		page.Refresh, page.Script = refreshAfter, "order.js"
	}
	noStore(w)
	return s.show(w, r, view{page: "order", html: page, json: v})
}

func (s *server) viewOrder(rec order.Record) orderView {
	v := orderView{OrderID: rec.ID, Status: rec.State, StatusURL: orderPath(rec.ID), Attention: rec.Dead(),
		AcceptedAt: rec.AcceptedAt, WrittenAt: rec.WrittenAt, Lines: []lineView{}, Total: rec.Total}
	v.Heading, v.Message = standing(rec)
	v.Final = rec.State != order.Accepted
	for _, l := range rec.Lines {
		line := s.line(l.SKU, l.Quantity)
		if l.Price != nil { // what was paid, whatever it costs today
			line.Price, line.Total = *l.Price, l.Price.Times(l.Quantity)
		}
		v.Lines = append(v.Lines, line)
	}
	return v
}

// standing says how an order stands. A cause is the shop's to read, not the
// shopper's.
func standing(rec order.Record) (heading, message string) {
	switch {
	case rec.Dead():
		return "Order received", "It is safely with us and what you ordered is set aside. One detail needs a person to look at it before we can confirm; there is nothing you need to do."
	case rec.State == order.Accepted:
		return "Order received", "It is safely with us and what you ordered is set aside for you. Confirmation usually takes a few moments; you may close this page."
	case rec.State == order.Written:
		return "Confirmed", "Your order is in our books. We will pack it with newspaper and care."
	case rec.State == order.Rejected:
		return "We could not complete this order", "Nothing was charged, and what you ordered has gone back on the shelf. We are sorry."
	default:
		return "Cancelled", "This order was cancelled. Nothing was charged."
	}
}

// maskedMail shows enough of an address for its owner to know it.
func maskedMail(mail string) string {
	user, host, ok := strings.Cut(mail, "@")
	if !ok || user == "" {
		return ""
	}
	first := []rune(user)[:1]
	return string(first) + "•••@" + host
}
