package orders

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
)

const holdRelay = "--hold-relay"

// drainPatience is how long a contender may take over its orders.
const drainPatience = 5 * time.Minute

// banyanDrain queues n orders while the relay is held, starts Banyan again, and
// returns how many a second the relay writes.
func banyanDrain(t *testing.T, s *server, database, legacy string, n int64, skus []string) float64 {
	t.Helper()
	up := rigtest.NewUp(t, rigtest.Settings{Binary: binary, Database: s.URL(database), Legacy: legacy, Flags: []string{holdRelay}})
	defer up.Kill()
	var first atomic.Int64
	preload(t, up.Host(), n, skus, &first)
	s.exec("postgres", "CHECKPOINT")
	require.NoError(t, up.Restart(holdRelay))
	return written(s, database, n)
}

// written waits until n orders are in the database and returns how many a
// second came, from the first that was seen.
func written(s *server, database string, n int64) float64 {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), drainPatience)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL(database))
	require.NoError(s.t, err)
	defer conn.Close(context.Background())
	ask := func(sql string) (rows int64) { // an index end costs nothing beside a count
		require.NoError(s.t, conn.QueryRow(ctx, sql).Scan(&rows))
		return rows
	}
	var begin time.Time
	var had int64
	for {
		highest := ask("SELECT coalesce(max(id), 0) FROM orders")
		now := time.Now()
		if begin.IsZero() && highest > 0 {
			begin, had = now, highest
		}
		if highest >= n && ask("SELECT count(*) FROM orders") >= n {
			require.Equal(s.t, n, ask("SELECT count(*) FROM banyan_ledger"))
			return float64(n-had) / now.Sub(begin).Seconds()
		}
		time.Sleep(10 * time.Millisecond) // a measure, not a wait for a condition
	}
}

// pgbenchScript is the relay's statements, an order a transaction. Its products
// are numbered, as pgbench knows no lists.
const pgbenchScript = `\set i :i + 1
\set n random(1, :skus)
BEGIN;
INSERT INTO banyan_ledger (order_id, accepted_at, written_at) VALUES ('order-' || :client_id || '-' || :i, now(), now()) ON CONFLICT (order_id) DO NOTHING;
INSERT INTO orders (number, email, name, address, payment_token, total_cents, currency, placed_at) VALUES ('order-' || :client_id || '-' || :i, 'shopper-' || :i || '@example.com', 'Ann Angler', '1 Main St, Albany NY 12207', 'tok_demo', 18900, 'USD', '2026-11-27T08:00:00.123456789Z') RETURNING id AS row \gset
INSERT INTO order_items (order_id, sku, qty, price_cents) VALUES (:row, 'sku-' || :n, 1, 18900);
UPDATE stock SET on_hand = on_hand - 1 WHERE sku = 'sku-' || :n AND on_hand >= 1;
COMMIT;
`

var pgbenchRate = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// pgbenchDrain lets pgbench write n orders and returns its own figure, orders a
// second without the time to connect.
func pgbenchDrain(t *testing.T, s *server, database string, n int64, skus int) float64 {
	t.Helper()
	program, err := rigtest.Tool("pgbench")
	require.NoError(t, err)
	script := filepath.Join(t.TempDir(), "order.sql")
	require.NoError(t, os.WriteFile(script, []byte(pgbenchScript), 0o600))
	s.exec(database, fmt.Sprintf("INSERT INTO stock SELECT 'sku-' || n, 100000000 FROM generate_series(1, %d) n", skus))
	cmd := exec.Command(program, "-n", "-M", "prepared", "-c", strconv.Itoa(connections), "-j", "2",
		"-t", strconv.FormatInt(max(1, n/connections), 10), "-D", "i=0", "-D", "skus="+strconv.Itoa(skus), "-f", script, s.URL(database))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", stderr.String())
	found := pgbenchRate.FindSubmatch(out)
	require.NotNil(t, found, "%s", out)
	rate, err := strconv.ParseFloat(string(found[1]), 64)
	require.NoError(t, err)
	return rate
}
