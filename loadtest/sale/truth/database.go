package truth

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// Database is the legacy database, of which only reading is asked, over one
// connection.
type Database struct{ db *sql.DB }

// Open opens sqlite:PATH or postgres://…
func Open(database string) (*Database, error) {
	var db *sql.DB
	var err error
	if path, isFile := strings.CutPrefix(database, "sqlite:"); isFile {
		db, err = sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&_pragma=busy_timeout(10000)")
	} else {
		db, err = sql.Open("pgx", database)
	}
	if err != nil {
		return nil, fmt.Errorf("open the legacy database: %w", err)
	}
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	return &Database{db}, nil
}

// Close closes the connection.
func (d *Database) Close() error { return d.db.Close() }

// Orders counts the orders that came since.
func (d *Database) Orders(ctx context.Context, since Before) (n int64, err error) {
	if err = d.db.QueryRowContext(ctx, fmt.Sprintf("SELECT COUNT(*) FROM orders WHERE id > %d", since.last)).Scan(&n); err != nil {
		err = fmt.Errorf("count legacy's orders: %w", err)
	}
	return n, err
}

// Connections counts PostgreSQL's connections to this database, this one
// included.
func (d *Database) Connections(ctx context.Context) (n int, err error) {
	err = d.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'").Scan(&n)
	if err != nil {
		err = fmt.Errorf("count legacy's connections: %w", err)
	}
	return n, err
}

// Stock is how many units of each SKU are on hand.
type Stock map[string]int64

// Before is how things were before a sale.
type Before struct {
	Stock Stock
	last  int64 // order that was there
}

// Before reads how things are.
func (d *Database) Before(ctx context.Context) (b Before, err error) {
	if b.Stock, err = d.stock(ctx); err != nil {
		return b, err
	}
	if err = d.db.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) FROM orders").Scan(&b.last); err != nil {
		err = fmt.Errorf("read legacy's orders: %w", err)
	}
	return b, err
}

func (d *Database) stock(ctx context.Context) (Stock, error) {
	stock := make(Stock)
	err := d.each(ctx, "SELECT sku, on_hand FROM stock", func(scan func(...any) error) error {
		var sku string
		var units int64
		err := scan(&sku, &units)
		stock[sku] = units
		return err
	})
	return stock, err
}

// row is an order as legacy has it.
type row struct {
	at     int64 // its place in the sequence
	number string
	email  string
	token  string
	total  int64
	lines  int
	units  int64
	sku    string // of its last line
	amount int64  // of its lines
}

// rows reads every order since with its lines, in the sequence in which they were
// written. Items are read apart: a join would show orders without any as none.
func (d *Database) rows(ctx context.Context, since Before) ([]row, Stock, error) {
	var rows []row
	at := make(map[int64]int)
	err := d.each(ctx, fmt.Sprintf(`SELECT id, number, COALESCE(email, ''), COALESCE(payment_token, ''), COALESCE(total_cents, 0)
		FROM orders WHERE id > %d ORDER BY id`, since.last), func(scan func(...any) error) error {
		var r row
		err := scan(&r.at, &r.number, &r.email, &r.token, &r.total)
		at[r.at] = len(rows)
		rows = append(rows, r)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	sold := make(Stock)
	err = d.each(ctx, fmt.Sprintf(`SELECT COALESCE(order_id, 0), COALESCE(sku, ''), COALESCE(qty, 0), COALESCE(price_cents, 0)
		FROM order_items WHERE order_id IS NULL OR order_id > %d`, since.last), func(scan func(...any) error) error {
		var id, units, price int64
		var sku string
		if err := scan(&id, &sku, &units, &price); err != nil {
			return err
		}
		sold[sku] += units
		if i, known := at[id]; known {
			r := &rows[i]
			r.lines, r.units, r.sku, r.amount = r.lines+1, r.units+units, sku, r.amount+units*price
		}
		return nil
	})
	return rows, sold, err
}

func (d *Database) each(ctx context.Context, query string, read func(scan func(...any) error) error) error {
	rows, err := d.db.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("read the legacy database: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := read(rows.Scan); err != nil {
			return fmt.Errorf("read the legacy database: %w", err)
		}
	}
	return rows.Err()
}
