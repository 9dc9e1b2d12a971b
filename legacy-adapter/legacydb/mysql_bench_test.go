package legacydb_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
)

// BenchmarkMySQL_Write writes orders of one line, in batches of 100 by as many
// callers as there are connections.
func BenchmarkMySQL_Write(b *testing.B) {
	server, err := theMariaDB()
	if err != nil {
		b.Skip("no MariaDB: " + err.Error())
	}
	for _, connections := range []int{1, 8} {
		b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
			l := newMySQLLegacy(b)
			c := mysqlMapping(server.url(l.name))
			c.Connections = connections
			db := openLegacy(b, c)
			orders := make([]order.Order, b.N)
			for i := range orders {
				orders[i] = mysqlOrder(ann, "rod")
			}
			b.ResetTimer()
			var callers sync.WaitGroup
			for n := range connections {
				callers.Go(func() {
					for at := n * 100; at < len(orders); at += connections * 100 {
						for left := orders[at:min(at+100, len(orders))]; len(left) > 0; {
							var again []order.Order
							for i, o := range db.Write(b.Context(), left) {
								if o.Disposition != written {
									again = append(again, left[i])
								}
							}
							left = again
						}
					}
				})
			}
			callers.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
			n, err := db.Count(b.Context())
			require.NoError(b, err)
			require.EqualValues(b, b.N, n)
		})
	}
}
