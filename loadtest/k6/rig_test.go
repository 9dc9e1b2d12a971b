package k6

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
	"github.com/banyan-edge/banyan/loadtest/sale/truth"
)

// hot is the product that everybody wants. It is flipped; all others are legacy's.
const hot = "muskie-casting-rod"

// connections is how many the legacy database gives Banyan.
const connections = 25

// usualWriteTime is for how long a transaction that writes orders holds its
// connection of the legacy database.
const usualWriteTime = 20 * time.Millisecond

// drainPatience is how long the queue may take to empty.
const drainPatience = 3 * time.Minute

// rig is a shop with Banyan in front of it, and the legacy database of both.
type rig struct {
	pg       *rigtest.Postgres
	database string
	shop     *rigtest.Shop
	up       *rigtest.Up
	truth    *truth.Database
	before   truth.Before
	held     *held
}

// newRig puts everything up, on a database of its own.
func newRig(t *testing.T, pg *rigtest.Postgres, name string, s size) *rig {
	database := strings.ReplaceAll(name, "-", "_")
	ctx := t.Context()
	require.NoError(t, pg.Exec(ctx, "postgres", "CREATE DATABASE "+database))
	r := &rig{pg: pg, database: database, shop: rigtest.NewShop(t, binary, pg.URL(database)+"?application_name=shop")}
	if s.stock > 0 {
		require.NoError(t, pg.Exec(ctx, database, fmt.Sprintf("UPDATE stock SET on_hand = %d WHERE sku = '%s'", s.stock, hot)))
	}
	if s.plenty {
		require.NoError(t, pg.Exec(ctx, database, "UPDATE stock SET on_hand = 100000"))
	}
	r.up = rigtest.NewUp(t, rigtest.Settings{
		Binary: binary, Legacy: r.shop.URL, Database: pg.URL(database) + "?application_name=banyan",
		Products: []byte(hot + ": serverless\n"),
		Flags:    []string{"--log-level", "WARN", "--legacy-latency", cmp.Or(s.writeTime, usualWriteTime).String()},
	})
	var err error
	r.truth, err = truth.Open(pg.URL(database))
	require.NoError(t, err)
	t.Cleanup(func() { r.truth.Close() })
	r.before, err = r.truth.Before(ctx)
	require.NoError(t, err)
	r.held = watchHeld(t, pg, database)
	return r
}

// begin starts what goes on beside the traffic, such as legacy's troubles, and
// returns what tells when it is over. Shoppers have come when it is called.
func (r *rig) begin(t *testing.T, s scenario, whole time.Duration) <-chan error {
	over := make(chan error, 1)
	if s.trouble == nil {
		over <- nil
		return over
	}
	go func() { over <- s.trouble(t.Context(), r, whole) }()
	return over
}

// count asks the legacy database for a number.
func (r *rig) count(t *testing.T, sql string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), r.pg.URL(r.database))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&n))
	return n
}

// drained waits until no order waits any more, and returns how long that took.
func (r *rig) drained(t *testing.T) (l rigtest.Ledger, took time.Duration) {
	t.Helper()
	for began := time.Now(); ; {
		l, err := r.up.Ledger()
		if err == nil && l.Waiting == 0 {
			return l, time.Since(began)
		}
		require.Less(t, time.Since(began), drainPatience, "orders still wait: %+v, %v\n%s", l, err, lastWords(r.up.Log()))
		time.Sleep(100 * time.Millisecond) // the ledger is only to be asked
	}
}

// requireTruth holds what shoppers were told against the legacy database.
func (r *rig) requireTruth(t *testing.T, purchases []shopper.Purchase) (truth.Verdict, time.Duration) {
	t.Helper()
	l, took := r.drained(t)
	require.True(t, l.Balanced, "%+v", l)
	require.Zero(t, l.Dead, "no order had anything wrong with it")
	v, err := r.truth.Check(context.WithoutCancel(t.Context()), purchases, r.before)
	require.NoError(t, err)
	require.True(t, v.Clean, "%s\n%v", v, v.Examples)
	require.Equal(t, v.Accepted, v.Found)
	require.Equal(t, l.Accepted, v.Rows, "the ledger's orders against legacy's")
	require.LessOrEqual(t, r.held.most(), connections, "connections that Banyan held")
	return v, took
}

func lastWords(log string) string { return log[max(0, len(log)-3000):] }

// held knows how many connections to the legacy database Banyan held at most,
// as the database itself counts them.
type held struct {
	stop context.CancelFunc
	done chan struct{}
	peak int // to be read when done is closed
}

// lookAgain is how often the database is asked.
const lookAgain = 100 * time.Millisecond

func watchHeld(t *testing.T, pg *rigtest.Postgres, database string) *held {
	ctx, cancel := context.WithCancel(context.Background())
	h := &held{stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(h.done)
		for ctx.Err() == nil {
			h.count(ctx, pg.URL("postgres"), database) // the database may be away
			select {
			case <-ctx.Done():
			case <-time.After(lookAgain):
			}
		}
	}()
	t.Cleanup(func() { h.most() })
	return h
}

// count asks until the database does not answer.
func (h *held) count(ctx context.Context, url, database string) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for ctx.Err() == nil {
		var now int
		if conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'banyan'", database).Scan(&now) != nil {
			return
		}
		h.peak = max(h.peak, now)
		select {
		case <-ctx.Done():
		case <-time.After(lookAgain):
		}
	}
}

// most ends the watch.
func (h *held) most() int {
	h.stop()
	<-h.done
	return h.peak
}
