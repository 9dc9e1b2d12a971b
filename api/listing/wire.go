package listing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/banyan-edge/banyan/api/order"
)

// wireListing is what a client may send; nothing else of a Listing can be set
// from outside.
type wireListing struct {
	Seller      Seller      `json:"seller"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Price       order.Money `json:"price"`
	Category    string      `json:"category"`
	Condition   string      `json:"condition"`
	Pictures    []Picture   `json:"pictures"`
}

func wireOf(l Listing) wireListing {
	return wireListing{l.Seller, l.Title, l.Description, l.Price, l.Category, l.Condition, l.Pictures}
}

func (w wireListing) listing() Listing {
	return Listing{Seller: w.Seller, Title: w.Title, Description: w.Description, Price: w.Price,
		Category: w.Category, Condition: w.Condition, Pictures: w.Pictures}
}

// ParseJSON reads a listing in its JSON wire form and validates it. Every error
// is an *order.InvalidError.
func ParseJSON(body []byte) (Listing, error) {
	if !utf8.Valid(body) {
		return Listing{}, invalid("body", "is not valid UTF-8")
	}
	var w wireListing
	dec := json.NewDecoder(strings.NewReader(string(body)))
	if err := dec.Decode(&w); err != nil {
		return Listing{}, jsonError(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Listing{}, invalid("body", "has something after the JSON object")
	}
	l := w.listing()
	return l, l.Validate()
}

// ParseForm reads a listing from the fields of the form that offers one: email,
// name, title, description, price (in units, such as 189 or 189.50), category
// and condition. A form announces no pictures: they are uploaded by a script,
// which sends JSON. Every error is an *order.InvalidError; the listing returned
// beside it holds what could be read, to show the form again.
func ParseForm(form url.Values) (Listing, error) {
	l := Listing{
		Seller:      Seller{Email: strings.TrimSpace(form.Get("email")), Name: strings.TrimSpace(form.Get("name"))},
		Title:       strings.TrimSpace(form.Get("title")),
		Description: strings.TrimSpace(form.Get("description")),
		Category:    form.Get("category"),
		Condition:   form.Get("condition"),
	}
	amount, ok := cents(strings.TrimSpace(form.Get("price")))
	l.Price = order.Money{Amount: amount, Currency: order.FormCurrency}
	err := l.Validate()
	if ok {
		return l, err
	}
	fault := order.FieldError{Field: "price.amount", Detail: "is not an amount such as 189 or 189.50"}
	var others *order.InvalidError
	errors.As(err, &others)
	return l, &order.InvalidError{Fields: append([]order.FieldError{fault}, without(others, fault.Field)...)}
}

// without returns the faults of all fields but one.
func without(err *order.InvalidError, field string) (rest []order.FieldError) {
	if err == nil {
		return nil
	}
	for _, f := range err.Fields {
		if f.Field != field {
			rest = append(rest, f)
		}
	}
	return rest
}

// cents reads an amount in units, with two decimals or none, exactly.
func cents(text string) (int64, bool) {
	units, fraction, dotted := strings.Cut(text, ".")
	if dotted && len(fraction) != 2 || units == "" || len(units) > 9 {
		return 0, false
	}
	if !dotted {
		fraction = "00"
	}
	var n int64
	for _, c := range units + fraction {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func jsonError(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return invalid(kind.Field, fmt.Sprintf("cannot be a JSON %s", kind.Value))
	case errors.As(err, &kind):
		return invalid("body", "is not a JSON object")
	case errors.As(err, &syntax):
		return invalid("body", fmt.Sprintf("is not JSON (at byte %d)", syntax.Offset))
	default:
		return invalid("body", "is not JSON")
	}
}

func invalid(field, detail string) error {
	return &order.InvalidError{Fields: []order.FieldError{{Field: field, Detail: detail}}}
}
