package shop

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
)

// checkoutForm is a form that is being filled in: what was typed, for which
// cart, and why it could not be taken.
type checkoutForm struct {
	order order.Order
	cart  string
	err   error
}

// checkoutView is the checkout page.
type checkoutView struct {
	frame
	Cart     cartView
	CartText string  // the cart as the cookie has it, to tell two forms apart
	Alert    string  // what is wrong as a whole
	Faults   []fault // what is wrong with single fields, with links to them
	Fields   []field
	Payments []payment
}

// field is a text field of the form.
type field struct {
	Name, Label, Value, Hint, Fault string
	Type, Complete                  string
	Limit                           int
	Long                            bool
}

type fault struct{ Anchor, Text string }

type payment struct {
	Token, Label string
	Chosen       bool
}

func (s *server) checkoutPage(w http.ResponseWriter, r *http.Request) error {
	c := s.cartOf(r)
	form := checkoutForm{cart: c.String()}
	for _, l := range c.lines {
		form.order.Lines = append(form.order.Lines, order.Line{SKU: l.SKU, Quantity: l.Quantity})
	}
	noStore(w)
	startSession(w, r)
	return s.showCheckout(w, r, form)
}

func (s *server) showCheckout(w http.ResponseWriter, r *http.Request, form checkoutForm) error {
	v := checkoutView{frame: s.frame(r, "Checkout"), CartText: form.cart}
	v.Cart = cartView{Lines: []lineView{}, Total: order.Money{Currency: order.FormCurrency}}
	for _, l := range form.order.Lines[:min(len(form.order.Lines), order.MaxLines)] {
		line := s.line(l.SKU, l.Quantity)
		v.Cart.Lines = append(v.Cart.Lines, line)
		v.Cart.Total = v.Cart.Total.Plus(line.Total)
		v.Cart.Count += l.Quantity
	}
	c := form.order.Customer
	v.Fields = []field{
		{Name: "email", Label: "Email", Value: c.Email, Type: "email", Complete: "email", Limit: order.MaxEmailBytes,
			Hint: "For this order and nothing else."},
		{Name: "name", Label: "Name", Value: c.Name, Type: "text", Complete: "name", Limit: order.MaxNameBytes},
		{Name: "address", Label: "Address", Value: c.Address, Complete: "street-address", Limit: order.MaxAddressBytes,
			Long: true, Hint: "Street, town, state and postcode."},
	}
	v.Payments = []payment{{"tok_demo", "Demo card ending 4242", false}, {"tok_demo_wallet", "Demo wallet", false}}
	for i := range v.Payments {
		v.Payments[i].Chosen = v.Payments[i].Token == form.order.Payment.Token || (i == 0 && form.order.Payment.Token == "")
	}
	status := http.StatusOK
	if form.err != nil {
		status = answerTo(form.err).status
		s.explain(&v, form.err)
	}
	return s.show(w, r, view{status: status, page: "checkout", html: v, json: v.Cart})
}

// explain puts what is wrong beside the field it is wrong with, and all of it
// together at the top, where a screen reader begins.
func (s *server) explain(v *checkoutView, err error) {
	p := s.problem(err)
	var invalid *order.InvalidError
	if !errors.As(err, &invalid) {
		v.Alert = p.Title + "."
		for i := range v.Cart.Lines {
			if l := &v.Cart.Lines[i]; p.SKU != "" && l.SKU == p.SKU {
				l.Fault = p.Detail
				v.Faults = append(v.Faults, fault{lineAnchor(i), p.Detail})
			}
		}
		if len(v.Faults) == 0 {
			v.Alert += " " + p.Detail
		}
		return
	}
	v.Alert = "Please look at the following; everything you typed is still here."
	for _, f := range invalid.Fields {
		v.Faults = append(v.Faults, v.place(f))
	}
	slices.SortStableFunc(v.Faults, func(a, b fault) int { return v.rank(a) - v.rank(b) })
}

// rank puts faults in the order in which the page is read.
func (v *checkoutView) rank(f fault) int {
	for i := range v.Fields {
		if v.Fields[i].Name == f.Anchor {
			return i
		}
	}
	return len(v.Fields)
}

// place finds the field of the page that a fault is about.
func (v *checkoutView) place(f order.FieldError) fault {
	name := strings.TrimPrefix(f.Field, "customer.")
	for i := range v.Fields {
		if v.Fields[i].Name == name {
			v.Fields[i].Fault = v.Fields[i].Label + " " + f.Detail
			return fault{name, v.Fields[i].Fault}
		}
	}
	var line int
	var part string
	if n, _ := fmt.Sscanf(f.Field, "lines[%d].%s", &line, &part); n == 2 && line < len(v.Cart.Lines) {
		l := &v.Cart.Lines[line]
		l.Fault = "The " + part + " " + f.Detail
		return fault{lineAnchor(line), l.Name + ": the " + part + " " + f.Detail}
	}
	switch f.Field {
	case "payment.token":
		return fault{"payment", "Payment " + f.Detail}
	case "lines":
		return fault{"summary", "Your cart " + f.Detail}
	default:
		return fault{"summary", f.Field + " " + f.Detail}
	}
}

func lineAnchor(i int) string { return fmt.Sprintf("line-%d", i) }
