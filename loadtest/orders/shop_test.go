package orders

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
)

const connections = 25

// mix is which products the orders are for.
type mix struct {
	name string
	skus []string // nil: every product of the sample shop
}

// Everybody wants the same two rods, or everybody something else. The first is
// a sale, and hard on a database that takes the stock order by order: each
// waits for the one before to be committed.
var (
	hotSKUs  = mix{name: "hot", skus: []string{"muskie-casting-rod", "tourney-casting-rod"}}
	manySKUs = mix{name: "many"}
)

// server is a PostgreSQL with an empty sample shop to copy.
type server struct {
	*rigtest.Postgres
	t    *testing.T
	skus []string
}

// ledgerTable is the one that the relay makes.
const ledgerTable = `CREATE TABLE banyan_ledger (order_id TEXT PRIMARY KEY, trace TEXT,
	accepted_at TIMESTAMPTZ NOT NULL, written_at TIMESTAMPTZ NOT NULL)`

func newServer(t *testing.T) *server {
	s := &server{Postgres: rigtest.NewPostgres(t), t: t}
	s.exec("postgres", "CREATE DATABASE empty")
	shop := rigtest.NewShop(t, binary, s.URL("empty"))
	shop.Stop()
	s.exec("empty", "UPDATE stock SET on_hand = 100000000", ledgerTable)
	s.skus = query[string](s, "empty", "SELECT sku FROM stock ORDER BY sku")
	return s
}

// copy makes a fresh database for a contender and lets the server write out
// what others left it.
func (s *server) copy(name string) string {
	s.exec("postgres", "CREATE DATABASE "+name+" TEMPLATE empty", "CHECKPOINT")
	return s.URL(name)
}

func (s *server) drop(name string) { s.exec("postgres", "DROP DATABASE "+name+" WITH (FORCE)") }

func (s *server) exec(database string, statements ...string) {
	s.t.Helper()
	require.NoError(s.t, s.Exec(context.Background(), database, statements...))
}

// of returns the SKUs of a mix.
func (s *server) of(m mix) []string {
	if m.skus != nil {
		return m.skus
	}
	return s.skus
}

func query[T any](s *server, database, sql string) []T {
	s.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.URL(database))
	require.NoError(s.t, err)
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, sql)
	require.NoError(s.t, err)
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	require.NoError(s.t, err)
	return values
}

// body is the i-th order as a checkout.
func body(i int64, sku string) string {
	return fmt.Sprintf(`{"customer":{"email":"shopper-%d@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"},"lines":[{"sku":%q,"quantity":1}],"payment":{"token":"tok_demo"}}`, i, sku)
}

func checkout(i int64, skus []string) []byte {
	b := body(i, skus[i%int64(len(skus))])
	return fmt.Appendf(nil, "POST /checkout HTTP/1.1\r\nHost: shop.example.com\r\nAccept: application/json\r\nContent-Type: application/json\r\nIdempotency-Key: bench-%d\r\nContent-Length: %d\r\n\r\n%s", i, len(b), b)
}
