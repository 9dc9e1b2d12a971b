package fulfilment_test

import (
	"context"
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

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/banyan-edge/banyan/api/shop/fulfilment"
)

// postgresURL is a server of our own, or "" with the reason in noPostgres.
var postgresURL, noPostgres string

func TestMain(m *testing.M) {
	runtime.LockOSThread() // the server is told to end with the thread that started it
	stop, err := startPostgres()
	if err != nil {
		noPostgres = err.Error()
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

// startPostgres makes a server in a directory of its own. PostgreSQL refuses to
// run as root, so as root it runs as the user that the package brings.
func startPostgres() (stop func(), err error) {
	for _, bin := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(bin); err != nil {
			return func() {}, fmt.Errorf("%s is not on the PATH (apt-get install postgresql, and add its bin folder to PATH)", bin)
		}
	}
	dir, err := os.MkdirTemp("", "fulfilment")
	if err != nil {
		return func() {}, err
	}
	stop = func() { os.RemoveAll(dir) }
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return stop, fmt.Errorf("no user postgres to run as (apt-get install postgresql): %w", err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			return stop, err
		}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C")
	initdb.Dir, initdb.SysProcAttr = dir, attr
	if out, err := initdb.CombinedOutput(); err != nil {
		return stop, fmt.Errorf("initdb: %w: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return stop, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	server := exec.Command("postgres", "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", dir,
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	server.Dir, server.SysProcAttr = dir, attr
	if err := server.Start(); err != nil {
		return stop, err
	}
	stop = func() {
		_ = server.Process.Signal(syscall.SIGQUIT)
		_ = server.Wait()
		os.RemoveAll(dir)
	}
	postgresURL = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/", port)
	return stop, answers(postgresURL + "postgres")
}

func answers(url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	deadline := time.Now().Add(20 * time.Second)
	for {
		if err = db.Ping(); err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond) // the server has no way to tell us
	}
}

// database is one empty database of a dialect.
type database struct {
	*sql.DB
	dialect fulfilment.Dialect
	again   func(*testing.T) *sql.DB // a second handle, for another process's sake
}

// onEach runs a test on SQLite and on PostgreSQL.
func onEach(t *testing.T, test func(t *testing.T, db database)) {
	t.Run("sqlite", func(t *testing.T) { test(t, onSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, onPostgres(t)) })
}

func onSQLite(t *testing.T) database {
	path := filepath.Join(t.TempDir(), "legacy.db")
	open := func(t *testing.T) *sql.DB {
		return openDB(t, "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=foreign_keys(1)")
	}
	return database{open(t), fulfilment.SQLite, open}
}

func onPostgres(t *testing.T) database {
	if noPostgres != "" {
		t.Skip("no PostgreSQL: " + noPostgres)
	}
	admin := openDB(t, "pgx", postgresURL+"postgres")
	name := fmt.Sprintf("t%d", time.Now().UnixNano())
	_, err := admin.ExecContext(context.Background(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	open := func(t *testing.T) *sql.DB { return openDB(t, "pgx", postgresURL+name) }
	return database{open(t), fulfilment.PostgreSQL, open}
}

func openDB(t *testing.T, driver, dsn string) *sql.DB {
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}
