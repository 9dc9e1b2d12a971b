package orders

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
)

// intakeAcceptance calls intake itself for a time, without the edge, HTTP and
// the shop in front of it, as River's Insert is called. It returns orders a
// second.
func intakeAcceptance(t *testing.T, callers int, skus []string, span time.Duration) float64 {
	t.Helper()
	store, err := local.Open(t.Context(), local.Options{Path: filepath.Join(t.TempDir(), "intake.db")})
	require.NoError(t, err)
	defer store.Close()
	stock := make([]order.Stock, len(skus))
	for i, sku := range skus {
		stock[i] = order.Stock{SKU: sku, OnHand: 100_000_000}
	}
	require.NoError(t, store.SeedStock(t.Context(), stock))
	var next, done atomic.Int64
	errs := make([]error, callers)
	var all sync.WaitGroup
	start := time.Now()
	for caller := range callers {
		all.Go(func() {
			for time.Since(start) < span {
				i := next.Add(1)
				if _, err := store.Accept(t.Context(), priced(i, skus[i%int64(len(skus))])); err != nil {
					errs[caller] = err
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	took := time.Since(start)
	require.NoError(t, errors.Join(errs...))
	return float64(done.Load()) / took.Seconds()
}

// priced is the i-th order as the shop hands it to intake.
func priced(i int64, sku string) order.Order {
	price := order.Money{Amount: 18900, Currency: "USD"}
	return order.Order{
		Customer: order.Customer{Email: fmt.Sprintf("shopper-%d@example.com", i), Name: "Ann Angler", Address: "1 Main St, Albany NY 12207"},
		Lines:    []order.Line{{SKU: sku, Quantity: 1, Price: &price}},
		Payment:  order.Payment{Token: "tok_demo"},
		Total:    price,
		Key:      fmt.Sprintf("bench-%d", i),
	}
}
