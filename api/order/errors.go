package order

import (
	"errors"
	"fmt"
	"strings"
)

// The refusals that need no detail. Where an order is refused, nothing was
// written and no stock is held.
var (
	// ErrKeyReused: the idempotency key was used for another order (422).
	ErrKeyReused = errors.New("idempotency key was used for another order")
	// ErrKeyInWork: an order with this key is being accepted right now (409).
	ErrKeyInWork = errors.New("an order with this idempotency key is being accepted")
	// ErrNotFound: no order has this id (404).
	ErrNotFound = errors.New("no such order")
	// ErrUnavailable: the order could not be made durable; ask again (503).
	ErrUnavailable = errors.New("orders cannot be taken right now")
)

// FieldError says what is wrong with one field. Field is a path such as
// lines[0].quantity.
type FieldError struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// InvalidError lists every field that is wrong (400).
type InvalidError struct{ Fields []FieldError }

// Error joins the fields' faults.
func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + " " + f.Detail
	}
	return strings.Join(parts, "; ")
}

// Detail returns what is wrong with field, or "".
func (e *InvalidError) Detail(field string) string {
	for _, f := range e.Fields {
		if f.Field == field {
			return f.Detail
		}
	}
	return ""
}

// UnknownProductError: the catalogue has no such SKU (422).
type UnknownProductError struct{ SKU string }

func (e *UnknownProductError) Error() string { return fmt.Sprintf("unknown product %q", e.SKU) }

// PriceChangedError: the shopper was shown another price (409).
type PriceChangedError struct {
	SKU   string
	Price Money // the catalogue's
}

func (e *PriceChangedError) Error() string {
	return fmt.Sprintf("the price of %q is now %s", e.SKU, e.Price)
}

// SoldOutError: fewer units are left than the order asks for (409).
type SoldOutError struct {
	SKU  string
	Left int
}

func (e *SoldOutError) Error() string {
	if e.Left == 0 {
		return fmt.Sprintf("%q is sold out", e.SKU)
	}
	return fmt.Sprintf("only %d of %q left", e.Left, e.SKU)
}
