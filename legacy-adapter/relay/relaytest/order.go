package relaytest

import (
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// Order returns the n-th order: of a customer of its own, with a line of one
// casting rod, accepted n seconds after a moment in 2026.
func Order(n int) order.Order {
	price := order.Money{Amount: 18900, Currency: "USD"}
	accepted := time.Date(2026, time.November, 27, 8, 0, n, 0, time.UTC)
	return order.Order{
		ID:         order.NewID(accepted),
		Customer:   order.Customer{Email: fmt.Sprintf("ann%d@example.com", n), Name: "Ann Angler", Address: "1 Main St, Albany NY 12207"},
		Lines:      []order.Line{{SKU: "muskie-casting-rod", Quantity: 1, Price: &price}},
		Payment:    order.Payment{Token: "tok_demo"},
		Total:      price,
		AcceptedAt: accepted,
		Trace:      fmt.Sprintf("00-%032x-%016x-01", n+1, n+1),
	}
}

// Orders returns the first n orders.
func Orders(n int) []order.Order {
	orders := make([]order.Order, n)
	for i := range orders {
		orders[i] = Order(i)
	}
	return orders
}

// OrderOf returns the n-th order, of a customer by name.
func OrderOf(customer string, n int) order.Order {
	o := Order(n)
	o.Customer.Email = customer + "@example.com"
	return o
}
