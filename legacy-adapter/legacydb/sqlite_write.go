package legacydb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

const (
	sqliteLedgerRow = `INSERT INTO banyan_ledger (order_id, trace, accepted_at, written_at)
		VALUES (?, ?, ?, ?) ON CONFLICT (order_id) DO NOTHING`
	sqliteSave    = "SAVEPOINT banyan_order"
	sqliteRelease = "RELEASE banyan_order"
	sqliteUndo    = "ROLLBACK TO banyan_order"
)

// write writes the orders one by one in one transaction. Where the database
// checks something at the commit only, each order is taken in a transaction of
// its own.
func (l *sqlite) write(ctx context.Context, b *batch) {
	select {
	case l.writing <- struct{}{}:
		defer func() { <-l.writing }()
	case <-ctx.Done():
		b.deferAll(l.classify(ctx.Err()), ctx.Err())
		return
	}
	if err := l.ready(ctx); err != nil {
		b.deferAll(gone(l.classify(err).cause), err)
		return
	}
	err := l.transaction(ctx, b)
	if err == nil {
		return
	}
	v := l.classify(err)
	switch {
	case v.disposition != order.DispositionRejected:
		b.deferAll(v, err)
	case len(b.orders) == 1:
		b.decide(0, v.outcome(err))
	default:
		l.alone(ctx, b)
	}
}

// ready sees to it that banyan_ledger exists and the statements are prepared.
func (l *sqlite) ready(ctx context.Context) error {
	if len(l.kept) > 0 {
		return nil
	}
	if _, err := l.pool.ExecContext(ctx, sqliteLedgerTable); err != nil {
		return fmt.Errorf("make banyan_ledger: %w", err)
	}
	texts := []string{sqliteLedgerRow, sqliteSave, sqliteRelease, sqliteUndo}
	for _, s := range l.db.statements() {
		texts = append(texts, s.sql)
	}
	kept := make(map[string]*sql.Stmt, len(texts))
	for _, text := range texts {
		stmt, err := l.pool.PrepareContext(ctx, text)
		if err != nil {
			for _, s := range kept {
				err = errors.Join(err, s.Close())
			}
			return fmt.Errorf("prepare: %w", err)
		}
		kept[text] = stmt
	}
	l.kept = kept
	return nil
}

// sqliteTx is a transaction with the prepared statements bound to it.
type sqliteTx struct {
	l    *sqlite
	tx   *sql.Tx
	stmt map[string]*sql.Stmt
}

func (l *sqlite) transaction(ctx context.Context, b *batch) error {
	tx, err := l.pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	t := &sqliteTx{l, tx, make(map[string]*sql.Stmt, len(l.kept))}
	for text, stmt := range l.kept {
		t.stmt[text] = tx.StmtContext(ctx, stmt)
	}
	if err := t.writeAll(ctx, b); err != nil {
		_ = tx.Rollback() // the reason is what matters; SQLite may have rolled back already
		return err
	}
	b.writeRest()
	return nil
}

func (t *sqliteTx) writeAll(ctx context.Context, b *batch) error {
	for i := range b.orders {
		if b.waits(i) {
			continue
		}
		if err := t.one(ctx, b, i); err != nil {
			return err
		}
	}
	if err := t.l.db.spendLatency(ctx); err != nil {
		return err
	}
	return t.tx.Commit()
}

// one writes order i behind a savepoint and decides it unless it went well. It
// returns an error only where the whole transaction is lost.
func (t *sqliteTx) one(ctx context.Context, b *batch, i int) error {
	if err := t.exec(ctx, sqliteSave); err != nil {
		return err
	}
	if err := t.steps(ctx, b, i); err != nil {
		v := t.l.classify(err)
		if v.stop {
			return err
		}
		if err := t.exec(ctx, sqliteUndo); err != nil {
			return fmt.Errorf("undo one order: %w", err)
		}
		b.decide(i, v.outcome(err))
	}
	return t.exec(ctx, sqliteRelease)
}

func (t *sqliteTx) steps(ctx context.Context, b *batch, i int) error {
	o := &b.orders[i]
	done, err := t.stmt[sqliteLedgerRow].ExecContext(ctx, o.ID, orNull(o.Trace), timeText(o.AcceptedAt), timeText(b.now))
	if err != nil {
		return fmt.Errorf("write the ledger row: %w", err)
	}
	if added, err := done.RowsAffected(); err != nil || added == 0 {
		b.decide(i, duplicate)
		return err
	}
	var have rows
	for _, s := range b.plan.statements {
		if err := columnsOf(s, have); err != nil {
			return err
		}
		for _, c := range s.calls(b, i, have) {
			count, row, err := t.call(ctx, c)
			if err != nil {
				return fmt.Errorf("statement %d: %w", s.number, err)
			}
			if wrong := s.checkRows(count); wrong != nil {
				return rowsError{*wrong}
			}
			if s.As != "" {
				have = have.with(s, row)
			}
		}
	}
	return nil
}

// columnsOf checks that the rows that a statement refers to have its columns.
func columnsOf(s *statement, have rows) error {
	for _, a := range s.args {
		if a.row == nil {
			continue
		}
		if _, ok := have[a.row][a.column]; !ok {
			return columnError{s, a}
		}
	}
	return nil
}

func (t *sqliteTx) exec(ctx context.Context, text string) error {
	_, err := t.stmt[text].ExecContext(ctx)
	return err
}

// call runs one call and returns how many rows it changed or returned, and the
// first of those.
func (t *sqliteTx) call(ctx context.Context, c call) (count int64, row map[string]any, err error) {
	for i, value := range c.args {
		if at, ok := value.(time.Time); ok {
			c.args[i] = timeText(at)
		}
	}
	stmt := t.stmt[c.stmt.sql]
	if c.stmt.As == "" {
		done, err := stmt.ExecContext(ctx, c.args...)
		if err != nil {
			return 0, nil, err
		}
		count, err = done.RowsAffected()
		return count, nil, err
	}
	found, err := stmt.QueryContext(ctx, c.args...)
	if err != nil {
		return 0, nil, err
	}
	defer found.Close()
	for found.Next() {
		if count++; count == 1 {
			if row, err = scanRow(found); err != nil {
				return 0, nil, err
			}
		}
	}
	return count, row, found.Err()
}

func scanRow(found *sql.Rows) (map[string]any, error) {
	names, err := found.Columns()
	if err != nil {
		return nil, err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	if err := found.Scan(into...); err != nil {
		return nil, err
	}
	row := make(map[string]any, len(names))
	for i, name := range names {
		row[strings.ToLower(name)] = values[i]
	}
	return row, nil
}

// alone writes each order in a transaction of its own.
func (l *sqlite) alone(ctx context.Context, b *batch) {
	b.reset()
	for i := range b.orders {
		if b.waits(i) {
			continue
		}
		own := b.only(i)
		if err := l.transaction(ctx, own); err != nil {
			own.decide(0, l.classify(err).outcome(err))
		}
		b.decide(i, own.outcomes[0])
	}
}
