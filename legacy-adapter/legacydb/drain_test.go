package legacydb_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/local"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/relaytest"
)

// draining is a relay at work between a queue and a legacy database.
type draining struct {
	t     *testing.T
	queue *relaytest.Queue
	end   func() error
}

func drain(t *testing.T, db *legacydb.DB, budget int) *draining {
	d := &draining{t: t, queue: relaytest.NewQueue()}
	r := relay.New(relay.Options{
		Source: local.New(d.queue, local.Options{}), Legacy: db, Budget: relay.NewBudget(budget), BatchSize: 10,
		WriteTimeout: 2 * time.Second, BackoffBase: time.Millisecond, BackoffCap: 50 * time.Millisecond, BreakerRest: 20 * time.Millisecond,
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	d.end = func() error {
		cancel()
		return <-ended
	}
	return d
}

// put accepts n orders, by turns of 20 customers.
func (d *draining) put(n int) {
	for i := range n {
		d.queue.Put(sampleOf(fmt.Sprintf("shopper-%d@example.com", i%20), "rod", "reel"))
	}
}

func (d *draining) until(done func() bool) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	require.NoError(d.t, d.queue.Until(ctx, done))
}

func (d *draining) left(n int) func() bool { return func() bool { return d.queue.Len() <= n } }

// requireSequence requires every customer's orders to have been written in the
// sequence in which they were accepted: the database numbers them.
func (l *pgLegacy) requireSequence(told []order.Settlement) {
	l.t.Helper()
	rows, err := l.root.Query("SELECT number, email FROM orders ORDER BY id")
	require.NoError(l.t, err)
	defer rows.Close()
	seq := make(map[string]int64)
	for _, s := range told {
		seq[s.OrderID] = s.Seq
	}
	last := make(map[string]int64)
	for rows.Next() {
		var number, email string
		require.NoError(l.t, rows.Scan(&number, &email))
		require.Greater(l.t, seq[number], last[email], "an order of %s was overtaken", email)
		last[email] = seq[number]
	}
	require.NoError(l.t, rows.Err())
}

func TestDrain_ADatabaseThatIsKilledAndStoppedAgainAndAgainGetsEveryOrderOnceAndInSequence(t *testing.T) {
	l := newPostgresLegacy(t, func(c *legacydb.Config) { c.Connections = 4 })
	d := drain(t, l.DB, 4)
	t.Cleanup(func() { l.server.signal(t, syscall.SIGCONT) })
	const rounds, orders = 3, 500
	for range rounds {
		d.put(orders)
		d.until(d.left(orders - 50))
		l.server.kill(t)
		require.NoError(t, l.server.start())

		l.server.signal(t, syscall.SIGSTOP)
		d.put(orders)
		settled := len(d.queue.Told())
		d.until(func() bool { return len(d.queue.Told()) > settled }) // the relay has noticed
		l.server.signal(t, syscall.SIGCONT)
		d.until(d.left(orders / 2))
	}
	d.until(d.left(0))
	require.NoError(t, d.end())
	l.requireWritten(rounds * 2 * orders)
	l.requireSequence(d.queue.Told())
	require.Empty(t, d.queue.Dead(), "no good order among the dead letters")
}

func TestDrain_OneConnectionIsEnough(t *testing.T) {
	l := newPostgresLegacy(t, func(c *legacydb.Config) { c.Connections = 1 })
	d := drain(t, l.DB, 1)
	d.put(300)
	d.until(d.left(0))
	require.NoError(t, d.end())
	l.requireWritten(300)
	l.requireSequence(d.queue.Told())
}

func TestDrain_EndsWithNothingHalfDone(t *testing.T) {
	l := newPostgresLegacy(t)
	d := drain(t, l.DB, 3)
	d.put(1000)
	d.until(d.left(900))
	require.NoError(t, d.end())
	l.requireWritten(1000 - d.queue.Len())
	for _, s := range d.queue.Told() {
		require.Equal(t, written, s.Disposition)
	}
}

func TestDrain_PoisonOrdersBecomeDeadLettersAndTheRestIsWritten(t *testing.T) {
	l := newPostgresLegacy(t)
	d := drain(t, l.DB, 3)
	for i := range 200 {
		o := sampleOf(fmt.Sprintf("shopper-%d@example.com", i%20), "rod", "reel")
		if i%40 == 7 {
			o.Customer.Name = "Al Capone"
		}
		d.queue.Put(o)
	}
	d.until(d.left(0))
	require.NoError(t, d.end())
	require.Len(t, d.queue.Dead(), 5)
	for _, cause := range d.queue.Dead() {
		require.Contains(t, cause, "no_crooks")
	}
	l.requireWritten(195)
	l.requireSequence(d.queue.Told())
}

// A SQLite file that another process holds on to is a database that is away.
func TestDrain_ASQLiteFileThatIsLockedForLongGetsEveryOrderOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "legacy.db")
	other, err := sql.Open("sqlite", path+"?_txlock=immediate")
	require.NoError(t, err)
	defer other.Close()
	s := &legacyShop{t, "sqlite:" + path, other}
	s.must(shopSchema)
	s.stocked("rod", 1000)
	s.stocked("reel", 1000)
	d := drain(t, s.open(4), 4)
	d.put(50)
	d.until(d.left(0))

	tx, err := other.Begin()
	require.NoError(t, err)
	settled := len(d.queue.Told())
	d.put(50)
	d.until(func() bool { return len(d.queue.Told()) > settled })
	require.Equal(t, order.DispositionDeferred, d.queue.Told()[settled].Disposition)
	require.NoError(t, tx.Rollback())
	d.until(d.left(0))
	require.NoError(t, d.end())
	require.Equal(t, 100, s.number("SELECT count(*) FROM orders"))
	require.Equal(t, 1800, s.number("SELECT sum(on_hand) FROM stock"))
}
