package shop

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
)

// checkout places an order, sent as JSON or as the form of the checkout page.
func (s *server) checkout(w http.ResponseWriter, r *http.Request) error {
	media := mediaType(r)
	if media != typeJSON && media != typeForm {
		return errMediaType
	}
	body, err := readBody(w, r, order.MaxBodyBytes)
	if err != nil {
		return err
	}
	if media == typeForm {
		return s.checkoutForm(w, r, body)
	}
	o, err := order.ParseJSON(body)
	if err != nil {
		return err
	}
	receipt, err := s.place(r, o, cookie(r, cartCookie))
	if err != nil {
		return err
	}
	return s.accepted(w, r, receipt)
}

// checkoutForm is the same for a form: a browser is sent to the order's page,
// or gets its form back with what is wrong beside each field.
func (s *server) checkoutForm(w http.ResponseWriter, r *http.Request, body []byte) error {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return invalidField("body", "is not a form")
	}
	shown := form.Get("cart") // the cart that the page was made of; the cookie may be gone by now
	if !form.Has("cart") {
		shown = cookie(r, cartCookie)
	}
	o, err := order.ParseForm(form)
	var receipt order.Receipt
	if err == nil {
		receipt, err = s.place(r, o, shown)
	}
	switch {
	case err != nil && asksJSON(r):
		return err
	case err != nil:
		s.prepareFailure(w, r, err)
		return s.showCheckout(w, r, checkoutForm{order: o, cart: shown, err: err})
	}
	s.setCart(w, r, cart{})
	if asksJSON(r) {
		return s.accepted(w, r, receipt)
	}
	redirect(w, orderPath(receipt.OrderID))
	return nil
}

// place prices an order and hands it to whoever takes orders here. The session
// and the cart it was made of stand in for a key where the client sent none.
func (s *server) place(r *http.Request, o order.Order, cart string) (order.Receipt, error) {
	var err error
	if o.Key, err = order.ParseKey(r.Header.Get("Idempotency-Key")); err != nil {
		return order.Receipt{}, err
	}
	o.Trace = traceparent(r.Header.Get("Traceparent"))
	o.Epoch, _ = strconv.ParseUint(r.Header.Get("X-Banyan-Epoch"), 10, 64) // zero where no edge decided
	o.Session = cookie(r, sessionCookie) + "\n" + cart
	if o, err = o.Price(s.catalogue.Price); err != nil {
		return order.Receipt{}, err
	}
	return s.orders.Accept(r.Context(), o)
}

// acceptedJSON is the answer to an order that was taken.
type acceptedJSON struct {
	OrderID   string      `json:"order_id"`
	Status    order.State `json:"status"`
	StatusURL string      `json:"status_url"`
}

func (s *server) accepted(w http.ResponseWriter, r *http.Request, receipt order.Receipt) error {
	path := orderPath(receipt.OrderID)
	noStore(w)
	w.Header().Set("Location", path)
	return s.writeJSON(w, r, http.StatusAccepted, acceptedJSON{receipt.OrderID, receipt.State, path})
}

func orderPath(id string) string { return "/orders/" + id }

// traceparent returns a W3C traceparent header, or "" where it is none.
func traceparent(header string) string {
	const form = "00-00000000000000000000000000000000-0000000000000000-00"
	if len(header) != len(form) {
		return ""
	}
	for i := range len(header) {
		if form[i] == '-' {
			if header[i] != '-' {
				return ""
			}
		} else if !strings.ContainsRune("0123456789abcdef", rune(header[i])) {
			return ""
		}
	}
	return header
}
