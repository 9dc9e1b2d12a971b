package legacydb_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
)

// benchConnections is the budget of the benchmark: a partner's usual cap.
const benchConnections = 25

// BenchmarkWrite writes orders into PostgreSQL over 25 connections: in batches
// as the relay does, and one order a transaction in a plain loop.
func BenchmarkWrite(b *testing.B) {
	for _, way := range []struct {
		name  string
		batch int
	}{{"batches-of-100", 100}, {"plain-loop", 1}} {
		b.Run(fmt.Sprintf("%s/connections=%d", way.name, benchConnections), func(b *testing.B) {
			s := benchShop(b)
			orders := make(chan []order.Order, benchConnections)
			db := s.open(benchConnections)
			b.ResetTimer()
			var wg sync.WaitGroup
			for range benchConnections {
				wg.Go(func() {
					for batch := range orders {
						if way.batch == 1 {
							plainInsert(b, s, batch[0])
							continue
						}
						for i, word := range write(b, db, batch...) {
							if word != "written" {
								b.Errorf("order %d: %s", i, word)
							}
						}
					}
				})
			}
			for n := 0; n < b.N; n += way.batch {
				batch := make([]order.Order, 0, way.batch)
				for i := n; i < min(b.N, n+way.batch); i++ {
					batch = append(batch, buy(fmt.Sprintf("shopper-%d@example.com", i), fmt.Sprintf("sku-%d", i%1000)))
				}
				orders <- batch
			}
			close(orders)
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}

func benchShop(b *testing.B) *legacyShop {
	s := postgresShop(b, postgresFor(b, "-c", "fsync=on"))
	s.sql.SetMaxOpenConns(benchConnections)
	s.sql.SetMaxIdleConns(benchConnections)
	for i := range 1000 {
		s.stocked(fmt.Sprintf("sku-%d", i), 1_000_000)
	}
	s.must(`CREATE TABLE IF NOT EXISTS banyan_ledger_plain (order_id TEXT PRIMARY KEY, trace TEXT, accepted_at TEXT, written_at TEXT)`)
	return s
}

// plainInsert does the same writes one after the other in a transaction.
func plainInsert(b *testing.B, s *legacyShop, o order.Order) {
	tx, err := s.sql.Begin()
	require.NoError(b, err)
	var id int
	_, err = tx.Exec(`INSERT INTO banyan_ledger_plain VALUES ($1, $2, $3, $4)`, o.ID, o.Trace, o.AcceptedAt.String(), o.AcceptedAt.String())
	require.NoError(b, err)
	require.NoError(b, tx.QueryRow(`INSERT INTO orders (number, email, total_cents, placed_at) VALUES ($1, $2, $3, $4) RETURNING id`,
		o.ID, o.Customer.Email, o.Total.Amount, o.AcceptedAt.String()).Scan(&id))
	for _, l := range o.Lines {
		_, err = tx.Exec(`INSERT INTO order_items (order_id, sku, qty, price_cents) VALUES ($1, $2, $3, $4)`, id, l.SKU, l.Quantity, l.Price.Amount)
		require.NoError(b, err)
		_, err = tx.Exec(`UPDATE stock SET on_hand = on_hand - $1 WHERE sku = $2 AND on_hand >= $1`, l.Quantity, l.SKU)
		require.NoError(b, err)
	}
	require.NoError(b, tx.Commit())
}
