package shop

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
)

// maxCartBody is far above any change to a cart.
const maxCartBody = 8 << 10

// cartView is a cart with names and prices.
type cartView struct {
	Lines []lineView  `json:"lines"`
	Total order.Money `json:"total"`
	Count int         `json:"count"`
}

// lineView is one line of a cart or of an order.
type lineView struct {
	SKU      string      `json:"sku"`
	Name     string      `json:"name"`
	Variant  string      `json:"variant,omitempty"`
	Quantity int         `json:"quantity"`
	Price    order.Money `json:"price"`
	Total    order.Money `json:"total"`
	URL      string      `json:"url,omitempty"`
	Image    string      `json:"-"`
	OneOfOne bool        `json:"-"`
	Fault    string      `json:"-"` // on the checkout page
}

// cartOf reads a shopper's cart and leaves out what the shop does not sell.
func (s *server) cartOf(r *http.Request) cart {
	c := readCart(cookie(r, cartCookie))
	for _, l := range c.lines {
		if _, _, known := s.catalogue.item(l.SKU); !known {
			c = c.with(l.SKU, 0)
		}
	}
	return c
}

// line says what a quantity of a SKU is and costs.
func (s *server) line(sku string, quantity int) lineView {
	free := order.Money{Currency: order.FormCurrency}
	l := lineView{SKU: sku, Name: sku, Quantity: quantity, Price: free, Total: free}
	p, variant, ok := s.catalogue.item(sku)
	if !ok {
		return l
	}
	l.Name, l.Variant, l.Price = p.Name, variant, p.Price
	if quantity > 0 && quantity <= order.MaxQuantity { // a form may say anything
		l.Total = p.Price.Times(quantity)
	}
	l.URL, l.Image, l.OneOfOne = p.Path(), s.pictures[p.Slug]().url, p.OneOfOne
	return l
}

func (s *server) viewCart(c cart) cartView {
	v := cartView{Lines: []lineView{}, Total: order.Money{Currency: order.FormCurrency}, Count: c.count()}
	for _, l := range c.lines {
		line := s.line(l.SKU, l.Quantity)
		v.Lines = append(v.Lines, line)
		v.Total = v.Total.Plus(line.Total)
	}
	return v
}

func (s *server) cartPage(w http.ResponseWriter, r *http.Request) error {
	noStore(w)
	v := s.viewCart(s.cartOf(r))
	return s.show(w, r, view{page: "cart", json: v, html: struct {
		frame
		Cart cartView
	}{s.frame(r, "Cart"), v}})
}

// addToCart puts a SKU into the cart: one where nothing else is said.
func (s *server) addToCart(w http.ResponseWriter, r *http.Request) error {
	change, err := readChange(w, r)
	if err != nil {
		return err
	}
	if change.Quantity == nil {
		one := 1
		change.Quantity = &one
	}
	have := s.cartOf(r).quantity(change.SKU)
	return s.changeCart(w, r, change.SKU, have, *change.Quantity)
}

// updateCart sets how many of a SKU are in the cart; none removes it.
func (s *server) updateCart(w http.ResponseWriter, r *http.Request) error {
	change, err := readChange(w, r)
	if err != nil {
		return err
	}
	if change.Quantity == nil {
		return invalidField("quantity", "is missing")
	}
	return s.changeCart(w, r, change.SKU, 0, *change.Quantity)
}

func (s *server) removeFromCart(w http.ResponseWriter, r *http.Request) error {
	change, err := readChange(w, r)
	if err != nil {
		return err
	}
	return s.changeCart(w, r, change.SKU, 0, 0)
}

// changeCart leaves have and more of a SKU in the cart, if the shop has as many.
func (s *server) changeCart(w http.ResponseWriter, r *http.Request, sku string, have, more int) error {
	if more < 0 || more > order.MaxQuantity || have+more > order.MaxQuantity {
		return invalidField("quantity", "is not between 0 and "+strconv.Itoa(order.MaxQuantity))
	}
	p, _, known := s.catalogue.item(sku)
	if !known {
		return &order.UnknownProductError{SKU: sku}
	}
	want := have + more
	if p.OneOfOne {
		want = min(want, 1) // asking again for the only one is asking for it
	}
	if want > 0 {
		if left, err := s.orders.Left(r.Context(), sku); err == nil && left < want {
			return &order.SoldOutError{SKU: sku, Left: left}
		}
	}
	next := s.cartOf(r).with(sku, want).marked()
	if next.full() {
		return invalidField("sku", "does not fit into the cart any more")
	}
	s.setCart(w, r, next)
	if asksJSON(r) {
		noStore(w)
		return s.writeJSON(w, r, http.StatusOK, s.viewCart(next))
	}
	redirect(w, "/cart")
	return nil
}

func (s *server) setCart(w http.ResponseWriter, r *http.Request, c cart) {
	life := cartLife
	if len(c.lines) == 0 {
		life = -1e9 // remove it
	}
	setCookie(w, r, cartCookie, c.String(), life)
}

// cartChange is what a form or JSON body says about one SKU.
type cartChange struct {
	SKU      string `json:"sku"`
	Quantity *int   `json:"quantity"`
}

func readChange(w http.ResponseWriter, r *http.Request) (cartChange, error) {
	var change cartChange
	media := mediaType(r)
	if media != typeJSON && media != typeForm {
		return change, errMediaType
	}
	body, err := readBody(w, r, maxCartBody)
	if err != nil {
		return change, err
	}
	if media == typeJSON {
		if err := json.Unmarshal(body, &change); err != nil {
			return change, invalidField("body", "is not a JSON object with sku and quantity")
		}
		return change, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return change, invalidField("body", "is not a form")
	}
	change.SKU = form.Get("sku")
	if form.Has("quantity") {
		n, err := strconv.Atoi(strings.TrimSpace(form.Get("quantity")))
		if err != nil {
			return change, invalidField("quantity", "is not a whole number")
		}
		change.Quantity = &n
	}
	return change, nil
}

func invalidField(field, detail string) error {
	return &order.InvalidError{Fields: []order.FieldError{{Field: field, Detail: detail}}}
}
