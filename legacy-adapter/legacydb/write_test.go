package legacydb_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
)

func TestWrite_OrderItsItemsItsStockAndItsLedgerRowAreOneTransaction(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		s.stocked("rod", 5)
		s.stocked("reel", 5)
		db := s.open(4)
		o := buy("ann@example.com", "rod", "reel")
		require.Equal(t, []string{"written"}, write(t, db, o))
		require.Equal(t, 1, s.number(`SELECT count(*) FROM orders WHERE number = '`+o.ID+`' AND total_cents = 37800`))
		require.Equal(t, 2, s.number(`SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id`))
		require.Equal(t, 8, s.number(`SELECT sum(on_hand) FROM stock`))
		require.Equal(t, 1, s.number(`SELECT count(*) FROM banyan_ledger WHERE order_id = '`+o.ID+`' AND trace = '`+o.Trace+`'`))
	})
}

func TestWrite_ARedeliveredOrderIsWrittenOnce(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		s.stocked("rod", 5)
		db := s.open(4)
		o := buy("ann@example.com", "rod")
		require.Equal(t, []string{"written"}, write(t, db, o))
		require.Equal(t, []string{"duplicate"}, write(t, db, o))
		other := buy("bob@example.com", "rod")
		require.Equal(t, []string{"duplicate", "written", "duplicate"}, write(t, db, o, other, other), "also twice in one batch")
		require.Equal(t, 2, s.number(`SELECT count(*) FROM orders`))
		require.Equal(t, 3, s.number(`SELECT on_hand FROM stock`))
	})
}

func TestWrite_TheSameOrderFromManySidesAtOnceIsWrittenOnce(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		s.stocked("rod", 100)
		db := s.open(8)
		o := buy("ann@example.com", "rod")
		var written atomic.Int64
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for {
					switch word, _, _ := strings.Cut(write(t, db, o)[0], " "); word {
					case "written":
						written.Add(1)
						return
					case "duplicate":
						return
					}
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, written.Load())
		require.Equal(t, 99, s.number(`SELECT on_hand FROM stock`))
	})
}

func TestWrite_OneBadOrderNeitherHoldsUpNorRepeatsTheOthers(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		s.stocked("rod", 100)
		s.stocked("creel", 0)
		db := s.open(4)
		var batch []order.Order
		for i := range 20 {
			sku := "rod"
			if i == 7 || i == 13 {
				sku = "creel"
			}
			batch = append(batch, buy(fmt.Sprintf("shopper-%d@example.com", i), sku))
		}
		for i, word := range write(t, db, batch...) {
			if i == 7 || i == 13 {
				require.Contains(t, word, "rejected")
				require.Contains(t, word, "out_of_stock")
			} else {
				require.Equal(t, "written", word, "order %d", i)
			}
		}
		require.Equal(t, 18, s.number(`SELECT count(*) FROM orders`))
		require.Equal(t, 18, s.number(`SELECT count(*) FROM banyan_ledger`), "a rejected order leaves no ledger row")
		require.Equal(t, 82, s.number(`SELECT on_hand FROM stock WHERE sku = 'rod'`))
	})
}

func TestWrite_AConstraintIsARejectionInWords(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		s.stocked("rod", 5)
		db := s.open(2)
		o := buy("ann@example.com", "rod")
		s.must(`INSERT INTO orders (number) VALUES ('` + o.ID + `')`) // a foreign hand used the number
		word := write(t, db, o)[0]
		require.Contains(t, word, "rejected")
		require.NotContains(t, word, "ann@example.com", "a cause holds no personal data")
		require.Equal(t, 5, s.number(`SELECT on_hand FROM stock`))
	})
}

func TestWrite_NeverSellsMoreThanLegacyHas(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		s.stocked("creel", 7)
		db := s.open(8)
		var written atomic.Int64
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				o := buy(fmt.Sprintf("shopper-%d@example.com", i), "creel")
				for {
					word, _, _ := strings.Cut(write(t, db, o)[0], " ")
					if word == "written" {
						written.Add(1)
					}
					if word != "deferred" {
						return
					}
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 7, written.Load())
		require.Zero(t, s.number(`SELECT on_hand FROM stock`))
	})
}

func TestWrite_BasketsInOppositeOrderAllGetThrough(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		s.stocked("rod", 1000)
		s.stocked("reel", 1000)
		db := s.open(8)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for n := range 10 {
					skus := []string{"rod", "reel"}
					if (i+n)%2 == 0 {
						skus = []string{"reel", "rod"}
					}
					o := buy(fmt.Sprintf("shopper-%d-%d@example.com", i, n), skus...)
					for strings.HasPrefix(write(t, db, o)[0], "deferred") {
					}
				}
			})
		}
		wg.Wait()
		require.Equal(t, 80, s.number(`SELECT count(*) FROM orders`))
		require.Equal(t, 920, s.number(`SELECT min(on_hand) FROM stock`))
	})
}

func TestWrite_WhileLegacyIsAwayOrdersAreDeferredAndThenWrittenOnce(t *testing.T) {
	server := ownPostgres(t)
	s := postgresShop(t, server)
	s.stocked("rod", 5)
	db := s.open(3)
	o := buy("ann@example.com", "rod")
	require.Equal(t, []string{"written"}, write(t, db, buy("bob@example.com", "rod")))

	s.must(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`)
	require.Eventually(t, func() bool { return write(t, db, o)[0] != "" && s.number(`SELECT count(*) FROM orders`) == 2 },
		20*time.Second, 10*time.Millisecond, "torn connections are deferred and then written")
	require.Equal(t, []string{"duplicate"}, write(t, db, o))

	away := shopMapping("postgres://postgres@127.0.0.1:1/postgres", 2)
	gone := (&legacyShop{t, away.Database, nil}).open(2)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	outcome := gone.Write(ctx, []order.Order{buy("ann@example.com", "rod")})[0]
	require.Equal(t, order.DispositionDeferred, outcome.Disposition)
	var isAway interface{ Away() bool }
	require.ErrorAs(t, outcome.Err, &isAway, "the breaker is told that legacy itself is away")
}

func TestWrite_NeverHoldsMoreConnectionsThanItMay(t *testing.T) {
	if _, err := exec.LookPath("initdb"); err != nil {
		t.Skip("no PostgreSQL: apt-get install postgresql")
	}
	for _, connections := range []int{1, 5} {
		s := postgresShop(t, ownPostgres(t))
		s.stocked("rod", 100_000)
		db := s.open(connections)
		most := 0
		stop, watched := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(watched)
			for {
				select {
				case <-stop:
					return
				default:
					most = max(most, s.number(`SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`))
				}
			}
		}()
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				switch i % 10 {
				case 0:
					_, err := db.Count(context.Background())
					require.NoError(t, err)
				case 1:
					_, err := db.Stock(context.Background())
					require.NoError(t, err)
				default:
					require.Equal(t, []string{"written"}, write(t, db, buy(fmt.Sprintf("shopper-%d@example.com", i), "rod")))
				}
			})
		}
		wg.Wait()
		close(stop)
		<-watched
		require.LessOrEqual(t, most, connections, "1,000 callers, counted by the database itself")
		require.Positive(t, most)
		require.Equal(t, 800, s.number(`SELECT count(*) FROM orders`))
	}
}
