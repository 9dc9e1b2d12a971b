package legacydb

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// sqlite is the dialect of SQLite. It has one writer at a time, so orders are
// written one after the other, each behind a savepoint, which costs next to
// nothing here.
type sqlite struct {
	db   *DB
	path string
	pool *sql.DB

	writing chan struct{}        // a token: a second writer would only wait for the first's lock
	kept    map[string]*sql.Stmt // the statements prepared so far, for who has the token
}

func (l *sqlite) parameter(int) string { return "?" }
func (l *sqlite) questionMarks() bool  { return true }
func (l *sqlite) sql() *sql.DB         { return l.pool }

// open does not make the file: a legacy database that is not there is a wrong
// path, or away.
func (l *sqlite) open(db *DB) (err error) {
	options := url.Values{
		"mode":    {"rw"},
		"_txlock": {"immediate"}, // a transaction that only finds out at its first write that it must wait may fail
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
	}
	l.db, l.kept, l.writing = db, make(map[string]*sql.Stmt), make(chan struct{}, 1)
	l.pool, err = sql.Open("sqlite", "file:"+(&url.URL{Path: l.path}).EscapedPath()+"?"+options.Encode())
	if err != nil {
		return err
	}
	l.pool.SetMaxOpenConns(db.config.Connections)
	l.pool.SetMaxIdleConns(db.config.Connections)
	return nil
}

func (l *sqlite) close() error { return l.pool.Close() }

const sqliteLedgerTable = `CREATE TABLE IF NOT EXISTS banyan_ledger (
	order_id TEXT PRIMARY KEY, trace TEXT, accepted_at TEXT NOT NULL, written_at TEXT NOT NULL)`

func (l *sqlite) ledger(ctx context.Context) (there bool, err error) {
	err = l.pool.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'banyan_ledger')").Scan(&there)
	if err != nil {
		return false, fmt.Errorf("look for banyan_ledger: %w", err)
	}
	return there, nil
}

func (l *sqlite) mayCreate(context.Context) (bool, error) { return true, nil }

// prepare tries a statement. The columns it returns are not known before it is
// run.
func (l *sqlite) prepare(ctx context.Context, sql string) ([]string, error) {
	stmt, err := l.pool.PrepareContext(ctx, sql)
	if err != nil {
		return nil, err
	}
	return nil, stmt.Close()
}
