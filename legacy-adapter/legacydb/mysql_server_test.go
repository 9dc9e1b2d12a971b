package legacydb_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

// mariaDB is a server of our own, one for all tests of the package. Tests that
// stop it start it again, so none of those that use it is parallel.
type mariaDB struct {
	dir     string
	port    int
	asMySQL []string // the argument that names the user to run as
	server  *exec.Cmd
	keeper  io.Closer // ends the server and takes its folder away when this process ends, however it ends
	made    int       // databases so far
}

var theMariaDB = sync.OnceValues(startMariaDB)

func startMariaDB() (*mariaDB, error) {
	for _, bin := range []string{"mariadb-install-db", "mariadbd"} {
		if _, err := exec.LookPath(bin); err != nil {
			return nil, fmt.Errorf("%s is not on the PATH (apt-get install mariadb-server)", bin)
		}
	}
	dir, err := os.MkdirTemp("", "legacydb-mariadb-")
	if err != nil {
		return nil, err
	}
	m := &mariaDB{dir: dir}
	if os.Getuid() == 0 {
		u, err := user.Lookup("mysql")
		if err != nil {
			return nil, fmt.Errorf("no user mysql to run as (apt-get install mariadb-server): %w", err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
		m.asMySQL = []string{"--user=mysql"}
	}
	keeper := exec.Command("sh", "-c", `cat >/dev/null; kill -9 "$(cat "$0/pid")"; sleep 0.2; rm -rf "$0"`, dir)
	keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if m.keeper, err = keeper.StdinPipe(); err != nil {
		return nil, err
	}
	if err := keeper.Start(); err != nil {
		return nil, err
	}
	args := append([]string{"--no-defaults", "--datadir=" + m.data(), "--auth-root-authentication-method=normal",
		"--skip-test-db", "--skip-name-resolve", "--innodb-log-file-size=4M"}, m.asMySQL...)
	if out, err := exec.Command("mariadb-install-db", args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("mariadb-install-db: %w: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m.port = l.Addr().(*net.TCPAddr).Port
	return m, errors.Join(l.Close(), m.start())
}

func (m *mariaDB) data() string               { return filepath.Join(m.dir, "data") }
func (m *mariaDB) url(database string) string { return m.urlAs("root", database) }
func (m *mariaDB) urlAs(login, database string) string {
	return fmt.Sprintf("mysql://%s@127.0.0.1:%d/%s", login, m.port, database)
}

// start starts the server and waits until it answers.
func (m *mariaDB) start() error {
	args := append([]string{"--no-defaults", "--datadir=" + m.data(), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(m.port),
		"--socket=" + filepath.Join(m.dir, "socket"), "--skip-log-bin", "--performance-schema=off",
		"--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=32M"}, m.asMySQL...)
	m.server = exec.Command("mariadbd", args...)
	m.server.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := m.server.Start(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(m.dir, "pid"), []byte(strconv.Itoa(m.server.Process.Pid)), 0o600); err != nil {
		return err
	}
	admin, err := sql.Open("mysql", fmt.Sprintf("root@tcp(127.0.0.1:%d)/", m.port))
	if err != nil {
		return err
	}
	defer admin.Close()
	deadline := time.Now().Add(20 * time.Second)
	for {
		if _, err = admin.Exec("SELECT 1"); err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(10 * time.Millisecond) // the server has no way to tell us
	}
}

// kill ends the server as a power cut would.
func (m *mariaDB) kill(t *testing.T) {
	require.NoError(t, m.server.Process.Kill())
	_ = m.server.Wait() // says that it was killed
}

// onMariaDB returns the server, an empty database on it and its root.
func onMariaDB(t testing.TB) (m *mariaDB, name string, root *sql.DB) {
	m, err := theMariaDB()
	if err != nil {
		t.Skip("no MariaDB: " + err.Error())
	}
	m.made++
	name = fmt.Sprintf("t%d", m.made)
	admin := openMariaDB(t, m, "")
	_, err = admin.Exec("CREATE DATABASE " + name)
	require.NoError(t, err)
	return m, name, openMariaDB(t, m, name)
}

func openMariaDB(t testing.TB, m *mariaDB, database string) *sql.DB {
	config := mysqldriver.NewConfig()
	config.User, config.Net, config.Addr, config.DBName = "root", "tcp", fmt.Sprintf("127.0.0.1:%d", m.port), database
	config.Logger = &mysqldriver.NopLogger{}
	connector, err := mysqldriver.NewConnector(config)
	require.NoError(t, err)
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

// runScript runs the statements of a text, which an empty line separates.
func runScript(t testing.TB, db *sql.DB, script string) {
	t.Helper()
	for _, statement := range strings.Split(script, "\n\n") {
		_, err := db.Exec(statement)
		require.NoError(t, err, "%s", statement)
	}
}

// mysqlShop is a shop in which an order can fail in many ways.
const mysqlShop = `CREATE TABLE customers (email VARCHAR(100) PRIMARY KEY)

INSERT INTO customers VALUES ('ann@example.com'), ('bob@example.com'), ('cid@example.com')

CREATE TABLE orders (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, number VARCHAR(40) NOT NULL UNIQUE,
	email VARCHAR(100) NOT NULL, name VARCHAR(12) NOT NULL, token VARCHAR(40) UNIQUE, total TINYINT UNSIGNED, placed_at DATETIME(6),
	CONSTRAINT known_customer FOREIGN KEY (email) REFERENCES customers (email),
	CONSTRAINT no_crooks CHECK (name <> 'Al Capone'))

CREATE TRIGGER closed BEFORE INSERT ON orders FOR EACH ROW
	IF NEW.name = 'Sunday' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the shop is closed';
	ELSEIF NEW.name = 'Deadlock' THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock found';
	END IF

CREATE TABLE items (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, order_id BIGINT UNSIGNED NOT NULL, sku VARCHAR(40), qty INT,
	FOREIGN KEY (order_id) REFERENCES orders (id))

CREATE TABLE stock (sku VARCHAR(40) PRIMARY KEY, on_hand INT NOT NULL)

INSERT INTO stock VALUES ('rod', 1000000), ('reel', 1000000), ('creel', 0)`

// mysqlMapping is how an order becomes rows of it.
func mysqlMapping(database string) legacydb.Config {
	one := 1
	return legacydb.Config{
		Database: database, Connections: 3, File: "banyan.yaml", Line: 7,
		Stock: "SELECT sku, on_hand FROM stock",
		Write: []legacydb.Statement{
			{As: "row", SQL: `INSERT INTO orders (number, email, name, token, total, placed_at)
				VALUES (:id, :customer.email, :customer.name, :payment.token, :total.amount, :accepted_at)`},
			{Each: legacydb.EachLine, SQL: "INSERT INTO items (order_id, sku, qty) VALUES (:row.id, :line.sku, :line.quantity)"},
			{Each: legacydb.EachLine, Rows: &one, Else: "out_of_stock",
				SQL: "UPDATE stock SET on_hand = on_hand - :line.quantity WHERE sku = :line.sku AND on_hand >= :line.quantity"},
		},
	}
}

// mysqlOrder is an order of one customer for one of each SKU.
func mysqlOrder(email string, skus ...string) order.Order {
	at := time.Date(2026, 11, 27, 8, 0, 0, 123456000, time.UTC)
	o := order.Order{ID: order.NewID(at), AcceptedAt: at, Total: order.Money{Amount: 1, Currency: "USD"},
		Customer: order.Customer{Email: email, Name: "Ann Angler", Address: "1 Main St"}}
	for _, sku := range skus {
		o.Lines = append(o.Lines, order.Line{SKU: sku, Quantity: 1, Price: &order.Money{Amount: 1, Currency: "USD"}})
	}
	return o
}

// mysqlLegacy is a shop on MariaDB with legacydb in front of it.
type mysqlLegacy struct {
	*legacydb.DB
	t      testing.TB
	server *mariaDB
	name   string  // of the database
	root   *sql.DB // a rival, or who looks
}

func newMySQLLegacy(t testing.TB, edit ...func(*legacydb.Config)) *mysqlLegacy {
	m, name, root := onMariaDB(t)
	runScript(t, root, mysqlShop)
	c := mysqlMapping(m.url(name))
	for _, f := range edit {
		f(&c)
	}
	return &mysqlLegacy{openLegacy(t, c), t, m, name, root}
}

func openLegacy(t testing.TB, c legacydb.Config) *legacydb.DB {
	db, err := legacydb.Open(t.Context(), c, legacydb.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// one returns the single value of a query.
func (l *mysqlLegacy) one(query string, args ...any) (value string) {
	l.t.Helper()
	require.NoError(l.t, l.root.QueryRow(query, args...).Scan(&value), "%s", query)
	return value
}

func (l *mysqlLegacy) do(statement string) {
	l.t.Helper()
	_, err := l.root.Exec(statement)
	require.NoError(l.t, err, "%s", statement)
}

// requireWritten requires the orders to be in legacy once each, and nothing else.
func (l *mysqlLegacy) requireWritten(n int) {
	l.t.Helper()
	require.Equal(l.t, strconv.Itoa(n), l.one("SELECT COUNT(*) FROM orders"), "orders")
	require.Equal(l.t, strconv.Itoa(n), l.one("SELECT COUNT(*) FROM banyan_ledger"), "ledger rows")
	require.Equal(l.t, "0", l.one("SELECT COUNT(*) FROM banyan_ledger l LEFT JOIN orders o ON o.number = l.order_id WHERE o.id IS NULL"))
	require.Equal(l.t, l.one("SELECT COALESCE(SUM(qty), 0) FROM items"), l.one("SELECT 2000000 - SUM(on_hand) FROM stock"), "stock taken")
}

func dispositions(outcomes []legacydb.Outcome) []order.Disposition {
	list := make([]order.Disposition, len(outcomes))
	for i, o := range outcomes {
		list[i] = o.Disposition
	}
	return list
}
