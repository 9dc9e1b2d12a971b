package legacydb_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

// shopSchema is the sample shop's: in SQLite as it stands, in PostgreSQL with
// identity columns.
const shopSchema = `
CREATE TABLE orders (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, email TEXT, total_cents BIGINT, placed_at TEXT);
CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), sku TEXT, qty INTEGER, price_cents BIGINT);
CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand INTEGER NOT NULL CHECK (on_hand >= 0));`

// shopMapping writes an order into it: the mapping of the design.
func shopMapping(database string, connections int) legacydb.Config {
	one := 1
	return legacydb.Config{
		Database: database, Connections: connections, File: "banyan.yaml", Stock: "SELECT sku, on_hand FROM stock",
		Write: []legacydb.Statement{
			{As: "row", SQL: `INSERT INTO orders (number, email, total_cents, placed_at)
				VALUES (:id, :customer.email, :total.amount, :accepted_at) RETURNING id`},
			{Each: legacydb.EachLine, SQL: `INSERT INTO order_items (order_id, sku, qty, price_cents)
				VALUES (:row.id, :line.sku, :line.quantity, :line.price.amount)`},
			{Each: legacydb.EachLine, Rows: &one, Else: "out_of_stock", SQL: `UPDATE stock SET on_hand = on_hand - :line.quantity
				WHERE sku = :line.sku AND on_hand >= :line.quantity`},
		},
	}
}

// legacyShop is the shop's database and the address to open it by.
type legacyShop struct {
	t        testing.TB
	database string
	sql      *sql.DB // the shop's own connection, not Banyan's
}

// onEachShop runs a test on a new sample shop in SQLite, PostgreSQL and MariaDB.
func onEachShop(t *testing.T, test func(t *testing.T, s *legacyShop)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "legacy.db")
		db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
		require.NoError(t, err)
		t.Cleanup(func() { db.Close() })
		s := &legacyShop{t, "sqlite:" + path, db}
		s.must(shopSchema)
		test(t, s)
	})
	t.Run("postgres", func(t *testing.T) { test(t, postgresShop(t, ownPostgres(t))) })
	t.Run("mariadb", func(t *testing.T) { test(t, mariaDBShop(t)) })
}

// mariaDBShop makes columns of text that are keys short enough to be one.
func mariaDBShop(t testing.TB) *legacyShop {
	m, name, db := onMariaDB(t)
	s := &legacyShop{t, m.url(name), db}
	schema := strings.ReplaceAll(shopSchema, "INTEGER PRIMARY KEY", "INTEGER AUTO_INCREMENT PRIMARY KEY")
	for _, key := range []string{"number", "sku"} {
		schema = strings.ReplaceAll(schema, key+" TEXT", key+" VARCHAR(191)")
	}
	for _, table := range strings.SplitAfter(strings.TrimSpace(schema), ";") {
		if table != "" {
			s.must(table)
		}
	}
	return s
}

func postgresShop(t testing.TB, database string) *legacyShop {
	db, err := sql.Open("pgx", database)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	s := &legacyShop{t, database, db}
	s.must(strings.ReplaceAll(shopSchema, "INTEGER PRIMARY KEY", "INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY"))
	return s
}

func (s *legacyShop) must(statement string, args ...any) {
	s.t.Helper()
	_, err := s.sql.Exec(statement, args...)
	require.NoError(s.t, err)
}

func (s *legacyShop) stocked(sku string, units int) {
	s.t.Helper()
	s.must(fmt.Sprintf("INSERT INTO stock (sku, on_hand) VALUES ('%s', %d)", sku, units))
}

func (s *legacyShop) number(query string) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.sql.QueryRow(query).Scan(&n))
	return n
}

func (s *legacyShop) open(connections int) *legacydb.DB {
	s.t.Helper()
	db, err := legacydb.Open(context.Background(), shopMapping(s.database, connections), legacydb.Options{})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { db.Close() })
	return db
}

var accepted = time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)

// buy returns an accepted order of one unit of each SKU.
func buy(email string, skus ...string) order.Order {
	o := order.Order{
		ID: order.NewID(accepted), AcceptedAt: accepted, Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Customer: order.Customer{Email: email, Name: "Ann", Address: "1 Main St"}, Payment: order.Payment{Token: "tok"},
	}
	for _, sku := range skus {
		price := order.Money{Amount: 18900, Currency: "USD"}
		o.Lines = append(o.Lines, order.Line{SKU: sku, Quantity: 1, Price: &price})
		o.Total = o.Total.Plus(price)
	}
	return o
}

func write(t testing.TB, db *legacydb.DB, orders ...order.Order) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	outcomes := db.Write(ctx, orders)
	words := make([]string, len(outcomes))
	for i, o := range outcomes {
		words[i] = strings.TrimSpace(o.Disposition.String() + " " + o.Cause)
	}
	return words
}

// pgBin puts Debian's PostgreSQL on the PATH of the tests.
func init() {
	if bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin"); len(bins) > 0 {
		os.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+bins[len(bins)-1])
	}
}
