package truth_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
	"github.com/banyan-edge/banyan/loadtest/sale/truth"
)

// world is a legacy database in which three orders were written as promised, the
// first two of one customer, after an older one that is nobody's concern.
type world struct {
	t         *testing.T
	db        *sql.DB
	truth     *truth.Database
	purchases []shopper.Purchase
	before    truth.Before
}

func newWorld(t *testing.T) *world {
	path := filepath.Join(t.TempDir(), "legacy.db")
	db, err := sql.Open("sqlite", "file:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	w := &world{t: t, db: db}
	w.exec(`CREATE TABLE orders (id INTEGER PRIMARY KEY, number TEXT, email TEXT, payment_token TEXT, total_cents BIGINT)`)
	w.exec(`CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER, sku TEXT, qty INTEGER, price_cents BIGINT)`)
	w.exec(`CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand INTEGER)`)
	w.exec(`INSERT INTO stock VALUES ('rod', 100), ('reel', 1)`)
	w.exec(`INSERT INTO orders VALUES (1, 'old', 'old@example.com', 'tok_old', 5)`)
	w.truth, err = truth.Open("sqlite:" + path)
	require.NoError(t, err)
	t.Cleanup(func() { w.truth.Close() })
	w.before, err = w.truth.Before(t.Context())
	require.NoError(t, err)
	require.Equal(t, truth.Stock{"rod": 100, "reel": 1}, w.before.Stock)
	for i, email := range []string{"ann@example.com", "ann@example.com", "bob@example.com"} {
		p := shopper.Purchase{
			Key: fmt.Sprint(i), Token: fmt.Sprintf("tok_%d", i), Email: email, SKU: "rod", Quantity: 2, Amount: 2000, Told: shopper.Accepted,
			IDs: []string{fmt.Sprintf("order-%d", i)}, Sent: time.Duration(10*i) * time.Second, Ended: time.Duration(10*i+1) * time.Second,
		}
		w.purchases = append(w.purchases, p)
		w.write(i+2, p)
	}
	return w
}

func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	_, err := w.db.Exec(statement, args...)
	require.NoError(w.t, err)
}

// write writes an order as legacy does.
func (w *world) write(row int, p shopper.Purchase) {
	id := "order-" + p.Key
	w.exec(`INSERT INTO orders VALUES (?, ?, ?, ?, ?)`, row, id, p.Email, p.Token, p.Amount)
	w.exec(`INSERT INTO order_items (order_id, sku, qty, price_cents) VALUES (?, ?, ?, ?)`, row, p.SKU, p.Quantity, p.Amount/int64(p.Quantity))
	w.exec(`UPDATE stock SET on_hand = on_hand - ? WHERE sku = ?`, p.Quantity, p.SKU)
}

func (w *world) check() truth.Verdict {
	w.t.Helper()
	v, err := w.truth.Check(w.t.Context(), w.purchases, w.before)
	require.NoError(w.t, err)
	return v
}

func TestCheck_WhatWasPromisedIsThere(t *testing.T) {
	v := newWorld(t).check()
	require.True(t, v.Clean, v)
	require.EqualValues(t, 3, v.Accepted)
	require.EqualValues(t, 3, v.Found)
	require.EqualValues(t, 6, v.Units)
	require.EqualValues(t, 1, v.Pairs, "Ann's second order was placed after her first was accepted")
	require.Contains(t, v.String(), "all 3 accepted orders")
}

func TestCheck_EveryLieIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(w *world)
		want []truth.Finding
	}{
		"a missing order": {func(w *world) {
			w.exec(`DELETE FROM order_items WHERE order_id = 4`)
			w.exec(`DELETE FROM orders WHERE id = 4`)
		}, []truth.Finding{truth.Missing, truth.Count}},
		"an order that is there twice": {func(w *world) { w.write(5, w.purchases[2]) }, []truth.Finding{truth.Doubled}},
		"a shopper who was told two orders": {func(w *world) {
			w.purchases[2].IDs = append(w.purchases[2].IDs, "order-1")
		}, []truth.Finding{truth.Amount, truth.Doubled}},
		"another total":            {func(w *world) { w.exec(`UPDATE orders SET total_cents = 1999 WHERE id = 3`) }, []truth.Finding{truth.Amount}},
		"another price":            {func(w *world) { w.exec(`UPDATE order_items SET price_cents = 999 WHERE order_id = 3`) }, []truth.Finding{truth.Amount}},
		"no lines":                 {func(w *world) { w.exec(`DELETE FROM order_items WHERE order_id = 3`) }, []truth.Finding{truth.Amount, truth.Count}},
		"more units":               {func(w *world) { w.exec(`UPDATE order_items SET qty = 3 WHERE order_id = 3`) }, []truth.Finding{truth.Amount, truth.Count}},
		"stock too high":           {func(w *world) { w.exec(`UPDATE stock SET on_hand = on_hand + 1 WHERE sku = 'rod'`) }, []truth.Finding{truth.Count}},
		"stock of another product": {func(w *world) { w.exec(`UPDATE stock SET on_hand = 0 WHERE sku = 'reel'`) }, []truth.Finding{truth.Count}},
		"stock below zero": {func(w *world) {
			w.before.Stock["rod"] = 5
			w.exec(`UPDATE stock SET on_hand = -1 WHERE sku = 'rod'`)
		}, []truth.Finding{truth.Negative}},
		"a customer's orders in the wrong sequence": {func(w *world) {
			w.exec(`UPDATE orders SET id = 9 WHERE id = 2`)
			w.exec(`UPDATE order_items SET order_id = 9 WHERE order_id = 2`)
		}, []truth.Finding{truth.Sequence}},
		"an order whose shopper was told that there is none": {func(w *world) {
			w.purchases[2].Told, w.purchases[2].IDs = shopper.Declined, nil
		}, []truth.Finding{truth.Untold}},
		"an order that nobody placed": {func(w *world) { w.purchases = w.purchases[:2] }, []truth.Finding{truth.Stranger}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.lie(w)
			v := w.check()
			require.False(t, v.Clean)
			var found []truth.Finding
			for f := range v.Lies {
				found = append(found, f)
				require.NotEmpty(t, v.Examples[f])
				require.Contains(t, v.String(), f.Words())
			}
			require.ElementsMatch(t, c.want, found, v)
		})
	}
}

func TestCheck_AnOrderWhoseShopperHeardNothingIsCountedApart(t *testing.T) {
	w := newWorld(t)
	w.purchases[2].Told, w.purchases[2].IDs, w.purchases[2].Silent = shopper.Nothing, nil, true
	v := w.check()
	require.True(t, v.Clean, v)
	require.EqualValues(t, 1, v.Unheard)
	w.write(5, w.purchases[2])
	require.False(t, w.check().Clean, "but not twice")
}
