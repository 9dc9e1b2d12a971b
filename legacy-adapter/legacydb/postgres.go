package legacydb

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgres is the dialect of PostgreSQL. All its connections come from one
// pool, also those for database/sql, so that they can be counted.
type postgres struct {
	db    *DB
	pool  *pgxpool.Pool
	std   *sql.DB
	ready atomic.Bool // banyan_ledger was seen
}

func (p *postgres) parameter(n int) string { return "$" + strconv.Itoa(n) }
func (p *postgres) questionMarks() bool    { return false }
func (p *postgres) sql() *sql.DB           { return p.std }

func (p *postgres) open(db *DB) error {
	config, err := pgxpool.ParseConfig(db.config.Database)
	if err != nil {
		return err // holds no password
	}
	config.MaxConns = int32(db.config.Connections)
	config.MinConns, config.MinIdleConns = 0, 0
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "banyan"
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return err
	}
	p.db, p.pool, p.std = db, pool, stdlib.OpenDBFromPool(pool)
	return nil
}

// connectTimeout bounds how long a connection that gets no answer takes a place
// in the pool, where the database's address does not say.
const connectTimeout = 10 * time.Second

func (p *postgres) close() error {
	err := p.std.Close()
	p.pool.Close()
	return err
}

// ledgerTable is made when legacy is first reached and lacks it. Several relays
// may come at once, hence the lock; its number is this table's alone.
const (
	postgresLedgerTable = `CREATE TABLE IF NOT EXISTS banyan_ledger (
		order_id TEXT PRIMARY KEY, trace TEXT,
		accepted_at TIMESTAMPTZ NOT NULL, written_at TIMESTAMPTZ NOT NULL)`
	postgresLedgerLock = `SELECT pg_advisory_xact_lock(7021305118)`
)

func (p *postgres) ledger(ctx context.Context) (there bool, err error) {
	err = p.pool.QueryRow(ctx, "SELECT to_regclass('banyan_ledger') IS NOT NULL").Scan(&there)
	if err != nil {
		return false, fmt.Errorf("look for banyan_ledger: %w", err)
	}
	return there, nil
}

func (p *postgres) mayCreate(ctx context.Context) (may bool, err error) {
	err = p.pool.QueryRow(ctx, "SELECT has_schema_privilege(current_schema(), 'CREATE')").Scan(&may)
	return may, err
}

// makeLedger makes banyan_ledger unless it is there.
func (p *postgres) makeLedger(ctx context.Context, pc *pgconn.PgConn) error {
	if p.ready.Load() {
		return nil
	}
	found, err := pc.Exec(ctx, "SELECT 1 WHERE to_regclass('banyan_ledger') IS NULL").ReadAll()
	if err != nil {
		return fmt.Errorf("look for banyan_ledger: %w", err)
	}
	if len(found[0].Rows) > 0 {
		_, err := pc.Exec(ctx, "BEGIN; "+postgresLedgerLock+"; "+postgresLedgerTable+"; COMMIT").ReadAll()
		if err != nil {
			rollback(ctx, pc)
			return fmt.Errorf("make banyan_ledger: %w", err)
		}
		p.db.logger.Info("banyan_ledger made")
	}
	p.ready.Store(true)
	return nil
}

func rollback(ctx context.Context, pc *pgconn.PgConn) {
	if !pc.IsClosed() {
		_, _ = pc.Exec(ctx, "ROLLBACK").ReadAll() // a connection that cannot even do this is not used again
	}
}

// prepare tries a statement and drops it again.
func (p *postgres) prepare(ctx context.Context, sql string) ([]string, error) {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	const name = "banyan_check"
	prepared, err := conn.Conn().Prepare(ctx, name, sql)
	if err != nil {
		return nil, err
	}
	columns := make([]string, len(prepared.Fields))
	for i, f := range prepared.Fields {
		columns[i] = f.Name
	}
	return columns, conn.Conn().Deallocate(ctx, name)
}
