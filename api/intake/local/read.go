package local

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/oklog/ulid/v2"

	"github.com/banyan-edge/banyan/api/order"
)

// readers is how many queries run at once. They never wait for the writer, nor
// it for them.
const readers = 4

// Reader looks at a store. Every Store has one; OpenReadOnly gives one alone.
type Reader struct{ db *sql.DB }

// OpenReadOnly opens an existing store to look at it, also while another
// process writes to it.
func OpenReadOnly(path string) (*Reader, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open order store: %w", err)
	}
	r, err := openReader(context.Background(), path)
	if err != nil {
		return nil, fmt.Errorf("open order store %s: %w", path, err)
	}
	return r, nil
}

func openReader(ctx context.Context, path string) (*Reader, error) {
	db, err := sql.Open("sqlite", dsn(path, url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(5000)"}}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	r := &Reader{db}
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if version != len(migrations()) {
		return nil, errors.Join(fmt.Errorf("its schema is version %d and this program reads version %d", version, len(migrations())), db.Close())
	}
	return r, nil
}

// Close closes the connections.
func (r *Reader) Close() error { return r.db.Close() }

// Find returns the order with this id and what became of it, or
// order.ErrNotFound.
func (r *Reader) Find(ctx context.Context, id string) (order.Record, error) {
	e, err := r.entry(ctx, id)
	if err != nil {
		return order.Record{}, fmt.Errorf("find order: %w", err)
	}
	return e.Record, nil
}

// found is an order with its place in the queue.
type found struct {
	order.Record
	seq int64
}

// whereabouts joins an order with the one table that says where it stands. It
// is one statement, and so one snapshot: an order is never seen between two.
const whereabouts = `SELECT o.seq, o.body,
  coalesce(q.attempts, d.attempts, e.attempts, 0), coalesce(d.cause, e.cause, ''), coalesce(e.state, 0), coalesce(e.at, 0)
FROM orders o LEFT JOIN queue q ON q.seq = o.seq LEFT JOIN dead d ON d.seq = o.seq LEFT JOIN ended e ON e.seq = o.seq `

func (r *Reader) entry(ctx context.Context, id string) (found, error) {
	key, err := ulid.ParseStrict(id)
	if err != nil {
		return found{}, order.ErrNotFound
	}
	f, err := scanFound(r.db.QueryRowContext(ctx, whereabouts+"WHERE o.id = ?", key[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return found{}, order.ErrNotFound
	}
	return f, err
}

func scanFound(row interface{ Scan(...any) error }) (found, error) {
	var f found
	var body []byte
	var state, at int64
	if err := row.Scan(&f.seq, &body, &f.Attempts, &f.Cause, &state, &at); err != nil {
		return found{}, err
	}
	if err := decode(f.seq, body, &f.Order); err != nil {
		return found{}, err
	}
	if f.State = order.State(state); f.State == order.Written {
		f.WrittenAt = fromNanos(at)
	}
	return f, nil
}

// decode reads an order as it was stored.
func decode(seq int64, body []byte, o *order.Order) error {
	if err := json.Unmarshal(body, o); err != nil {
		return fmt.Errorf("read order at seq %d: %w", seq, err)
	}
	return nil
}

// Ledger returns the count that must balance, from one snapshot. What waits is
// counted row by row, so that an order that vanished shows.
func (r *Reader) Ledger(ctx context.Context) (order.Ledger, error) {
	var l order.Ledger
	err := r.db.QueryRowContext(ctx, "SELECT accepted, written, (SELECT count(*) FROM queue), dead, cancelled FROM ledger").
		Scan(&l.Accepted, &l.Written, &l.Waiting, &l.Dead, &l.Cancelled)
	if err != nil {
		return order.Ledger{}, fmt.Errorf("read ledger: %w", err)
	}
	return l, nil
}

// Stocks returns what is known of every SKU, by SKU.
func (r *Reader) Stocks(ctx context.Context) ([]order.Stock, error) {
	rows, err := r.db.QueryContext(ctx, "SELECT sku, on_hand, held, sold FROM stock ORDER BY sku")
	if err != nil {
		return nil, fmt.Errorf("read stock: %w", err)
	}
	return collect(rows, func(rows *sql.Rows) (s order.Stock, err error) {
		err = rows.Scan(&s.SKU, &s.OnHand, &s.Held, &s.Sold)
		return s, err
	})
}

// collect reads all rows and closes them.
func collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
