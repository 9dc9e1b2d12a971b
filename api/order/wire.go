package order

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// wireOrder is what a client may send; nothing else of an Order can be set from
// outside.
type wireOrder struct {
	Customer Customer `json:"customer"`
	Lines    []Line   `json:"lines"`
	Payment  Payment  `json:"payment"`
}

// ParseJSON reads an order in its JSON wire form and validates it. Every error
// is an *InvalidError.
func ParseJSON(body []byte) (Order, error) {
	if !utf8.Valid(body) {
		return Order{}, invalid("body", "is not valid UTF-8")
	}
	var w wireOrder
	if err := json.Unmarshal(body, &w); err != nil {
		return Order{}, jsonError(body, err)
	}
	o := Order{Customer: w.Customer, Lines: w.Lines, Payment: w.Payment}
	return o, o.Validate()
}

// ParseForm reads an order from the fields of a checkout form and validates it:
// email, name, address, payment, and sku, quantity and optionally price (in the
// smallest unit) once a line, in step. Every error is an *InvalidError; the
// order returned beside it holds what could be read, to show the form again.
func ParseForm(form url.Values) (Order, error) {
	o := Order{
		Customer: Customer{
			Email:   strings.TrimSpace(form.Get("email")),
			Name:    strings.TrimSpace(form.Get("name")),
			Address: oneLine(form.Get("address")),
		},
		Payment: Payment{Token: form.Get("payment")},
	}
	skus, quantities, prices := form["sku"], form["quantity"], form["price"]
	if len(skus) != len(quantities) || (len(prices) != 0 && len(prices) != len(skus)) {
		return o, invalid("lines", "need one quantity, and one price or none, for each sku")
	}
	var faults []FieldError
	for i, sku := range skus {
		line := Line{SKU: sku}
		var err error
		if line.Quantity, err = strconv.Atoi(strings.TrimSpace(quantities[i])); err != nil {
			faults = append(faults, FieldError{fmt.Sprintf("lines[%d].quantity", i), "is not a whole number"})
		}
		if len(prices) != 0 && prices[i] != "" {
			amount, err := strconv.ParseInt(prices[i], 10, 64)
			if err != nil {
				faults = append(faults, FieldError{fmt.Sprintf("lines[%d].price", i), "is not a whole number of cents"})
			}
			line.Price = &Money{amount, FormCurrency}
		}
		o.Lines = append(o.Lines, line)
	}
	if len(faults) > 0 {
		return o, &InvalidError{faults}
	}
	return o, o.Validate()
}

// FormCurrency is the currency of the prices in a checkout form.
const FormCurrency = "USD"

// oneLine joins the lines of a text area with commas.
func oneLine(s string) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.TrimSpace(strings.Join(lines, ", "))
}

func jsonError(body []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && json.NewDecoder(bytes.NewReader(body)).Decode(&wireOrder{}) == nil:
		return invalid("body", "has something after the JSON object")
	case errors.As(err, &kind) && kind.Field != "":
		return invalid(kind.Field, fmt.Sprintf("is a JSON %s where %s is wanted", kind.Value, kindWord(kind.Type.Kind().String())))
	case errors.As(err, &kind):
		return invalid("body", "is not a JSON object")
	case errors.As(err, &syntax):
		return invalid("body", fmt.Sprintf("is not JSON (at byte %d)", syntax.Offset))
	default:
		return invalid("body", "is not JSON")
	}
}

func kindWord(kind string) string {
	switch kind {
	case "int", "int64":
		return "a whole number"
	case "slice":
		return "a list"
	case "struct", "ptr":
		return "an object"
	default:
		return "a " + kind
	}
}

func invalid(field, detail string) error {
	return &InvalidError{Fields: []FieldError{{field, detail}}}
}
