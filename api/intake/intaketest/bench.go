package intaketest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
)

// The SKUs of the suite.
const (
	rod   = "muskie-casting-rod"
	creel = "vintage-creel-1962"
)

// bench is a store on the test bench, with shorthand for what the tests do most.
type bench struct {
	Store
	reopen func(*testing.T) Store
	clock  *Clock

	redrivenLast bool
}

// stocked puts units of each SKU on the shelf.
func (b *bench) stocked(t *testing.T, units map[string]int) {
	t.Helper()
	var all []order.Stock
	for sku, n := range units {
		all = append(all, order.Stock{SKU: sku, OnHand: n})
	}
	require.NoError(t, b.SeedStock(t.Context(), all))
}

// accepted places an order that must be accepted.
func (b *bench) accepted(t *testing.T, o order.Order) order.Receipt {
	t.Helper()
	receipt, err := b.Accept(t.Context(), o)
	require.NoError(t, err)
	return receipt
}

// waiting returns all that waits.
func (b *bench) waiting(t *testing.T) []order.Queued {
	t.Helper()
	all, err := b.Waiting(t.Context(), 0, math.MaxInt32)
	require.NoError(t, err)
	return all
}

// queued returns the waiting order with this id.
func (b *bench) queued(t *testing.T, id string) order.Queued {
	t.Helper()
	for _, q := range b.waiting(t) {
		if q.Order.ID == id {
			return q
		}
	}
	require.Failf(t, "not waiting", "order %s is not in the queue", id)
	return order.Queued{}
}

// settle settles one delivery.
func (b *bench) settle(t *testing.T, q order.Queued, d order.Disposition, cause string) {
	t.Helper()
	require.NoError(t, b.Settle(t.Context(), []order.Settlement{b.settlement(q, d, cause)}))
}

func (b *bench) settlement(q order.Queued, d order.Disposition, cause string) order.Settlement {
	return order.Settlement{Seq: q.Seq, OrderID: q.Order.ID, Disposition: d, Cause: cause, At: b.clock.Now()}
}

// ledger returns the ledger, which must balance.
func (b *bench) ledger(t *testing.T) order.Ledger {
	t.Helper()
	l, err := b.Ledger(t.Context())
	require.NoError(t, err)
	require.True(t, l.Balanced(), "the ledger does not balance: %+v", l)
	return l
}

// stock returns what is known of a SKU; what is left must agree with it.
func (b *bench) stock(t *testing.T, sku string) order.Stock {
	t.Helper()
	all, err := b.Stocks(t.Context())
	require.NoError(t, err)
	for _, s := range all {
		if s.SKU == sku {
			left, err := b.Left(t.Context(), sku)
			require.NoError(t, err)
			require.Equal(t, s.Left(), left)
			return s
		}
	}
	require.Failf(t, "unknown SKU", "no stock of %q", sku)
	return order.Stock{}
}

// find returns an order that must be there.
func (b *bench) find(t *testing.T, id string) order.Record {
	t.Helper()
	r, err := b.Find(t.Context(), id)
	require.NoError(t, err)
	return r
}

// orderOf is a priced order of one unit of each SKU given, two for a SKU given
// twice.
func orderOf(key string, skus ...string) order.Order {
	o := order.Order{
		Customer: order.Customer{Email: "ann@example.com", Name: "Ann Angler", Address: "1 Main St, Albany NY 12207"},
		Payment:  order.Payment{Token: "tok_demo"},
		Key:      key,
		Trace:    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		Epoch:    7,
	}
	for _, sku := range skus {
		price := order.Money{Amount: 18900, Currency: "USD"}
		o.Lines = append(o.Lines, order.Line{SKU: sku, Quantity: 1, Price: &price})
		o.Total = o.Total.Plus(price)
	}
	return o
}
