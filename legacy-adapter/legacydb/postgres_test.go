package legacydb_test

import (
	"context"
	"database/sql"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

// sampleOf returns an order of one customer for one of each SKU.
func sampleOf(email string, skus ...string) order.Order {
	o := buy(email, skus...)
	o.Payment.Token, o.Total.Amount = "", 1
	return o
}

// within writes with this much time.
func (l *pgLegacy) within(d time.Duration, orders ...order.Order) []legacydb.Outcome {
	ctx, cancel := context.WithTimeout(l.t.Context(), d)
	defer cancel()
	return l.Write(ctx, orders)
}

func (l *pgLegacy) rival() *sql.Tx {
	l.t.Helper()
	tx, err := l.root.Begin()
	require.NoError(l.t, err)
	l.t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

func TestPostgres_PoisonOrderCostsTheOthersNothingAndSaysItsCause(t *testing.T) {
	l := newPostgresLegacy(t)
	taken := sampleOf(ann, "rod")
	taken.Payment.Token = "tok_secret"
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{taken})))
	n := 1
	for _, c := range []struct {
		name   string
		poison func(*order.Order)
		cause  string
	}{
		{"unknown customer", func(o *order.Order) { o.Customer.Email = "eve@example.com" },
			"the order refers to something that the legacy database does not have (constraint known_customer)"},
		{"check", func(o *order.Order) { o.Customer.Name = "Al Capone" },
			"a check of the legacy database refuses the order (constraint no_crooks)"},
		{"too long", func(o *order.Order) { o.Customer.Name = "Ann Angler the Elder" }, "a value is too long for its column"},
		{"empty", func(o *order.Order) { o.Customer.Name = "" }, "a column that must be filled would be empty (column name)"},
		{"number too big", func(o *order.Order) { o.Total.Amount = 40_000 }, "a number is out of its column's range"},
		{"NUL byte", func(o *order.Order) { o.Customer.Name = "Ann\x00" }, "a value holds a character that the legacy database cannot store"},
		{"unique", func(o *order.Order) { o.Payment.Token = "tok_secret" },
			"the legacy database has a row with this value already (constraint orders_token_key)"},
		{"trigger", func(o *order.Order) { o.Customer.Name = "Sunday" }, "the legacy database refuses the order: the shop is closed"},
		{"sold out", func(o *order.Order) { o.Lines[0].SKU = "creel" }, "out_of_stock"},
	} {
		t.Run(c.name, func(t *testing.T) {
			orders := []order.Order{sampleOf(bob, "rod"), sampleOf(ann, "rod"), sampleOf(ann, "reel")}
			c.poison(&orders[1])
			outcomes := l.Write(t.Context(), orders)
			require.Equal(t, []order.Disposition{written, rejected, written}, dispositions(outcomes), "%+v", outcomes)
			require.Equal(t, c.cause, outcomes[1].Cause)
			n += 2
			l.requireWritten(n)
		})
	}
}

func TestPostgres_AnErrorThatNobodyKnowsDefersItsOrderAndItsCustomersLaterOnes(t *testing.T) {
	l := newPostgresLegacy(t)
	orders := []order.Order{sampleOf(ann, "rod"), sampleOf(bob, "rod"), sampleOf(ann, "reel")}
	orders[0].Customer.Name = "Riddle"
	outcomes := l.Write(t.Context(), orders)
	require.Equal(t, []order.Disposition{deferred, written, deferred}, dispositions(outcomes))
	require.Contains(t, outcomes[0].Cause, "ZZ123")
	require.False(t, saysAway(outcomes[0].Err), "legacy is there")
	l.requireWritten(1)
}

// A constraint that is checked at the commit does not say whose it is.
func TestPostgres_AConstraintCheckedAtTheCommitCostsItsOrderOnly(t *testing.T) {
	l := newPostgresLegacy(t)
	l.do("ALTER TABLE orders ALTER CONSTRAINT known_customer DEFERRABLE INITIALLY DEFERRED")
	orders := []order.Order{sampleOf(ann, "rod"), sampleOf("eve@example.com", "rod"), sampleOf(bob, "reel")}
	outcomes := l.Write(t.Context(), orders)
	require.Equal(t, []order.Disposition{written, rejected, written}, dispositions(outcomes))
	require.Contains(t, outcomes[1].Cause, "known_customer")
	l.requireWritten(2)
}

// Nothing is rejected for what another order of the batch did that was undone.
func TestPostgres_AUnitThatARejectedOrderDidNotTakeIsThereForTheNext(t *testing.T) {
	l := newPostgresLegacy(t)
	l.do("UPDATE stock SET on_hand = 1 WHERE sku = 'creel'")
	first, second := sampleOf(ann, "creel", "nothing"), sampleOf(bob, "creel")
	require.Equal(t, []order.Disposition{rejected, written}, dispositions(l.Write(t.Context(), []order.Order{first, second})))
}

func TestPostgres_DeadlockIsTriedAgain(t *testing.T) {
	l := newPostgresLegacy(t)
	rival := l.rival()
	_, err := rival.Exec("SET LOCAL deadlock_timeout = '1h'") // so that it is we who are undone
	require.NoError(t, err)
	_, err = rival.Exec("UPDATE stock SET on_hand = on_hand WHERE sku = 'rod'")
	require.NoError(t, err)
	outcome := make(chan []legacydb.Outcome, 1)
	go func() { outcome <- l.within(20*time.Second, sampleOf(ann, "rod", "reel")) }()
	require.Eventually(t, func() bool {
		return l.one("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'banyan'") == "1"
	}, 10*time.Second, time.Millisecond, "we have the reel and wait for the rod")
	_, err = rival.Exec("UPDATE stock SET on_hand = on_hand WHERE sku = 'reel'")
	require.NoError(t, err, "the rival was not undone, so we were")
	require.NoError(t, rival.Commit())
	require.Equal(t, []order.Disposition{written}, dispositions(<-outcome))
	l.requireWritten(1)
}

func TestPostgres_AnOrderThatAlwaysLosesAgainstOthersIsDeferredAlone(t *testing.T) {
	l := newPostgresLegacy(t)
	orders := []order.Order{sampleOf(ann, "rod"), sampleOf(bob, "rod")}
	orders[0].Customer.Name = "Deadlock"
	outcomes := l.Write(t.Context(), orders)
	require.Equal(t, []order.Disposition{deferred, written}, dispositions(outcomes))
	require.Equal(t, "a deadlock with another transaction", outcomes[0].Cause)
	require.False(t, saysAway(outcomes[0].Err), "legacy is there")
	l.requireWritten(1)
}

func TestPostgres_OnlyTheOrdersThatNeedALockedRowAreDeferred(t *testing.T) {
	l := newPostgresLegacy(t)
	rival := l.rival()
	_, err := rival.Exec("UPDATE stock SET on_hand = on_hand WHERE sku = 'reel'")
	require.NoError(t, err)
	orders := []order.Order{sampleOf(ann, "reel"), sampleOf(ann, "rod"), sampleOf(bob, "rod"), sampleOf(cid, "reel")}
	outcomes := l.within(3*time.Second, orders...)
	require.Equal(t, []order.Disposition{deferred, deferred, written, deferred}, dispositions(outcomes), "%+v", outcomes)
	require.Contains(t, outcomes[0].Cause, "locked for too long")
	require.Contains(t, outcomes[1].Cause, "an earlier order of this customer")
	require.NoError(t, rival.Rollback())
	require.Equal(t, []order.Disposition{written, written, duplicate, written}, dispositions(l.Write(t.Context(), orders)))
	l.requireWritten(4)
}

func TestPostgres_ServerThatIsKilledCostsNoOrder(t *testing.T) {
	l := newPostgresLegacy(t)
	orders := []order.Order{sampleOf(ann, "rod"), sampleOf(bob, "rod")}
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), orders[:1])))
	l.server.kill(t)
	outcomes := l.Write(t.Context(), orders)
	require.Equal(t, []order.Disposition{deferred, deferred}, dispositions(outcomes))
	require.True(t, saysAway(outcomes[0].Err))
	_, err := l.Count(t.Context())
	require.Error(t, err)
	require.NotEmpty(t, l.Check(t.Context()))
	require.NoError(t, l.server.start())
	require.Equal(t, []order.Disposition{duplicate, written}, dispositions(l.Write(t.Context(), orders)))
	l.requireWritten(2)
}

func TestPostgres_ServerThatIsStoppedHoldsNobodyLongerThanTheBatchHas(t *testing.T) {
	l := newPostgresLegacy(t)
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{sampleOf(ann, "rod")})))
	l.server.signal(t, syscall.SIGSTOP)
	func() {
		defer l.server.signal(t, syscall.SIGCONT)
		for range 5 { // more than there are connections
			outcomes := l.within(50*time.Millisecond, sampleOf(bob, "rod"))
			require.Equal(t, deferred, outcomes[0].Disposition)
			require.True(t, saysAway(outcomes[0].Err))
		}
	}()
	require.Equal(t, []order.Disposition{written}, dispositions(l.within(20*time.Second, sampleOf(cid, "rod"))))
	l.requireWritten(2)
}

func TestPostgres_ReadOnlyServerDefers(t *testing.T) {
	l := newPostgresLegacy(t)
	l.do("ALTER DATABASE " + l.name + " SET default_transaction_read_only = on")
	o := sampleOf(ann, "rod")
	outcomes := l.Write(t.Context(), []order.Order{o})
	require.Equal(t, deferred, outcomes[0].Disposition)
	require.Equal(t, "the legacy database is read-only", outcomes[0].Cause)
	require.True(t, saysAway(outcomes[0].Err))
	l.do("SET default_transaction_read_only = off; ALTER DATABASE " + l.name + " RESET default_transaction_read_only")
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{o})))
	l.requireWritten(1)
}

func TestPostgres_SchemaThatChangesDefersUntilItFits(t *testing.T) {
	l := newPostgresLegacy(t)
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{sampleOf(ann, "rod")})))
	o := sampleOf(bob, "rod")
	for _, change := range []struct{ away, back string }{
		{"ALTER TABLE orders RENAME TO orders_old", "ALTER TABLE orders_old RENAME TO orders"},
		{"ALTER TABLE items DROP COLUMN sku", "ALTER TABLE items ADD COLUMN sku TEXT"},
	} {
		l.do(change.away)
		outcomes := l.Write(t.Context(), []order.Order{o})
		require.Equal(t, []order.Disposition{deferred}, dispositions(outcomes), change.away)
		require.True(t, saysAway(outcomes[0].Err), "no order can be written")
		require.NotEmpty(t, l.Check(t.Context()))
		l.do(change.back)
		require.Empty(t, l.Check(t.Context()))
	}
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{o})))
	l.requireWritten(2)
}

func TestPostgres_LoginThatMayNotMakeTheLedgerDefersUntilItIsThere(t *testing.T) {
	l := newPostgresLegacy(t)
	l.do("CREATE ROLE clerk LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk")
	t.Cleanup(func() { l.do("DROP OWNED BY clerk; DROP ROLE clerk") })
	clerk := openLegacy(t, pgMapping(l.server.urlAs("clerk", l.name)))
	o := sampleOf(ann, "rod")
	outcomes := clerk.Write(t.Context(), []order.Order{o})
	require.Equal(t, deferred, outcomes[0].Disposition)
	require.Equal(t, "the legacy database does not permit a statement", outcomes[0].Cause)
	problems := clerk.Check(t.Context())
	require.Len(t, problems, 1)
	require.Contains(t, problems[0].String(), "banyan_ledger")
	n, err := clerk.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)

	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{sampleOf(bob, "rod")})))
	l.do("GRANT SELECT, INSERT ON banyan_ledger TO clerk")
	require.Equal(t, []order.Disposition{written}, dispositions(clerk.Write(t.Context(), []order.Order{o})))
	require.Empty(t, clerk.Check(t.Context()))
	l.requireWritten(2)
}

func TestPostgres_AColumnThatNoRowHasIsAProblemAndRejectsNothing(t *testing.T) {
	l := newPostgresLegacy(t, func(c *legacydb.Config) {
		c.Write[0].SQL = `INSERT INTO orders (number, email, name) VALUES (:id, :customer.email, :customer.name) RETURNING *`
		c.Write[1].SQL = `INSERT INTO items (order_id, sku, qty) VALUES (:row.order_id, :line.sku, :line.quantity)`
	})
	outcomes := l.Write(t.Context(), []order.Order{sampleOf(ann, "rod")})
	require.Equal(t, deferred, outcomes[0].Disposition)
	require.Contains(t, outcomes[0].Cause, "statement 2 needs :row.order_id")
	problems := l.Check(t.Context())
	require.Len(t, problems, 1)
	require.Equal(t, "banyan.yaml", problems[0].File)
	require.Equal(t, 9, problems[0].Line)
	require.Contains(t, problems[0].String(), ":row.order_id")
}

func TestPostgres_HasKnowsWhichOrdersLegacyHas(t *testing.T) {
	l := newPostgresLegacy(t)
	here, gone := sampleOf(ann, "rod"), sampleOf(bob, "creel")
	has, err := l.Has(t.Context(), []string{here.ID})
	require.NoError(t, err)
	require.Equal(t, map[string]bool{here.ID: false}, has, "there is no ledger yet")
	l.Write(t.Context(), []order.Order{here, gone})
	ids := []string{here.ID, gone.ID}
	for i := range 2500 { // more than one question holds
		ids = append(ids, fmt.Sprintf("no-%d", i))
	}
	has, err = l.Has(t.Context(), ids)
	require.NoError(t, err)
	require.Len(t, has, 2502)
	require.True(t, has[here.ID])
	require.False(t, has[gone.ID])
}
