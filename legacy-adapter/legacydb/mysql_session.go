package legacydb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
)

// mysqlSession is one connection with the mapping prepared on it, for one batch.
type mysqlSession struct {
	m        *mysql
	db       *DB
	conn     *mysqlConn
	spoilt   bool // the connection is not to be used again
	outdated bool // what was known of the schema may not be so any more
}

// The ledger row is a plain INSERT, and the error that the row is there already
// is what makes a duplicate. INSERT IGNORE would pass over every other error as
// well, and ON DUPLICATE KEY UPDATE answers the same for a new row as for an old
// one where found rows are counted.
const (
	mysqlLedgerInsert = "INSERT INTO banyan_ledger (order_id, trace, accepted_at, written_at) VALUES "
	mysqlLedgerValues = "(?, ?, ?, ?)"
	mysqlLedgerRow    = mysqlLedgerInsert + mysqlLedgerValues
)

// with takes a connection, prepares what it lacks and does the work. It returns
// an error where it did not come to that.
func (m *mysql) with(ctx context.Context, do func(*mysqlSession)) error {
	conn, err := m.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to legacy: %w", err)
	}
	defer conn.Close() // gives it back
	var failed error
	did := false
	err = conn.Raw(func(raw any) error {
		s := &mysqlSession{m: m, db: m.db, conn: raw.(*mysqlConn)}
		did = true
		if failed = s.ready(ctx); failed == nil {
			do(s)
		} else {
			s.verdict(failed)
		}
		if s.outdated {
			m.ready.Store(false)
			s.conn.forget()
		}
		if s.spoilt {
			return driver.ErrBadConn // so that it is closed
		}
		return nil
	})
	if !did {
		return fmt.Errorf("connect to legacy: %w", err)
	}
	return failed
}

// ready sees to it that banyan_ledger exists and that the statements are
// prepared on this connection, which they are from its second batch on.
func (s *mysqlSession) ready(ctx context.Context) error {
	if err := s.m.makeLedger(ctx, s.conn); err != nil {
		return err
	}
	if err := s.conn.keep(ctx, mysqlLedgerRow); err != nil {
		return fmt.Errorf("prepare the ledger row: %w", err)
	}
	for _, stmt := range s.db.statements() {
		if err := mysqlPermitted(stmt.sql); err != nil {
			return mysqlMisfit{fmt.Errorf("statement %d: %w", stmt.number, err)}
		}
		if err := s.conn.keep(ctx, stmt.sql); err != nil {
			return fmt.Errorf("prepare statement %d: %w", stmt.number, err)
		}
	}
	return nil
}

func (s *mysqlSession) open(ctx context.Context) error {
	if s.conn.hurried {
		if err := s.conn.patient(ctx); err != nil {
			return err
		}
	}
	return s.conn.exec(ctx, "START TRANSACTION")
}

// commit commits. An error that is no answer of the server leaves open whether
// it did; the orders are then deferred, and the ledger tells when they are
// tried again.
func (s *mysqlSession) commit(ctx context.Context) error {
	if err := s.db.spendLatency(ctx); err != nil {
		return err
	}
	return s.conn.exec(ctx, "COMMIT")
}

// undo ends a transaction that failed and passes the reason on.
func (s *mysqlSession) undo(ctx context.Context, reason error) error {
	if s.conn.exec(ctx, "ROLLBACK") != nil {
		s.spoilt = true
	}
	return reason
}

// claim puts the batch's rows into banyan_ledger, sorted so that two batches
// take them in the same sequence. Orders that have one already are duplicates;
// another transaction that is just writing one of them is waited for.
func (s *mysqlSession) claim(ctx context.Context, b *batch) (err error) {
	for range tries {
		var fresh []*order.Order
		for i := range b.orders {
			if !b.decided[i] {
				fresh = append(fresh, &b.orders[i])
			}
		}
		if len(fresh) == 0 {
			return nil
		}
		slices.SortFunc(fresh, func(x, y *order.Order) int { return strings.Compare(x.ID, y.ID) })
		if err = s.claimAll(ctx, b, fresh); mysqlNumber(err) != mysqlDuplicate {
			return err
		}
		if err := s.findDuplicates(ctx, b, fresh); err != nil {
			return err
		}
	}
	return fmt.Errorf("write the ledger rows: %w", err)
}

func (s *mysqlSession) claimAll(ctx context.Context, b *batch, fresh []*order.Order) error {
	if len(fresh) == 1 {
		return s.claimOne(ctx, b, fresh[0])
	}
	var args []any
	for _, o := range fresh {
		args = append(args, mysqlLedgerArgs(b, o)...)
	}
	values := strings.Repeat(mysqlLedgerValues+", ", len(fresh)-1) + mysqlLedgerValues
	if _, err := s.conn.once(ctx, mysqlLedgerInsert+values, args...); err != nil {
		return fmt.Errorf("write the ledger rows: %w", err)
	}
	return nil
}

func (s *mysqlSession) claimOne(ctx context.Context, b *batch, o *order.Order) error {
	if _, err := s.conn.run(ctx, s.conn.kept[mysqlLedgerRow], mysqlLedgerArgs(b, o)); err != nil {
		return fmt.Errorf("write the ledger row: %w", err)
	}
	return nil
}

func mysqlLedgerArgs(b *batch, o *order.Order) []any {
	return []any{o.ID, orNull(o.Trace), o.AcceptedAt.UTC(), b.now.UTC()}
}

// findDuplicates decides the orders whose row is in banyan_ledger.
func (s *mysqlSession) findDuplicates(ctx context.Context, b *batch, among []*order.Order) error {
	args := make([]any, len(among))
	for i, o := range among {
		args[i] = o.ID
	}
	found, err := s.conn.once(ctx, "SELECT order_id FROM banyan_ledger WHERE order_id IN (?"+
		strings.Repeat(", ?", len(among)-1)+")", args...)
	if err != nil {
		return fmt.Errorf("look up orders in the legacy ledger: %w", err)
	}
	for i, o := range b.orders {
		if !b.decided[i] && slices.Contains(found.all, o.ID) {
			b.decide(i, duplicate)
		}
	}
	return nil
}

// call runs calls one after the other, checks how many rows each changed, and
// keeps the rows that later statements ask for.
func (s *mysqlSession) call(ctx context.Context, calls []call, have []rows) error {
	for _, c := range calls {
		answer, err := s.conn.run(ctx, s.conn.kept[c.stmt.sql], c.args)
		if err != nil {
			return fmt.Errorf("statement %d: %w", c.stmt.number, err)
		}
		if wrong := c.stmt.checkRows(answer.count); wrong != nil {
			return rowsError{*wrong}
		}
		if c.stmt.As != "" {
			have[c.order] = have[c.order].with(c.stmt, answer.row)
		}
	}
	return nil
}

// verdict says what an error means, and drops what does not fit the server or
// its schema any more.
func (s *mysqlSession) verdict(err error) verdict {
	var wrong rowsError
	if errors.As(err, &wrong) {
		return wrong.verdict
	}
	v := s.m.classify(err)
	if v.away {
		s.outdated = true
		s.spoilt = s.spoilt || v.stop // the next connection may be to the server that took over
	}
	return v
}
