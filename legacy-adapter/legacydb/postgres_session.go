package legacydb

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/banyan-edge/banyan/api/order"
)

// session is one connection with the mapping prepared on it, for one batch.
// Values travel in their text form: PostgreSQL itself then reads them as
// whatever type the column has, and a value that it cannot read is an error of
// that order.
type session struct {
	p        *postgres
	db       *DB
	conn     *pgxpool.Conn
	pc       *pgconn.PgConn
	prepared map[*statement]*pgconn.StatementDescription
	ledger   *pgconn.StatementDescription
	locked   bool // an order waited for a row in vain
	spoilt   bool // the connection is not to be used again
}

// postgresLedgerRows adds the rows of a whole batch and returns the ids that
// were not there yet. Another transaction that is just writing one of the
// orders is waited for.
const postgresLedgerRows = `INSERT INTO banyan_ledger (order_id, trace, accepted_at, written_at)
	SELECT id, trace, accepted_at, $4::timestamptz
	FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS l (id, trace, accepted_at)
	ORDER BY id
	ON CONFLICT (order_id) DO NOTHING RETURNING order_id`

// session takes a connection and prepares what it lacks.
func (p *postgres) session(ctx context.Context) (*session, error) {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to legacy: %w", err)
	}
	s := &session{p: p, db: p.db, conn: conn, pc: conn.Conn().PgConn(), prepared: make(map[*statement]*pgconn.StatementDescription)}
	if err := s.ready(ctx); err != nil {
		s.spoilt = true
		s.release()
		return nil, err
	}
	return s, nil
}

// release gives the connection back. Where it is spoilt it is closed first, and
// what was known of the schema is forgotten.
func (s *session) release() {
	if s.spoilt {
		s.p.ready.Store(false)
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		_ = s.conn.Conn().Close(ctx) // it is given up on either way
	}
	s.conn.Release()
}

const closeTimeout = time.Second

// ready sees to it that banyan_ledger exists and that the statements are
// prepared on this connection, which they are from its second batch on.
func (s *session) ready(ctx context.Context) (err error) {
	if err := s.p.makeLedger(ctx, s.pc); err != nil {
		return err
	}
	if s.ledger, err = s.conn.Conn().Prepare(ctx, "banyan_ledger", postgresLedgerRows); err != nil {
		return fmt.Errorf("prepare the ledger row: %w", err)
	}
	for _, stmt := range s.db.statements() {
		s.prepared[stmt], err = s.conn.Conn().Prepare(ctx, "banyan_"+stmt.mapping+strconv.Itoa(stmt.number), stmt.sql)
		if err != nil {
			return fmt.Errorf("prepare statement %d: %w", stmt.number, err)
		}
		if err := s.columns(stmt); err != nil {
			return err
		}
	}
	return nil
}

// columns checks that the rows that a statement refers to have its columns.
func (s *session) columns(stmt *statement) error {
	for _, a := range stmt.args {
		if a.row == nil {
			continue
		}
		returned := s.prepared[a.row].Fields
		if !slices.ContainsFunc(returned, func(f pgconn.FieldDescription) bool { return strings.EqualFold(f.Name, a.column) }) {
			return columnError{stmt, a}
		}
	}
	return nil
}

// How long an order waits for a row that somebody else holds: a third of what
// the batch has left, so that there is time to write the orders that do not
// need the row. Once a wait was in vain, the next ones are short.
const (
	lockTimeout      = 10 * time.Second
	lockTimeoutAgain = 100 * time.Millisecond
)

func (s *session) open(ctx context.Context) error {
	wait := lockTimeout
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)/3)
	}
	if s.locked {
		wait = lockTimeoutAgain
	}
	return s.exec(ctx, "BEGIN; "+lockWait(wait))
}

// lockWait sets the time; none at all would be for ever.
func lockWait(d time.Duration) string {
	return fmt.Sprintf("SET LOCAL lock_timeout = %d", max(1, d.Milliseconds()))
}

// commit commits. An error that is no answer of the server leaves open whether
// it did; the orders are then deferred, and the ledger tells when they are
// tried again.
func (s *session) commit(ctx context.Context) error {
	if err := s.db.spendLatency(ctx); err != nil {
		return err
	}
	done, err := s.pc.Exec(ctx, "COMMIT").ReadAll()
	if err == nil && done[0].CommandTag.String() != "COMMIT" {
		err = fmt.Errorf("commit: the database answered %s", done[0].CommandTag)
	}
	return err
}

func (s *session) exec(ctx context.Context, sql string) error {
	_, err := s.pc.Exec(ctx, sql).ReadAll()
	return err
}

// ledgerRows adds the orders' rows to banyan_ledger and returns the ids, sorted,
// that were not there before.
func (s *session) ledgerRows(ctx context.Context, orders []order.Order, now time.Time) ([]string, error) {
	var ids, traces, accepted postgresArray
	for i := range orders {
		ids.add(orders[i].ID)
		traces.add(orders[i].Trace)
		accepted.add(timeText(orders[i].AcceptedAt))
	}
	args := [][]byte{ids.text(), traces.text(), accepted.text(), []byte(timeText(now))}
	result := s.pc.ExecStatement(ctx, s.ledger, args, nil, nil).Read()
	if result.Err != nil {
		return nil, fmt.Errorf("write the ledger rows: %w", result.Err)
	}
	added := make([]string, len(result.Rows))
	for i, row := range result.Rows {
		added[i] = string(row[0])
	}
	slices.Sort(added)
	return added, nil
}

// run sends calls in one go, checks how many rows each changed, and keeps the
// rows that later statements ask for.
func (s *session) run(ctx context.Context, calls []call, have []rows) error {
	if len(calls) == 0 {
		return nil
	}
	var pipeline pgconn.Batch
	for _, c := range calls {
		args := make([][]byte, len(c.args))
		for i, value := range c.args {
			args[i] = postgresText(value)
		}
		pipeline.ExecStatement(s.prepared[c.stmt], args, nil, nil)
	}
	results, err := s.pc.ExecBatch(ctx, &pipeline).ReadAll()
	if err != nil {
		return fmt.Errorf("write orders: %w", err)
	}
	for i, c := range calls {
		if wrong := c.stmt.checkRows(results[i].CommandTag.RowsAffected()); wrong != nil {
			return rowsError{*wrong}
		}
		if c.stmt.As != "" && len(results[i].Rows) > 0 {
			have[c.order] = have[c.order].with(c.stmt, s.row(c.stmt, results[i].Rows[0]))
		}
	}
	return nil
}

func (s *session) row(stmt *statement, values [][]byte) map[string]any {
	row := make(map[string]any, len(values))
	for i, field := range s.prepared[stmt].Fields {
		if values[i] != nil {
			row[strings.ToLower(field.Name)] = values[i]
		}
	}
	return row
}

// with returns r and one row more.
func (r rows) with(stmt *statement, row map[string]any) rows {
	if r == nil {
		r = make(rows)
	}
	r[stmt] = row
	return r
}

// postgresText writes a value as text; nil is NULL.
func postgresText(value any) []byte {
	switch v := value.(type) {
	case string:
		return []byte(v)
	case int64:
		return strconv.AppendInt(nil, v, 10)
	case time.Time:
		return []byte(timeText(v))
	case []byte:
		return v
	}
	return nil
}

// postgresArray writes a list of strings as an array's text; an empty string
// becomes NULL.
type postgresArray struct{ b strings.Builder }

func (a *postgresArray) add(s string) {
	if a.b.Len() > 0 {
		a.b.WriteByte(',')
	}
	if s == "" {
		a.b.WriteString("NULL")
		return
	}
	a.b.WriteByte('"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			a.b.WriteByte('\\')
		}
		a.b.WriteByte(s[i])
	}
	a.b.WriteByte('"')
}

func (a *postgresArray) text() []byte { return []byte("{" + a.b.String() + "}") }
