package legacydb_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

const (
	written   = order.DispositionWritten
	duplicate = order.DispositionDuplicate
	deferred  = order.DispositionDeferred
	rejected  = order.DispositionRejected
)

const (
	ann = "ann@example.com"
	bob = "bob@example.com"
	cid = "cid@example.com"
)

func withReturning(c *legacydb.Config) { c.Write[0].SQL += " RETURNING id" }

func TestMySQL_AnOrderIsWrittenWithAllItsRows(t *testing.T) {
	for name, edit := range map[string]func(*legacydb.Config){
		"numbered by AUTO_INCREMENT": func(*legacydb.Config) {},
		"by RETURNING":               withReturning,
	} {
		t.Run(name, func(t *testing.T) {
			l := newMySQLLegacy(t, edit)
			first, second := mysqlOrder(ann, "rod", "reel", "rod"), mysqlOrder(bob, "reel")
			require.Equal(t, []order.Disposition{written, written}, dispositions(l.Write(t.Context(), []order.Order{first, second})))
			l.requireWritten(2)
			require.Equal(t, "3", l.one("SELECT COUNT(*) FROM items i JOIN orders o ON o.id = i.order_id WHERE o.number = ?", first.ID))
			require.Equal(t, "2026-11-27 08:00:00.123456", l.one("SELECT placed_at FROM orders WHERE number = ?", first.ID), "UTC")

			n, err := l.Count(t.Context())
			require.NoError(t, err)
			require.EqualValues(t, 2, n)
			has, err := l.Has(t.Context(), []string{first.ID, "01KA0000000000000000000000"})
			require.NoError(t, err)
			require.Equal(t, map[string]bool{first.ID: true, "01KA0000000000000000000000": false}, has)
			stock, err := l.Stock(t.Context())
			require.NoError(t, err)
			require.Equal(t, map[string]int{"rod": 999998, "reel": 999998, "creel": 0}, stock)
		})
	}
}

func TestMySQL_RedeliveredOrderIsWrittenOnce(t *testing.T) {
	l := newMySQLLegacy(t)
	a, b, c := mysqlOrder(ann, "rod"), mysqlOrder(bob, "rod"), mysqlOrder(cid, "rod")
	require.Equal(t, []order.Disposition{written, written, duplicate}, dispositions(l.Write(t.Context(), []order.Order{a, b, a})))
	require.Equal(t, []order.Disposition{duplicate, written, duplicate}, dispositions(l.Write(t.Context(), []order.Order{a, c, b})))
	require.Equal(t, []order.Disposition{duplicate}, dispositions(l.Write(t.Context(), []order.Order{c})))
	l.requireWritten(3)
}

func TestMySQL_OrderDeliveredToSeveralRelaysAtOnceIsWrittenOnce(t *testing.T) {
	l := newMySQLLegacy(t)
	orders := make([]order.Order, 40)
	for i := range orders {
		orders[i] = mysqlOrder(fmt.Sprintf("%s@example.com", []string{"ann", "bob", "cid"}[i%3]), "rod", "reel")
	}
	var mu sync.Mutex
	count := map[order.Disposition]int{}
	var relays sync.WaitGroup
	for range 4 {
		relay := openLegacy(t, mysqlMapping(l.server.url(l.name)))
		relays.Go(func() {
			mine := append([]order.Order(nil), orders...)
			rand.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
			for len(mine) > 0 {
				n := min(len(mine), 8)
				left := mine[n:]
				for i, o := range relay.Write(t.Context(), mine[:n]) {
					if o.Disposition == deferred {
						left = append(left, mine[i])
						continue
					}
					mu.Lock()
					count[o.Disposition]++
					mu.Unlock()
				}
				mine = left
			}
		})
	}
	relays.Wait()
	require.Equal(t, map[order.Disposition]int{written: len(orders), duplicate: 3 * len(orders)}, count)
	l.requireWritten(len(orders))
}

func TestMySQL_PoisonOrderCostsTheOthersNothingAndSaysItsCause(t *testing.T) {
	l := newMySQLLegacy(t)
	l.do("SET GLOBAL sql_mode = ''") // a lax server, which would cut values off to fit
	t.Cleanup(func() { l.do("SET GLOBAL sql_mode = DEFAULT") })
	taken := mysqlOrder(ann, "rod")
	taken.Payment.Token = "tok_secret"
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{taken})))
	n := 1
	for _, c := range []struct {
		name, cause string
		spoil       func(*order.Order)
	}{
		{"sold out", "out_of_stock", func(o *order.Order) { o.Lines[1].SKU = "creel" }},
		{"twice", "the legacy database has a row with this value already (key token)", func(o *order.Order) { o.Payment.Token = "tok_secret" }},
		{"empty", "a column that must be filled would be empty (column name)", func(o *order.Order) { o.Customer.Name = "" }},
		{"too long", "a value is too long for its column (column name)", func(o *order.Order) { o.Customer.Name = "Ann the Angler of Albany" }},
		{"too large", "a number is out of its column's range (column total)", func(o *order.Order) { o.Total.Amount = 256 }},
		{"unknown customer", "the order refers to something that the legacy database does not have (constraint known_customer)",
			func(o *order.Order) { o.Customer.Email = "eve@example.com" }},
		{"checked", "a check of the legacy database refuses the order (constraint no_crooks)", func(o *order.Order) { o.Customer.Name = "Al Capone" }},
		{"refused by a trigger", "the legacy database refuses the order: the shop is closed", func(o *order.Order) { o.Customer.Name = "Sunday" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, poison, after := mysqlOrder(ann, "rod"), mysqlOrder(bob, "rod", "reel"), mysqlOrder(cid, "rod")
			c.spoil(&poison)
			outcomes := l.Write(t.Context(), []order.Order{before, poison, after})
			require.Equal(t, []order.Disposition{written, rejected, written}, dispositions(outcomes), "%+v", outcomes)
			require.Equal(t, c.cause, outcomes[1].Cause)
			n += 2
			l.requireWritten(n)
		})
	}
}

func TestMySQL_DeadlockIsTriedAgainAndElseDeferred(t *testing.T) {
	l := newMySQLLegacy(t)
	rival, err := l.root.Begin()
	require.NoError(t, err)
	defer rival.Rollback()
	// Who has written less is the one that InnoDB undoes; let that be us.
	_, err = rival.Exec("INSERT INTO customers SELECT CONCAT('rival', seq) FROM seq_1_to_200")
	require.NoError(t, err)
	_, err = rival.Exec("UPDATE stock SET on_hand = on_hand WHERE sku = 'rod'")
	require.NoError(t, err)
	outcome := make(chan legacydb.Outcome, 1)
	go func() { outcome <- l.Write(t.Context(), []order.Order{mysqlOrder(ann, "reel", "rod")})[0] }()
	require.Eventually(t, func() bool { // the server makes a new list only where nobody asked for 100 ms
		return l.one("SELECT COUNT(*) FROM information_schema.innodb_lock_waits") != "0"
	}, 5*time.Second, 150*time.Millisecond, "we have the reel and wait for the rod")
	_, err = rival.Exec("UPDATE stock SET on_hand = on_hand WHERE sku = 'reel'")
	require.NoError(t, err, "the rival was not undone, so we were")
	require.NoError(t, rival.Commit())
	require.Equal(t, legacydb.Outcome{Disposition: written}, <-outcome)

	hopeless, behind := mysqlOrder(ann, "rod"), mysqlOrder(ann, "rod")
	hopeless.Customer.Name = "Deadlock"
	outcomes := l.Write(t.Context(), []order.Order{hopeless, behind})
	require.Equal(t, []order.Disposition{deferred, deferred}, dispositions(outcomes))
	require.Equal(t, "a deadlock with another transaction", outcomes[0].Cause)
	require.False(t, saysAway(outcomes[0].Err), "legacy is there")
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{behind})))
	l.requireWritten(2)
}

func TestMySQL_AnOrderThatAlwaysDeadlocksIsDeferredAlone(t *testing.T) {
	l := newMySQLLegacy(t)
	first, hopeless, behind, sunday, last := mysqlOrder(cid, "rod"), mysqlOrder(ann, "rod"), mysqlOrder(ann, "rod"), mysqlOrder(bob, "rod"), mysqlOrder(cid, "rod")
	hopeless.Customer.Name, sunday.Customer.Name = "Deadlock", "Sunday"
	outcomes := l.Write(t.Context(), []order.Order{first, hopeless, behind, sunday, last})
	require.Equal(t, []order.Disposition{written, deferred, deferred, rejected, written}, dispositions(outcomes))
	require.Equal(t, "a deadlock with another transaction", outcomes[1].Cause)
	require.Contains(t, outcomes[2].Cause, "an earlier order of this customer")
	l.requireWritten(2)
	require.Equal(t, []order.Disposition{duplicate, duplicate}, dispositions(l.Write(t.Context(), []order.Order{first, last})))
}

func saysAway(err error) bool {
	var away interface{ Away() bool }
	return errors.As(err, &away) && away.Away()
}

func TestMySQL_OnlyTheOrdersThatNeedALockedRowAreDeferred(t *testing.T) {
	l := newMySQLLegacy(t)
	rival, err := l.root.Begin()
	require.NoError(t, err)
	defer rival.Rollback()
	_, err = rival.Exec("UPDATE stock SET on_hand = on_hand WHERE sku = 'reel'")
	require.NoError(t, err)
	orders := []order.Order{mysqlOrder(ann, "reel"), mysqlOrder(ann, "rod"), mysqlOrder(bob, "rod"), mysqlOrder(cid, "reel")}
	outcomes := l.Write(t.Context(), orders)
	require.Equal(t, []order.Disposition{deferred, deferred, written, deferred}, dispositions(outcomes))
	require.Contains(t, outcomes[0].Cause, "locked for too long")
	require.Contains(t, outcomes[1].Cause, "an earlier order of this customer")
	require.NoError(t, rival.Rollback())
	require.Equal(t, []order.Disposition{written, written, duplicate, written}, dispositions(l.Write(t.Context(), orders)))
	l.requireWritten(4)
}

func TestMySQL_ServerThatIsKilledCostsNoOrder(t *testing.T) {
	l := newMySQLLegacy(t)
	orders := []order.Order{mysqlOrder(ann, "rod"), mysqlOrder(bob, "rod")}
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

func TestMySQL_ServerThatIsStoppedHoldsNobodyLongerThanTheBatchHas(t *testing.T) {
	l := newMySQLLegacy(t)
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{mysqlOrder(ann, "rod")})))
	require.NoError(t, l.server.server.Process.Signal(syscall.SIGSTOP))
	func() {
		defer l.server.server.Process.Signal(syscall.SIGCONT)
		for range 5 { // more than there are connections
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			outcomes := l.Write(ctx, []order.Order{mysqlOrder(bob, "rod")})
			cancel()
			require.Equal(t, deferred, outcomes[0].Disposition)
			require.True(t, saysAway(outcomes[0].Err))
		}
	}()
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{mysqlOrder(cid, "rod")})))
	l.requireWritten(2)
}

func TestMySQL_ReadOnlyServerDefers(t *testing.T) {
	l := newMySQLLegacy(t)
	l.do("CREATE USER app@'%'")
	l.do("GRANT ALL ON *.* TO app@'%'")
	l.do("REVOKE READ_ONLY ADMIN, SUPER ON *.* FROM app@'%'")
	t.Cleanup(func() { l.do("DROP USER app@'%'") })
	app := openLegacy(t, mysqlMapping(l.server.urlAs("app", l.name)))
	l.do("SET GLOBAL read_only = 1")
	t.Cleanup(func() { l.do("SET GLOBAL read_only = 0") })
	o := mysqlOrder(ann, "rod")
	outcomes := app.Write(t.Context(), []order.Order{o})
	require.Equal(t, deferred, outcomes[0].Disposition)
	require.Equal(t, "the legacy database is read-only", outcomes[0].Cause)
	require.True(t, saysAway(outcomes[0].Err))
	l.do("SET GLOBAL read_only = 0")
	require.Equal(t, []order.Disposition{written}, dispositions(app.Write(t.Context(), []order.Order{o})))
	l.requireWritten(1)
}

// capped returns legacydb with a budget and a login for which the server permits
// just as many connections.
func (l *mysqlLegacy) capped(budget int) *legacydb.DB {
	l.do(fmt.Sprintf("CREATE USER capped@'%%' WITH MAX_USER_CONNECTIONS %d", budget))
	l.do("GRANT ALL ON *.* TO capped@'%'")
	l.t.Cleanup(func() { l.do("DROP USER capped@'%'") })
	c := mysqlMapping(l.server.urlAs("capped", l.name))
	c.Connections = budget
	return openLegacy(l.t, c)
}

// The server itself counts here: it permits the login as many connections as
// the budget has, and refuses the next one.
func TestMySQL_NeverMoreConnectionsThanTheBudget(t *testing.T) {
	for _, budget := range []int{1, 3} {
		t.Run(fmt.Sprint(budget), func(t *testing.T) {
			l := newMySQLLegacy(t)
			app := l.capped(budget)
			const callers = 200
			errs := make(chan error, 2*callers)
			var all sync.WaitGroup
			for i := range callers {
				all.Go(func() {
					if i%10 == 9 { // somebody asks as well
						_, err := app.Count(t.Context())
						errs <- err
						return
					}
					for {
						o := app.Write(t.Context(), []order.Order{mysqlOrder(ann, "rod")})[0]
						if o.Disposition == written {
							return
						}
						if o.Cause != "a deadlock with another transaction" {
							errs <- fmt.Errorf("%s: %w", o.Cause, o.Err)
							return
						}
					}
				})
			}
			all.Wait()
			close(errs)
			for err := range errs {
				require.NoError(t, err)
			}
			l.requireWritten(callers * 9 / 10)
		})
	}
}

func TestMySQL_LoginThatHasNoConnectionLeftDefers(t *testing.T) {
	l := newMySQLLegacy(t)
	first := l.capped(1)
	require.Equal(t, []order.Disposition{written}, dispositions(first.Write(t.Context(), []order.Order{mysqlOrder(ann, "rod")})))
	second := openLegacy(t, mysqlMapping(l.server.urlAs("capped", l.name)))
	outcome := second.Write(t.Context(), []order.Order{mysqlOrder(ann, "rod")})[0]
	require.Equal(t, deferred, outcome.Disposition)
	require.Equal(t, "the legacy database permits this login no further connection", outcome.Cause)
	require.True(t, saysAway(outcome.Err))
}

func TestMySQL_DryRunLeavesNothingBehind(t *testing.T) {
	l := newMySQLLegacy(t)
	good, bad := mysqlOrder(ann, "rod"), mysqlOrder(ann, "creel")
	require.Equal(t, legacydb.Outcome{Disposition: written}, l.Try(t.Context(), good))
	outcome := l.Try(t.Context(), bad)
	require.Equal(t, rejected, outcome.Disposition)
	require.Equal(t, "out_of_stock", outcome.Cause)
	l.requireWritten(0)
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{good})))
	require.Equal(t, duplicate, l.Try(t.Context(), good).Disposition)
	l.requireWritten(1)
}

func TestMySQL_MomentSeesNothingWrittenAfterItsFirstQuestion(t *testing.T) {
	l := newMySQLLegacy(t)
	before, after := mysqlOrder(ann, "rod"), mysqlOrder(ann, "rod")
	l.Write(t.Context(), []order.Order{before})
	m, err := l.Moment(t.Context())
	require.NoError(t, err)
	defer m.Close()
	first, err := m.Stock(t.Context())
	require.NoError(t, err)
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{after})))
	second, err := m.Stock(t.Context())
	require.NoError(t, err)
	require.Equal(t, first, second)
	has, err := m.Has(t.Context(), []string{before.ID, after.ID})
	require.NoError(t, err)
	require.Equal(t, map[string]bool{before.ID: true, after.ID: false}, has)
}

func TestMySQL_SchemaThatChangesDefersUntilItFits(t *testing.T) {
	l := newMySQLLegacy(t)
	o := mysqlOrder(ann, "rod")
	l.do("RENAME TABLE items TO things")
	outcome := l.Write(t.Context(), []order.Order{o})[0]
	require.Equal(t, deferred, outcome.Disposition)
	require.True(t, saysAway(outcome.Err), "legacy takes no orders at all")
	l.do("RENAME TABLE things TO items")
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{o})))
	l.do("ALTER TABLE items ADD COLUMN note TEXT")
	l.do("DROP TABLE banyan_ledger") // by mistake
	require.Equal(t, deferred, l.Write(t.Context(), []order.Order{mysqlOrder(bob, "rod"), mysqlOrder(cid, "rod")})[0].Disposition)
	require.Equal(t, []order.Disposition{written}, dispositions(l.Write(t.Context(), []order.Order{mysqlOrder(bob, "rod")})))
}

func TestMySQL_AddressThatCannotBeUsedIsAProblemWithoutItsPassword(t *testing.T) {
	for _, database := range []string{"mysql://u:se/cret@h/d", "mysql://u:secret@h", "mysql://u:secret@h:port/d", "mysql://u:secret@h/d?timeout=soon"} {
		_, err := legacydb.Open(t.Context(), mysqlMapping(database), legacydb.Options{})
		require.ErrorContains(t, err, "banyan.yaml:7: legacy.database cannot be used", database)
		require.NotContains(t, err.Error(), "cret", database)
	}
}
