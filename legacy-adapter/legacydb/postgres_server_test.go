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

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

// pgServer is a PostgreSQL of our own, one for all tests that stop and start
// it, so none of those is parallel.
type pgServer struct {
	dir    string
	port   int
	attr   *syscall.SysProcAttr
	server *exec.Cmd
	keeper io.Closer // ends the server and takes its folder away when this process ends, however it ends
	made   int       // databases so far
}

var thePostgres = sync.OnceValues(startPostgres)

func startPostgres() (*pgServer, error) {
	if _, err := exec.LookPath("initdb"); err != nil {
		return nil, errors.New("initdb is not on the PATH (apt-get install postgresql)")
	}
	dir, err := os.MkdirTemp("", "legacydb-postgres-")
	if err != nil {
		return nil, err
	}
	p := &pgServer{dir: dir, attr: &syscall.SysProcAttr{Setsid: true}}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, fmt.Errorf("no user postgres to run as (apt-get install postgresql): %w", err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		p.attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
	}
	keeper := exec.Command("sh", "-c", `cat >/dev/null; pid=$(head -n1 "$0/data/postmaster.pid"); kill -CONT "$pid"; kill -QUIT "$pid"; sleep 0.3; rm -rf "$0"`, dir)
	keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if p.keeper, err = keeper.StdinPipe(); err != nil {
		return nil, err
	}
	if err := keeper.Start(); err != nil {
		return nil, err
	}
	initdb := exec.Command("initdb", "-D", p.data(), "-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C")
	initdb.Dir, initdb.SysProcAttr = dir, p.attr
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.port = l.Addr().(*net.TCPAddr).Port
	return p, errors.Join(l.Close(), p.start())
}

func (p *pgServer) data() string               { return filepath.Join(p.dir, "data") }
func (p *pgServer) url(database string) string { return p.urlAs("postgres", database) }
func (p *pgServer) urlAs(login, database string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s", login, p.port, database)
}

// start starts the server and waits until it answers. Right after a kill the
// last of the old server's processes may still hold on to its memory, and the
// new one ends at once.
func (p *pgServer) start() error {
	deadline := time.Now().Add(20 * time.Second)
	for {
		p.server = exec.Command("postgres", "-D", p.data(), "-h", "127.0.0.1", "-p", strconv.Itoa(p.port), "-k", p.dir,
			"-c", "fsync=off", "-c", "deadlock_timeout=50ms", "-c", "autovacuum=off")
		p.server.Dir, p.server.SysProcAttr = p.dir, p.attr
		if err := p.server.Start(); err != nil {
			return err
		}
		ended := make(chan error, 1)
		go func() { ended <- p.server.Wait() }()
		err := p.answers(ended, deadline)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

func (p *pgServer) answers(ended <-chan error, deadline time.Time) error {
	admin, err := sql.Open("pgx", p.url("postgres"))
	if err != nil {
		return err
	}
	defer admin.Close()
	for {
		if err = admin.Ping(); err == nil || time.Now().After(deadline) {
			return err
		}
		select {
		case err := <-ended:
			return fmt.Errorf("postgres ended: %w", err)
		case <-time.After(10 * time.Millisecond): // the server has no way to tell us
		}
	}
}

// kill ends the server as a power cut would.
func (p *pgServer) kill(t testing.TB) {
	t.Helper()
	processes := p.processes(t)
	require.NoError(t, p.server.Process.Kill())
	for _, pid := range processes { // they notice by themselves, but not at once
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// signal sends a signal to every process of the server.
func (p *pgServer) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	for _, pid := range append(p.processes(t), p.server.Process.Pid) {
		_ = syscall.Kill(pid, s) // one may have ended since it was listed
	}
}

// processes returns the server's children.
func (p *pgServer) processes(t testing.TB) (pids []int) {
	t.Helper()
	pid := strconv.Itoa(p.server.Process.Pid)
	children, err := os.ReadFile(filepath.Join("/proc", pid, "task", pid, "children"))
	require.NoError(t, err)
	for _, field := range strings.Fields(string(children)) {
		child, err := strconv.Atoi(field)
		require.NoError(t, err)
		pids = append(pids, child)
	}
	return pids
}

// pgShop is a shop in which an order can fail in many ways.
const pgShop = `
CREATE TABLE customers (email TEXT PRIMARY KEY);
INSERT INTO customers SELECT 'shopper-' || n || '@example.com' FROM generate_series(0, 99) n;
INSERT INTO customers VALUES ('ann@example.com'), ('bob@example.com'), ('cid@example.com');
CREATE TABLE orders (
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number VARCHAR(40) NOT NULL UNIQUE,
	email TEXT NOT NULL CONSTRAINT known_customer REFERENCES customers,
	name VARCHAR(12) NOT NULL CONSTRAINT no_crooks CHECK (name <> 'Al Capone'),
	token TEXT UNIQUE, total SMALLINT, placed_at TIMESTAMPTZ);
CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF NEW.name = 'Sunday' THEN RAISE 'the shop is closed'; END IF;
	IF NEW.name = 'Deadlock' THEN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END IF;
	IF NEW.name = 'Riddle' THEN RAISE 'nobody knows' USING ERRCODE = 'ZZ123'; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER closed BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION closed();
CREATE TABLE items (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id BIGINT NOT NULL REFERENCES orders, sku TEXT, qty INT);
CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand INT NOT NULL CHECK (on_hand >= 0));
INSERT INTO stock VALUES ('rod', 1000000), ('reel', 1000000), ('creel', 0);`

// pgMapping is how an order becomes rows of it.
func pgMapping(database string) legacydb.Config {
	one := 1
	return legacydb.Config{
		Database: database, Connections: 3, File: "banyan.yaml", Line: 7,
		Write: []legacydb.Statement{
			{As: "row", Line: 8, SQL: `INSERT INTO orders (number, email, name, token, total, placed_at)
				VALUES (:id, :customer.email, :customer.name, :payment.token, :total.amount, :accepted_at) RETURNING id`},
			{Each: legacydb.EachLine, Line: 9, SQL: "INSERT INTO items (order_id, sku, qty) VALUES (:row.id, :line.sku, :line.quantity)"},
			{Each: legacydb.EachLine, Line: 10, Rows: &one, Else: "out_of_stock",
				SQL: "UPDATE stock SET on_hand = on_hand - :line.quantity WHERE sku = :line.sku AND on_hand >= :line.quantity"},
		},
	}
}

// pgLegacy is a shop on PostgreSQL with legacydb in front of it.
type pgLegacy struct {
	*legacydb.DB
	t      testing.TB
	server *pgServer
	name   string  // of the database
	root   *sql.DB // a rival, or who looks
}

func newPostgresLegacy(t testing.TB, edit ...func(*legacydb.Config)) *pgLegacy {
	p, err := thePostgres()
	if err != nil {
		t.Skip("no PostgreSQL: " + err.Error())
	}
	p.made++
	l := &pgLegacy{t: t, server: p, name: fmt.Sprintf("t%d", p.made)}
	admin, err := sql.Open("pgx", p.url("postgres"))
	require.NoError(t, err)
	defer admin.Close()
	_, err = admin.Exec("CREATE DATABASE " + l.name)
	require.NoError(t, err)
	l.root, err = sql.Open("pgx", p.url(l.name))
	require.NoError(t, err)
	t.Cleanup(func() { l.root.Close() })
	l.do(pgShop)
	c := pgMapping(p.url(l.name))
	for _, f := range edit {
		f(&c)
	}
	l.DB = openLegacy(t, c)
	return l
}

func (l *pgLegacy) do(statement string) {
	l.t.Helper()
	_, err := l.root.Exec(statement)
	require.NoError(l.t, err, "%s", statement)
}

func (l *pgLegacy) one(query string) (value string) {
	l.t.Helper()
	require.NoError(l.t, l.root.QueryRow(query).Scan(&value), "%s", query)
	return value
}

// requireWritten requires n orders to be in legacy once each, and nothing else.
func (l *pgLegacy) requireWritten(n int) {
	l.t.Helper()
	require.Equal(l.t, strconv.Itoa(n), l.one("SELECT count(*) FROM orders"), "orders")
	require.Equal(l.t, strconv.Itoa(n), l.one("SELECT count(*) FROM banyan_ledger"), "ledger rows")
	require.Equal(l.t, "0", l.one("SELECT count(*) FROM banyan_ledger l LEFT JOIN orders o ON o.number = l.order_id WHERE o.id IS NULL"))
	require.Equal(l.t, l.one("SELECT coalesce(sum(qty), 0) FROM items"), l.one("SELECT 2000000 - sum(on_hand) FROM stock"), "stock taken")
}
