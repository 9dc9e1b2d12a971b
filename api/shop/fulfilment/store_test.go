package fulfilment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop/fulfilment"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// store opens a store with one creel, seven rods and plenty of flies.
func store(t *testing.T, db database, o fulfilment.Options) *fulfilment.Store {
	o.Dialect = db.dialect
	s := fulfilment.New(db.DB, o)
	require.NoError(t, s.Init(t.Context(), []order.Stock{{SKU: "creel", OnHand: 1}, {SKU: "rod", OnHand: 7}, {SKU: "fly", OnHand: 1000}}))
	return s
}

// anOrder is Ann's, priced, for one unit of each SKU.
func anOrder(key string, skus ...string) order.Order {
	o := order.Order{Customer: order.Customer{Email: "ann@example.com", Name: "Ann", Address: "1 Main St"},
		Payment: order.Payment{Token: "tok_demo"}, Key: key}
	for _, sku := range skus {
		price := order.Money{Amount: 1250, Currency: "USD"}
		o.Lines = append(o.Lines, order.Line{SKU: sku, Quantity: 1, Price: &price})
		o.Total = o.Total.Plus(price)
	}
	return o
}

func count(t *testing.T, db database, query string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(context.Background(), query).Scan(&n))
	return n
}

func TestAccept_WritesTheOrderItsLinesAndItsStock(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{Now: (&clock{noon}).now})
		o := anOrder("k1", "rod", "fly")
		o.Lines[0].Quantity, o.Total.Amount = 3, 5000
		receipt, err := s.Accept(t.Context(), o)
		require.NoError(t, err)
		require.True(t, order.ValidID(receipt.OrderID))
		require.Equal(t, order.Receipt{OrderID: receipt.OrderID, State: order.Written, AcceptedAt: noon}, receipt)

		var number, key, email, name, address, token, currency, placed string
		var total int64
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT number, idempotency_key, email, name, address, payment_token,
			total_cents, currency, placed_at FROM orders`).Scan(&number, &key, &email, &name, &address, &token, &total, &currency, &placed))
		require.Equal(t, []string{receipt.OrderID, "key:k1", "ann@example.com", "Ann", "1 Main St", "tok_demo", "USD", "2026-11-27T12:00:00Z"},
			[]string{number, key, email, name, address, token, currency, placed})
		require.EqualValues(t, 5000, total)
		require.Equal(t, 3, count(t, db, "SELECT qty FROM order_items WHERE sku = 'rod' AND price_cents = 1250"))
		left, err := s.Left(t.Context(), "rod")
		require.NoError(t, err)
		require.Equal(t, 4, left)

		found, err := s.Find(t.Context(), receipt.OrderID)
		require.NoError(t, err)
		require.Equal(t, order.Written, found.State)
		require.Equal(t, o.Lines, found.Lines)
		require.Equal(t, o.Total, found.Total)
		require.Equal(t, o.Customer, found.Customer)
		require.Equal(t, noon, found.WrittenAt)
	})
}

func TestFind_KnowsWhatTheRelayWrote(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{})
		_, err := db.ExecContext(t.Context(), "INSERT INTO orders (number, total_cents) VALUES ('01RELAY', 500)")
		require.NoError(t, err)
		found, err := s.Find(t.Context(), "01RELAY")
		require.NoError(t, err)
		require.Equal(t, order.Written, found.State)
		require.EqualValues(t, 500, found.Total.Amount)
		_, err = s.Find(t.Context(), "01NOBODY")
		require.ErrorIs(t, err, order.ErrNotFound)
	})
}

func TestInit_SeedsOnlyWhatIsMissing(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{})
		_, err := s.Accept(t.Context(), anOrder("k", "rod"))
		require.NoError(t, err)
		require.NoError(t, s.Init(t.Context(), []order.Stock{{SKU: "rod", OnHand: 99}, {SKU: "reel", OnHand: 2}}))
		for sku, want := range map[string]int{"rod": 6, "reel": 2, "creel": 1} {
			left, err := s.Left(t.Context(), sku)
			require.NoError(t, err)
			require.Equal(t, want, left, sku)
		}
		var unknown *order.UnknownProductError
		_, err = s.Left(t.Context(), "canoe")
		require.ErrorAs(t, err, &unknown)
	})
}

func TestInit_InSeveralProcessesAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		done := make(chan error)
		const processes = 5
		for range processes {
			other := fulfilment.New(db.again(t), fulfilment.Options{Dialect: db.dialect})
			go func() { done <- other.Init(t.Context(), []order.Stock{{SKU: "rod", OnHand: 7}}) }()
		}
		for range processes {
			require.NoError(t, <-done)
		}
		require.Equal(t, 7, count(t, db, "SELECT SUM(on_hand) FROM stock"))
	})
}

func TestStore_DatabaseAwayIsUnavailable(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{})
		db.Close()
		_, err := s.Accept(t.Context(), anOrder("k", "rod"))
		require.ErrorIs(t, err, order.ErrUnavailable)
		_, err = s.Find(t.Context(), "01ANY")
		require.ErrorIs(t, err, order.ErrUnavailable)
		_, err = s.Left(t.Context(), "rod")
		require.ErrorIs(t, err, order.ErrUnavailable)
	})
}

func TestStore_WordsOfTheShopperStayWords(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := store(t, db, fulfilment.Options{})
		o := anOrder("k", "fly")
		o.Customer.Name = `'); DROP TABLE orders; -- "$1" ? \ 釣り 🎣`
		receipt, err := s.Accept(t.Context(), o)
		require.NoError(t, err)
		found, err := s.Find(t.Context(), receipt.OrderID)
		require.NoError(t, err)
		require.Equal(t, o.Customer.Name, found.Customer.Name)
	})
}
