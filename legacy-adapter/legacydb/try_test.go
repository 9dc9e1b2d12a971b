package legacydb_test

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

// trySchema is a shop in which an order can fail at each kind of step.
const trySchema = `
CREATE TABLE customers (name VARCHAR(100) PRIMARY KEY);
CREATE TABLE orders (number VARCHAR(40) PRIMARY KEY, name VARCHAR(100) NOT NULL CHECK (length(name) < 20)
	REFERENCES customers (name) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE stock (sku VARCHAR(40) PRIMARY KEY, on_hand INT NOT NULL);
INSERT INTO customers VALUES ('Ann');
INSERT INTO stock VALUES ('rod', 3), ('creel', 0)`

// tryMapping is how an order becomes its rows.
func tryMapping(database string) legacydb.Config {
	one := 1
	return legacydb.Config{
		Database: database, Connections: 2, File: "banyan.yaml",
		Stock: "SELECT sku, on_hand FROM stock",
		Write: []legacydb.Statement{
			{SQL: "INSERT INTO orders (number, name) VALUES (:id, :customer.name)"},
			{Each: legacydb.EachLine, Rows: &one, Else: "out_of_stock",
				SQL: "UPDATE stock SET on_hand = on_hand - :line.quantity WHERE sku = :line.sku AND on_hand >= :line.quantity"},
		},
	}
}

func tryOrder(name, sku string) order.Order {
	now := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	return order.Order{
		ID: order.NewID(now), AcceptedAt: now, Customer: order.Customer{Name: name, Email: "ann@example.com"},
		Lines: []order.Line{{SKU: sku, Quantity: 1, Price: &order.Money{Amount: 1, Currency: "USD"}}},
	}
}

// onEachTryable runs a test on a new shop in SQLite and in PostgreSQL.
func onEachTryable(t *testing.T, test func(t *testing.T, db *legacydb.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "legacy.db")
		shop, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		_, err = shop.Exec(trySchema)
		require.NoError(t, err)
		require.NoError(t, shop.Close())
		test(t, openTryable(t, "sqlite:"+path))
	})
	t.Run("postgres", func(t *testing.T) {
		db := openTryable(t, ownPostgres(t))
		_, err := db.SQL().Exec(trySchema)
		require.NoError(t, err)
		test(t, db)
	})
}

func openTryable(t *testing.T, database string) *legacydb.DB {
	db, err := legacydb.Open(t.Context(), tryMapping(database), legacydb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// ownPostgres starts a server for one test and returns its address. It does not
// wait for the disk: what is tested survives no power cut.
func ownPostgres(t *testing.T) string { return postgresFor(t, "-c", "fsync=off") }

// postgresFor starts a server with these settings.
func postgresFor(t testing.TB, settings ...string) string {
	if _, err := exec.LookPath("initdb"); err != nil {
		t.Skip("no PostgreSQL: initdb is not on the PATH (apt-get install postgresql, and add its bin folder to PATH)")
	}
	runtime.LockOSThread() // the server is told to end with the thread that started it
	dir, err := os.MkdirTemp("", "legacydb-try-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		u, err := user.Lookup("postgres")
		require.NoError(t, err)
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		require.NoError(t, os.Chown(dir, uid, gid))
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C")
	initdb.Dir, initdb.SysProcAttr = dir, attr
	out, err := initdb.CombinedOutput()
	require.NoError(t, err, "%s", out)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	server := exec.Command("postgres", "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", dir)
	server.Args = append(server.Args, settings...)
	server.Dir, server.SysProcAttr = dir, attr
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGQUIT)
		_ = server.Wait()
	})
	url := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres", port)
	probe, err := sql.Open("pgx", url)
	require.NoError(t, err)
	defer probe.Close()
	require.Eventually(t, func() bool { return probe.Ping() == nil }, 20*time.Second, 20*time.Millisecond)
	return url
}

// count returns how many rows a table has.
func rowsOf(t *testing.T, db *legacydb.DB, table string) (n int) {
	t.Helper()
	require.NoError(t, db.SQL().QueryRow("SELECT count(*) FROM "+table).Scan(&n))
	return n
}

func TestTry_SaysWhatWouldBecomeOfAnOrderAndLeavesNothingBehind(t *testing.T) {
	onEachTryable(t, func(t *testing.T, db *legacydb.DB) {
		for _, c := range []struct {
			name, sku string
			want      order.Disposition
			cause     string
		}{
			{"Ann", "rod", order.DispositionWritten, ""},
			{"Ann", "creel", order.DispositionRejected, "out_of_stock"},
			{"Ann, the Angler of Albany", "rod", order.DispositionRejected, "refuses the order"},
		} {
			o := db.Try(t.Context(), tryOrder(c.name, c.sku))
			require.Equal(t, c.want, o.Disposition, "%+v", o)
			require.Contains(t, o.Cause, c.cause)
		}
		require.Zero(t, rowsOf(t, db, "orders"))
		require.Zero(t, rowsOf(t, db, "banyan_ledger"))
		stock, err := db.Stock(t.Context())
		require.NoError(t, err)
		require.Equal(t, map[string]int{"rod": 3, "creel": 0}, stock)

		written := tryOrder("Ann", "rod")
		require.Equal(t, order.DispositionWritten, db.Write(t.Context(), []order.Order{written})[0].Disposition)
		require.Equal(t, order.DispositionDuplicate, db.Try(t.Context(), written).Disposition)
		require.Equal(t, 1, rowsOf(t, db, "orders"))
	})
}

func TestTry_ChecksOnPostgreSQLWhatIsCheckedAtTheCommitOnly(t *testing.T) {
	db := openTryable(t, ownPostgres(t))
	_, err := db.SQL().Exec(trySchema)
	require.NoError(t, err)
	o := db.Try(t.Context(), tryOrder("Nobody", "rod"))
	require.Equal(t, order.DispositionRejected, o.Disposition, "%+v", o)
	require.Equal(t, order.DispositionWritten, db.Try(t.Context(), tryOrder("Ann", "rod")).Disposition, "the connection is as good as before")
}

func TestTry_DefersWhereLegacyIsAway(t *testing.T) {
	db := openTryable(t, "sqlite:"+filepath.Join(t.TempDir(), "missing.db"))
	require.Equal(t, order.DispositionDeferred, db.Try(t.Context(), tryOrder("Ann", "rod")).Disposition)
}

func TestMoment_SeesNothingThatIsWrittenAfterItsFirstQuestion(t *testing.T) {
	onEachTryable(t, func(t *testing.T, db *legacydb.DB) {
		before, meanwhile := tryOrder("Ann", "rod"), tryOrder("Ann", "rod")
		db.Write(t.Context(), []order.Order{before})
		m, err := db.Moment(t.Context())
		require.NoError(t, err)
		defer m.Close()
		stock, err := m.Stock(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, stock["rod"])

		require.Equal(t, order.DispositionWritten, db.Write(t.Context(), []order.Order{meanwhile})[0].Disposition, "it holds nobody up")
		has, err := m.Has(t.Context(), []string{before.ID, meanwhile.ID})
		require.NoError(t, err)
		require.Equal(t, map[string]bool{before.ID: true, meanwhile.ID: false}, has)
		require.NoError(t, m.Close())
		require.NoError(t, m.Close(), "twice is harmless")

		has, err = db.Has(t.Context(), []string{before.ID, meanwhile.ID})
		require.NoError(t, err)
		require.True(t, has[meanwhile.ID])
	})
}

func TestMoment_OfALegacyWithoutALedgerHasNoOrders(t *testing.T) {
	onEachTryable(t, func(t *testing.T, db *legacydb.DB) {
		m, err := db.Moment(t.Context())
		require.NoError(t, err)
		defer m.Close()
		has, err := m.Has(t.Context(), []string{"01KA0000000000000000000000"})
		require.NoError(t, err)
		require.Equal(t, map[string]bool{"01KA0000000000000000000000": false}, has)
	})
}
