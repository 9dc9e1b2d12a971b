package order

import (
	"fmt"
	"net/mail"
	"unicode/utf8"
)

// Validate checks every field that a shopper sets and returns an *InvalidError
// that lists all that is wrong, or nil.
func (o Order) Validate() error {
	var v validator
	v.text("customer.email", o.Customer.Email, MaxEmailBytes)
	v.text("customer.name", o.Customer.Name, MaxNameBytes)
	v.text("customer.address", o.Customer.Address, MaxAddressBytes)
	v.text("payment.token", o.Payment.Token, MaxTokenBytes)
	if v.ok("customer.email") {
		if a, err := mail.ParseAddress(o.Customer.Email); err != nil || a.Address != o.Customer.Email {
			v.fault("customer.email", "is not an email address")
		}
	}
	v.lines(o.Lines)
	if len(v.faults) > 0 {
		return &InvalidError{v.faults}
	}
	return nil
}

type validator struct{ faults []FieldError }

func (v *validator) fault(field, detail string) {
	v.faults = append(v.faults, FieldError{field, detail})
}

func (v *validator) ok(field string) bool {
	for _, f := range v.faults {
		if f.Field == field {
			return false
		}
	}
	return true
}

// text checks a field that must be there, fit, and be printable.
func (v *validator) text(field, value string, limit int) {
	switch {
	case value == "":
		v.fault(field, "is missing")
	case len(value) > limit:
		v.fault(field, fmt.Sprintf("is longer than %d bytes", limit))
	case !utf8.ValidString(value):
		v.fault(field, "is not valid UTF-8")
	case hasControl(value):
		v.fault(field, "holds a control character")
	}
}

func (v *validator) lines(lines []Line) {
	switch {
	case len(lines) == 0:
		v.fault("lines", "is empty")
	case len(lines) > MaxLines:
		v.fault("lines", fmt.Sprintf("has more than %d entries", MaxLines))
		return
	}
	for i, l := range lines {
		v.text(fmt.Sprintf("lines[%d].sku", i), l.SKU, MaxSKUBytes)
		switch quantity := fmt.Sprintf("lines[%d].quantity", i); {
		case l.Quantity < 1:
			v.fault(quantity, "is below 1")
		case l.Quantity > MaxQuantity:
			v.fault(quantity, fmt.Sprintf("is above %d", MaxQuantity))
		}
		if l.Price != nil && l.Price.Amount < 0 {
			v.fault(fmt.Sprintf("lines[%d].price", i), "is negative")
		}
	}
}

func hasControl(s string) bool {
	for _, r := range s {
		if r < 0x20 || r == 0x7f {
			return true
		}
	}
	return false
}
