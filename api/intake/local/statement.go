package local

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// statements are the writer's, prepared once.
type statements struct {
	all []*stmt

	begin, commit, rollback *stmt

	insertOrder *stmt // one accepted order
	enqueue     *stmt // all orders of a transaction at once
	claim       *stmt // a key that nobody has; changes nothing where somebody has
	findClaim   *stmt // who has it
	moveClaim   *stmt // take over an expired one
	sweepable   *stmt // the next orders whose keys may have expired
	unclaim     *stmt // give a key free, unless a later order has it

	endQueued, unqueue  *stmt // a waiting order is done
	endDead, undead     *stmt // a dead letter is done
	deferQueued, bury   *stmt // a waiting order comes back later, or becomes a dead letter
	overrule            *stmt // an order taken back was written after all
	saveStock, setStock *stmt // counts; base
	countLedger         *stmt
	findDead, findBody  *stmt // what mending needs to know of an order
	requeue, rewrite    *stmt // a dead letter waits again; a corrected order
	note                *stmt // what was done to an order
	findEnded           *stmt // the state of an order that is done

	listingStatements
}

func prepare(dc driver.Conn) (statements, error) {
	var st statements
	var err error
	for _, p := range []struct {
		to  **stmt
		sql string
	}{
		{&st.begin, `BEGIN IMMEDIATE`},
		{&st.commit, `COMMIT`},
		{&st.rollback, `ROLLBACK`},

		{&st.insertOrder, `INSERT INTO orders (seq, id, claim, fingerprint, expires_at, body) VALUES (?, ?, ?, ?, ?, ?)`},
		{&st.enqueue, `INSERT INTO queue (seq) SELECT seq FROM orders WHERE seq BETWEEN ? AND ?`},
		{&st.claim, `INSERT INTO claims (claim, seq) VALUES (?, ?) ON CONFLICT DO NOTHING`},
		{&st.findClaim, `SELECT o.fingerprint, o.expires_at, o.body FROM claims c JOIN orders o ON o.seq = c.seq WHERE c.claim = ?`},
		{&st.moveClaim, `UPDATE claims SET seq = ? WHERE claim = ?`},
		{&st.sweepable, `SELECT seq, claim, expires_at FROM orders WHERE seq > ? ORDER BY seq LIMIT ?`},
		{&st.unclaim, `DELETE FROM claims WHERE claim = ? AND seq = ?`},

		{&st.endQueued, `INSERT INTO ended (seq, state, attempts, at, cause) SELECT seq, ?, attempts + ?, ?, ? FROM queue WHERE seq = ?`},
		{&st.unqueue, `DELETE FROM queue WHERE seq = ?`},
		{&st.endDead, `INSERT INTO ended (seq, state, attempts, at, cause) SELECT seq, ?, attempts + ?, ?, ? FROM dead WHERE seq = ?`},
		{&st.undead, `DELETE FROM dead WHERE seq = ?`},
		{&st.deferQueued, `UPDATE queue SET attempts = attempts + 1, due_at = ?, cause = ? WHERE seq = ?`},
		{&st.bury, `INSERT INTO dead (seq, attempts, at, cause) SELECT seq, attempts + 1, ?, ? FROM queue WHERE seq = ?`},
		{&st.overrule, `UPDATE ended SET state = 1, attempts = attempts + 1, at = ?, cause = '' WHERE seq = ? AND state <> 1`},

		{&st.findDead, `SELECT o.body, d.cause FROM dead d JOIN orders o ON o.seq = d.seq WHERE d.seq = ?`},
		{&st.findBody, `SELECT body FROM orders WHERE seq = ?`},
		{&st.requeue, `INSERT INTO queue (seq, attempts) SELECT seq, attempts FROM dead WHERE seq = ?`},
		{&st.rewrite, `UPDATE orders SET body = ? WHERE seq = ?`},
		{&st.note, `INSERT INTO audit (seq, at, action, who, why, cause, detail) VALUES (?, ?, ?, ?, ?, ?, ?)`},

		{&st.findEnded, `SELECT state FROM ended WHERE seq = ?`},
		{&st.saveStock, `UPDATE stock SET held = ?, sold = ? WHERE sku = ?`},
		{&st.setStock, `INSERT INTO stock (sku, on_hand) VALUES (?, ?) ON CONFLICT DO UPDATE SET on_hand = excluded.on_hand`},
		{&st.countLedger, `UPDATE ledger SET accepted = accepted + ?, written = written + ?, cancelled = cancelled + ?, dead = dead + ?, swept = ?`},
	} {
		if *p.to, err = prepareOne(dc, p.sql); err != nil {
			return statements{}, errors.Join(fmt.Errorf("prepare %q: %w", p.sql, err), st.close())
		}
		st.all = append(st.all, *p.to)
	}
	for to, sql := range st.listingStatements.texts() {
		if *to, err = prepareOne(dc, sql); err != nil {
			return statements{}, errors.Join(fmt.Errorf("prepare %q: %w", sql, err), st.close())
		}
		st.all = append(st.all, *to)
	}
	return st, nil
}

// stmt is a prepared statement with room for its arguments, which the next
// execution overwrites.
type stmt struct {
	s    driver.Stmt
	args []driver.NamedValue
}

func prepareOne(dc driver.Conn, sql string) (*stmt, error) {
	s, err := dc.Prepare(sql)
	if err != nil {
		return nil, err
	}
	return &stmt{s: s}, nil
}

func (s *stmt) bind(args []any) []driver.NamedValue {
	s.args = s.args[:0]
	for i, a := range args {
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return s.args
}

// exec runs the statement and returns how many rows it changed. Arguments are
// int64, string or []byte.
func (s *stmt) exec(args ...any) (int64, error) {
	res, err := s.s.(driver.StmtExecContext).ExecContext(context.Background(), s.bind(args))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// query calls each with every row.
func (s *stmt) query(each func(row []driver.Value) error, args ...any) error {
	rows, err := s.s.(driver.StmtQueryContext).QueryContext(context.Background(), s.bind(args))
	if err != nil {
		return err
	}
	return drain(rows, each)
}

func (st statements) close() error {
	var err error
	for _, s := range st.all {
		err = errors.Join(err, s.s.Close())
	}
	return err
}
