package legacydb

import (
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// fields are the placeholders of an order. A field that the order does not
// have is NULL, so that a column may be UNIQUE and empty.
var fields = map[string]func(o *order.Order) any{
	"id":               func(o *order.Order) any { return o.ID },
	"key":              func(o *order.Order) any { return orNull(o.Key) },
	"customer.email":   func(o *order.Order) any { return orNull(o.Customer.Email) },
	"customer.name":    func(o *order.Order) any { return orNull(o.Customer.Name) },
	"customer.address": func(o *order.Order) any { return orNull(o.Customer.Address) },
	"payment.token":    func(o *order.Order) any { return orNull(o.Payment.Token) },
	"total.amount":     func(o *order.Order) any { return o.Total.Amount },
	"total.currency":   func(o *order.Order) any { return orNull(o.Total.Currency) },
	"accepted_at":      func(o *order.Order) any { return o.AcceptedAt.UTC() },
	"trace":            func(o *order.Order) any { return orNull(o.Trace) },
}

// lineFields are the placeholders of an order line; number counts from 1.
var lineFields = map[string]func(l *order.Line, number int) any{
	"line.number":   func(_ *order.Line, number int) any { return int64(number) },
	"line.sku":      func(l *order.Line, _ int) any { return l.SKU },
	"line.quantity": func(l *order.Line, _ int) any { return int64(l.Quantity) },
	"line.price.amount": func(l *order.Line, _ int) any {
		if l.Price == nil {
			return nil
		}
		return l.Price.Amount
	},
	"line.price.currency": func(l *order.Line, _ int) any {
		if l.Price == nil {
			return nil
		}
		return orNull(l.Price.Currency)
	},
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// timeText is how a moment is written into a column of text.
func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
