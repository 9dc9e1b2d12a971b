package legacydb

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// Options of Open. The zero value is fine.
type Options struct {
	Logger  *slog.Logger     // zero: silent
	Now     func() time.Time // zero: time.Now
	Latency time.Duration    // spent inside each transaction, to rehearse a slow database
}

// DB is a legacy database.
type DB struct {
	config  Config
	plan    *plan // of orders
	listed  *plan // of listings
	dialect dialect
	logger  *slog.Logger
	now     func() time.Time
	latency time.Duration
}

// Open returns the database that c names. It does not need to be there: what is
// asked of it meanwhile is deferred or fails, and banyan_ledger is made when it
// is first reached. Only a configuration that cannot work is an error, as
// Problems.
func Open(_ context.Context, c Config, o Options) (*DB, error) {
	d, problem := dialectOf(c)
	if problem != nil {
		return nil, Problems{*problem}
	}
	if c.Connections == 0 {
		c.Connections = DefaultConnections
	}
	plan, listed, problems := compileAll(c, d)
	if len(problems) > 0 {
		return nil, problems
	}
	db := &DB{config: c, plan: plan, listed: listed, dialect: d, logger: o.Logger, now: o.Now, latency: o.Latency}
	if db.logger == nil {
		db.logger = slog.New(slog.DiscardHandler)
	}
	if db.now == nil {
		db.now = time.Now
	}
	if err := d.open(db); err != nil {
		return nil, Problems{{File: c.File, Line: c.Line, Message: "legacy.database cannot be used: " + err.Error()}}
	}
	return db, nil
}

// Write writes the orders, in one transaction where nothing is wrong with any
// of them, and returns one outcome per order. Orders of one customer are taken
// in the order given; where one is deferred, so are the later ones.
func (db *DB) Write(ctx context.Context, orders []order.Order) []Outcome {
	ids := make([]string, len(orders))
	seen := make(map[string]bool, len(orders)) // an order may be there twice, redelivered
	single := make([]order.Order, 0, len(orders))
	for i, o := range orders {
		if ids[i] = o.ID; !seen[o.ID] {
			seen[o.ID] = true
			single = append(single, o)
		}
	}
	b := newBatch(db.plan, single, db.now())
	if len(single) > 0 {
		db.dialect.write(ctx, b)
	}
	return b.outcomesOf(ids)
}

// spendLatency holds the transaction open for as long as it was asked to.
func (db *DB) spendLatency(ctx context.Context) error {
	if db.latency <= 0 {
		return nil
	}
	timer := time.NewTimer(db.latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("rehearse a slow database: %w", ctx.Err())
	}
}

// Count returns how many orders legacy has, by banyan_ledger.
func (db *DB) Count(ctx context.Context) (n int64, err error) {
	if there, err := db.dialect.ledger(ctx); err != nil || !there {
		return 0, err
	}
	err = db.SQL().QueryRowContext(ctx, "SELECT count(*) FROM banyan_ledger WHERE order_id NOT LIKE '"+listingPrefix+"%'").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the legacy ledger: %w", err)
	}
	return n, nil
}

// statements are those of both plans.
func (db *DB) statements() []*statement {
	return slices.Concat(db.plan.statements, db.listed.statements)
}

// HasStock reports whether legacy can be asked for its stock.
func (db *DB) HasStock() bool { return db.config.Stock != "" }

// Stock asks legacy what it has on hand by the query in the configuration. A
// SKU that comes more than once, one row a warehouse, is added up.
func (db *DB) Stock(ctx context.Context) (map[string]int, error) {
	return db.stock(ctx, db.SQL())
}

// querier is the pool, or a transaction on it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (db *DB) stock(ctx context.Context, q querier) (map[string]int, error) {
	if !db.HasStock() {
		return nil, fmt.Errorf("ask legacy for its stock: the configuration has no legacy.stock")
	}
	found, err := q.QueryContext(ctx, db.config.Stock)
	if err != nil {
		return nil, fmt.Errorf("ask legacy for its stock: %w", err)
	}
	defer found.Close()
	stock := make(map[string]int)
	for found.Next() {
		var sku string
		var onHand sql.NullInt64
		if err := found.Scan(&sku, &onHand); err != nil {
			return nil, fmt.Errorf("read a row of legacy.stock: %w", err)
		}
		stock[sku] += int(onHand.Int64)
	}
	return stock, found.Err()
}

// SQL returns the pool for database/sql. What is done with it counts against
// Connections.
func (db *DB) SQL() *sql.DB { return db.dialect.sql() }

// Close closes all connections.
func (db *DB) Close() error { return db.dialect.close() }
