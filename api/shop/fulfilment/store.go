package fulfilment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// DefaultConnections is how many connections the fulfilment database gives.
const DefaultConnections = 25

// Options configure a Store.
type Options struct {
	Dialect     Dialect
	Latency     time.Duration    // for which each order holds its connection; zero is none
	Now         func() time.Time // nil means time.Now
	Connections int              // at most this many at once; zero means DefaultConnections
}

// Store writes orders into the shop's database and finds them there.
type Store struct {
	db      *sql.DB
	dialect Dialect
	latency time.Duration
	now     func() time.Time
}

// New returns a store over db and caps db's connections. The caller closes db.
func New(db *sql.DB, o Options) *Store {
	if o.Connections <= 0 {
		o.Connections = DefaultConnections
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	db.SetMaxOpenConns(o.Connections)
	db.SetMaxIdleConns(o.Connections)
	return &Store{db: db, dialect: o.Dialect, latency: o.Latency, now: o.Now}
}

// Init creates the tables that are missing and seeds the stock of SKUs that have
// none. It may run in several processes at once.
func (s *Store) Init(ctx context.Context, stocks []order.Stock) error {
	return s.retry(ctx, func() error {
		return s.inTx(ctx, 0, func(tx *sql.Tx) error {
			if s.dialect == PostgreSQL { // IF NOT EXISTS alone does not stand two at once
				const initLock = 7246825903
				if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(initLock)); err != nil {
					return fmt.Errorf("lock the schema: %w", err)
				}
			}
			for _, statement := range s.dialect.schema() {
				if _, err := tx.ExecContext(ctx, statement); err != nil {
					return fmt.Errorf("create the schema: %w", err)
				}
			}
			return s.seed(ctx, tx, stocks)
		})
	})
}

func (s *Store) seed(ctx context.Context, tx *sql.Tx, stocks []order.Stock) error {
	for _, st := range stocks {
		_, err := tx.ExecContext(ctx, s.dialect.bind(
			"INSERT INTO stock (sku, on_hand) VALUES (?, ?) ON CONFLICT (sku) DO NOTHING"), st.SKU, st.OnHand)
		if err != nil {
			return fmt.Errorf("seed the stock of %s: %w", st.SKU, err)
		}
	}
	return nil
}

// Left returns how many units of a SKU are on hand.
func (s *Store) Left(ctx context.Context, sku string) (int, error) {
	var left int
	err := s.db.QueryRowContext(ctx, s.dialect.bind("SELECT on_hand FROM stock WHERE sku = ?"), sku).Scan(&left)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, &order.UnknownProductError{SKU: sku}
	case err != nil:
		return 0, unavailable("read the stock", err)
	}
	return left, nil
}

// Find returns the order with this id. What is in the database is written, no
// matter whether the shop or the relay wrote it.
func (s *Store) Find(ctx context.Context, id string) (order.Record, error) {
	o, err := s.load(ctx, s.db, "number", id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return order.Record{}, order.ErrNotFound
	case err != nil:
		return order.Record{}, unavailable("find the order", err)
	}
	return order.Record{Order: o, State: order.Written, WrittenAt: o.AcceptedAt}, nil
}

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// load reads the order whose column (number or idempotency_key) has this value,
// or sql.ErrNoRows. Other writers may leave columns empty.
func (s *Store) load(ctx context.Context, q querier, column, value string) (order.Order, error) {
	var o order.Order
	var row int64
	var placed string
	err := q.QueryRowContext(ctx, s.dialect.bind(`SELECT id, number, COALESCE(email, ''), COALESCE(name, ''),
		COALESCE(address, ''), COALESCE(payment_token, ''), COALESCE(total_cents, 0), COALESCE(currency, ''),
		COALESCE(placed_at, '') FROM orders WHERE `+column+` = ?`), value).Scan(
		&row, &o.ID, &o.Customer.Email, &o.Customer.Name, &o.Customer.Address, &o.Payment.Token,
		&o.Total.Amount, &o.Total.Currency, &placed)
	if err != nil {
		return o, err
	}
	o.AcceptedAt, _ = time.Parse(time.RFC3339Nano, placed) // zero where another writer used another form
	rows, err := q.QueryContext(ctx, s.dialect.bind(`SELECT COALESCE(sku, ''), COALESCE(qty, 0),
		COALESCE(price_cents, 0) FROM order_items WHERE order_id = ? ORDER BY id`), row)
	if err != nil {
		return o, err
	}
	defer rows.Close()
	for rows.Next() {
		line := order.Line{Price: &order.Money{Currency: o.Total.Currency}}
		if err := rows.Scan(&line.SKU, &line.Quantity, &line.Price.Amount); err != nil {
			return o, err
		}
		o.Lines = append(o.Lines, line)
	}
	return o, rows.Err()
}

func unavailable(doing string, err error) error {
	return fmt.Errorf("%w: %s: %w", order.ErrUnavailable, doing, err)
}
