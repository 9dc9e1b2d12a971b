package legacydb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
)

// mysql is the dialect of MariaDB (10.5 and later) and MySQL 8. It differs from
// the others in what a mapping can see and do:
//
//   - RETURNING is MariaDB's, after INSERT and DELETE. A statement with as: and
//     without RETURNING or SELECT has the row (id), the number that
//     LAST_INSERT_ID would give: an AUTO_INCREMENT, or what an UPDATE put there
//     by LAST_INSERT_ID(n + 1).
//   - rows: counts the rows that an UPDATE found, whether or not it changed them.
//   - :accepted_at is UTC in the form of a DATETIME, 2026-11-27 08:00:00.123456.
//   - Tables have to be InnoDB's or another engine's with transactions; Check
//     says which are not.
//
// Everything is done at READ COMMITTED. At the server's default, REPEATABLE
// READ, InnoDB also locks the gaps next to rows that are looked for: two
// batches that add neighbouring rows then wait for each other, although no row
// is in both, and deadlock. The ledger makes the effect exactly once either
// way.
type mysql struct {
	db    *DB
	pool  *sql.DB
	ready atomic.Bool // banyan_ledger was seen
}

func (m *mysql) parameter(int) string { return "?" }
func (m *mysql) questionMarks() bool  { return true }
func (m *mysql) sql() *sql.DB         { return m.pool }

func (m *mysql) open(db *DB) error {
	config, err := mysqlConfig(db.config.Database)
	if err != nil {
		return err
	}
	m.db, m.pool = db, sql.OpenDB(mysqlConnector{config})
	m.pool.SetMaxOpenConns(db.config.Connections)
	m.pool.SetMaxIdleConns(db.config.Connections)
	return nil
}

func (m *mysql) close() error { return m.pool.Close() }

// mysqlLedgerTable compares ids byte by byte, whatever the shop's collation is.
// 191 characters are what the oldest row format can index.
const mysqlLedgerTable = `CREATE TABLE IF NOT EXISTS banyan_ledger (
	order_id VARCHAR(191) NOT NULL PRIMARY KEY, trace TEXT,
	accepted_at DATETIME(6) NOT NULL, written_at DATETIME(6) NOT NULL)
	ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`

func (m *mysql) ledger(ctx context.Context) (there bool, err error) {
	err = m.pool.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM information_schema.tables
		WHERE table_schema = DATABASE() AND table_name = 'banyan_ledger'`).Scan(&there)
	if err != nil {
		return false, fmt.Errorf("look for banyan_ledger: %w", err)
	}
	return there, nil
}

// mayCreate prepares the CREATE TABLE, for which the server looks at the
// login's rights, roles included, and makes nothing.
func (m *mysql) mayCreate(ctx context.Context) (bool, error) {
	stmt, err := m.pool.PrepareContext(ctx, mysqlLedgerTable)
	if mysqlNumber(err) == mysqlDenied {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask whether banyan_ledger could be made: %w", err)
	}
	return true, stmt.Close()
}

// makeLedger makes banyan_ledger unless it is there.
func (m *mysql) makeLedger(ctx context.Context, c *mysqlConn) error {
	if m.ready.Load() {
		return nil
	}
	there, err := c.once(ctx, `SELECT 1 FROM information_schema.tables
		WHERE table_schema = DATABASE() AND table_name = ?`, "banyan_ledger")
	if err != nil {
		return fmt.Errorf("look for banyan_ledger: %w", err)
	}
	if there.count == 0 {
		if err := c.exec(ctx, mysqlLedgerTable); err != nil {
			return fmt.Errorf("make banyan_ledger: %w", err)
		}
		m.db.logger.Info("banyan_ledger made")
	}
	m.ready.Store(true)
	return nil
}

// prepare tries a statement and drops it again. The server does not tell the
// columns of a RETURNING or SELECT before it is run.
func (m *mysql) prepare(ctx context.Context, sql string) ([]string, error) {
	if err := mysqlPermitted(sql); err != nil {
		return nil, err
	}
	stmt, err := m.pool.PrepareContext(ctx, sql)
	if err != nil {
		return nil, err
	}
	if err := stmt.Close(); err != nil {
		return nil, err
	}
	if err := m.suits(ctx, sql); err != nil {
		return nil, err
	}
	if mysqlReturns(sql) {
		return nil, nil
	}
	return []string{mysqlID}, nil
}

// suits checks what the server says of no statement before it is too late:
// tables without transactions, from which nothing can be taken back, and a
// binary log that READ COMMITTED cannot be written to.
func (m *mysql) suits(ctx context.Context, text string) error {
	var byStatement bool
	err := m.pool.QueryRowContext(ctx, "SELECT @@log_bin AND @@binlog_format = 'STATEMENT'").Scan(&byStatement)
	if err != nil {
		return fmt.Errorf("ask for the binary log's form: %w", err)
	}
	if byStatement {
		return errors.New(mysqlNumbers[1665].cause)
	}
	found, err := m.pool.QueryContext(ctx, `SELECT t.table_name, t.engine FROM information_schema.tables t
		JOIN information_schema.engines e ON e.engine = t.engine
		WHERE t.table_schema = DATABASE() AND COALESCE(e.transactions, 'NO') <> 'YES'`)
	if err != nil {
		return fmt.Errorf("ask for the tables' engines: %w", err)
	}
	defer found.Close()
	for found.Next() {
		var table, engine string
		if err := found.Scan(&table, &engine); err != nil {
			return err
		}
		if mysqlWrites(text, table) {
			return fmt.Errorf("the table %s is %s's, which has no transactions: what is written there cannot be taken back", table, engine)
		}
	}
	return found.Err()
}

// mysqlWrites reports whether a statement names a table as one that it writes.
func mysqlWrites(text, table string) bool {
	name := regexp.QuoteMeta(table)
	return regexp.MustCompile("(?i)\\b(INTO|UPDATE|DELETE\\s+FROM)\\s+[`\"]?" + name + "(\\W|$)").MatchString(text)
}

// mysqlVerbs are what a statement may begin with. Everything else, such as
// COMMIT, LOCK TABLES or CREATE, would end the transaction on the way.
var mysqlVerbs = []string{"INSERT", "REPLACE", "UPDATE", "DELETE", "SELECT", "WITH", "CALL", "SET", "DO"}

func mysqlPermitted(text string) error {
	words := mysqlWords(text)
	if len(words) > 0 && !slices.Contains(mysqlVerbs, words[0]) {
		return fmt.Errorf("%s would end the transaction: a statement can begin with %s", words[0], strings.Join(mysqlVerbs, ", "))
	}
	return nil
}

// mysqlReturns reports whether a statement returns rows.
func mysqlReturns(text string) bool {
	words := mysqlWords(text)
	if len(words) == 0 {
		return false
	}
	if words[0] == "WITH" {
		for i, word := range words {
			if word == "DELETE" || (word == "UPDATE" && words[i-1] != "FOR") {
				return false
			}
		}
		return true
	}
	return words[0] == "SELECT" || slices.Contains(words, "RETURNING")
}

// mysqlWords returns the words and signs of a statement in capitals, without
// strings, quoted names and comments.
func mysqlWords(text string) []string {
	s := &scanner{sql: text}
	for s.pos < len(s.sql) {
		s.step()
	}
	for i, word := range s.code {
		s.code[i] = strings.ToUpper(word)
	}
	return s.code
}
