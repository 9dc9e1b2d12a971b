package orders

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/stretchr/testify/require"
)

// job is an order as a job of River's.
type job struct {
	ID         string    `json:"id"`
	AcceptedAt time.Time `json:"accepted_at"`
	Email      string    `json:"email"`
	Name       string    `json:"name"`
	Address    string    `json:"address"`
	SKU        string    `json:"sku"`
	Quantity   int       `json:"quantity"`
	Price      int64     `json:"price"`
	Currency   string    `json:"currency"`
	Token      string    `json:"token"`
}

// Kind names the job for River.
func (job) Kind() string { return "order" }

func newJob(i int64, sku string) job {
	return job{
		ID: fmt.Sprintf("order-%d", i), AcceptedAt: time.Now().UTC(), Email: fmt.Sprintf("shopper-%d@example.com", i),
		Name: "Ann Angler", Address: "1 Main St, Albany NY 12207", SKU: sku, Quantity: 1, Price: 18900, Currency: "USD", Token: "tok_demo",
	}
}

// riverPool connects and makes River's tables.
func riverPool(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	config.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	_, err = migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil)
	require.NoError(t, err)
	return pool
}

func riverClient(t *testing.T, pool *pgxpool.Pool, config *river.Config) *river.Client[pgx.Tx] {
	t.Helper()
	config.Logger = slog.New(slog.DiscardHandler)
	client, err := river.NewClient(riverpgxv5.New(pool), config)
	require.NoError(t, err)
	return client
}

// riverAcceptance inserts orders one by one for a time, as a checkout would, and
// returns orders a second. There is no HTTP in it.
func riverAcceptance(t *testing.T, url string, callers int, skus []string, span time.Duration) float64 {
	t.Helper()
	client := riverClient(t, riverPool(t, url), &river.Config{})
	var next, done atomic.Int64
	errs := make([]error, callers)
	var all sync.WaitGroup
	start := time.Now()
	for caller := range callers {
		all.Go(func() {
			for time.Since(start) < span {
				i := next.Add(1)
				if _, err := client.Insert(t.Context(), newJob(i, skus[i%int64(len(skus))]), nil); err != nil {
					errs[caller] = err
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	took := time.Since(start)
	require.NoError(t, errors.Join(errs...))
	return float64(done.Load()) / took.Seconds()
}

// writer does for a job what the relay does for an order, in one transaction.
// The ledger row makes a repetition harmless, so that River may tick jobs off in
// batches, which is faster than within the transaction.
type writer struct {
	river.WorkerDefaults[job]
	pool *pgxpool.Pool
}

// Work writes one order.
func (w *writer) Work(ctx context.Context, j *river.Job[job]) error {
	return pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		o := j.Args
		done, err := tx.Exec(ctx, `INSERT INTO banyan_ledger (order_id, accepted_at, written_at) VALUES ($1, $2, $3)
			ON CONFLICT (order_id) DO NOTHING`, o.ID, o.AcceptedAt, time.Now())
		if err != nil || done.RowsAffected() == 0 {
			return err
		}
		var row int64
		err = tx.QueryRow(ctx, `INSERT INTO orders (number, email, name, address, payment_token, total_cents, currency, placed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
			o.ID, o.Email, o.Name, o.Address, o.Token, o.Price, o.Currency, o.AcceptedAt.Format(time.RFC3339Nano)).Scan(&row)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO order_items (order_id, sku, qty, price_cents) VALUES ($1, $2, $3, $4)`,
			row, o.SKU, o.Quantity, o.Price)
		if err != nil {
			return err
		}
		done, err = tx.Exec(ctx, `UPDATE stock SET on_hand = on_hand - $1 WHERE sku = $2 AND on_hand >= $1`, o.Quantity, o.SKU)
		if err == nil && done.RowsAffected() != 1 {
			err = fmt.Errorf("out of stock: %s", o.SKU)
		}
		return err
	})
}

// riverDrain queues n orders and returns how many a second River's workers
// write.
func riverDrain(t *testing.T, s *server, database string, n int64, skus []string) float64 {
	t.Helper()
	pool := riverPool(t, s.URL(database))
	workers := river.NewWorkers()
	river.AddWorker(workers, &writer{pool: pool})
	client := riverClient(t, pool, &river.Config{
		Workers: workers,
		// As quick as River can be told to be: it fetches again at once.
		FetchCooldown: river.FetchCooldownMin, FetchPollInterval: 20 * time.Millisecond,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4 * connections}},
	})
	for i := int64(0); i < n; {
		batch := make([]river.InsertManyParams, 0, 1000)
		for ; i < n && len(batch) < cap(batch); i++ {
			batch = append(batch, river.InsertManyParams{Args: newJob(i, skus[i%int64(len(skus))])})
		}
		_, err := client.InsertManyFast(t.Context(), batch)
		require.NoError(t, err)
	}
	s.exec(database, "ANALYZE river_job", "CHECKPOINT")
	require.NoError(t, client.Start(context.WithoutCancel(t.Context())))
	rate := written(s, database, n)
	require.NoError(t, client.Stop(context.WithoutCancel(t.Context())))
	pool.Close()
	return rate
}
