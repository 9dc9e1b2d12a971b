package local

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
)

// Reader reads a store, beside a process that writes to it.
type Reader struct{ db *sql.DB }

// readers is how many queries run at once.
const readers = 4

// OpenReader opens the file at path, which must be there.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path, url.Values{"_pragma": {"busy_timeout(5000)", "query_only(1)"}}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	var version int
	err = db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	if err == nil && version < len(migrations()) {
		err = fmt.Errorf("%s was made by an older banyan: start \"banyan up\" once on its folder, which brings it up to date", path)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Reader{db}, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.db.Close() }

// Due returns captures to be worked on.
func (r *Reader) Due(ctx context.Context, now time.Time, limit int) ([]replay.Head, time.Time, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT q.seq, r.id, q.session FROM queue q JOIN requests r ON r.seq = q.seq
		WHERE q.first = 1 AND q.state <> 1 AND q.due_at <= ? ORDER BY q.due_at, q.seq LIMIT ?`, now.UnixNano(), limit)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read what is due: %w", err)
	}
	defer rows.Close()
	var heads []replay.Head
	for rows.Next() {
		var h replay.Head
		if err := rows.Scan(&h.Seq, &h.ID, &h.Session); err != nil {
			return nil, time.Time{}, fmt.Errorf("read what is due: %w", err)
		}
		heads = append(heads, h)
	}
	if err := rows.Err(); err != nil {
		return nil, time.Time{}, fmt.Errorf("read what is due: %w", err)
	}
	var next int64
	err = r.db.QueryRowContext(ctx, `SELECT due_at FROM queue WHERE first = 1 AND state <> 1 AND due_at > ? ORDER BY due_at LIMIT 1`, now.UnixNano()).Scan(&next)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, time.Time{}, fmt.Errorf("read when something is due: %w", err)
	}
	return heads, fromNanos(next), nil
}

// Head returns the earliest capture of a session that has not ended.
func (r *Reader) Head(ctx context.Context, session string) (replay.Head, bool, error) {
	h := replay.Head{Session: session}
	err := r.db.QueryRowContext(ctx, `SELECT q.seq, r.id FROM queue q JOIN requests r ON r.seq = q.seq
		WHERE q.session = ? ORDER BY q.seq LIMIT 1`, session).Scan(&h.Seq, &h.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return h, false, nil
	}
	return h, err == nil, err
}

// columns are those of a capture, in the order in which scan reads them.
const columns = `SELECT r.seq, r.id, r.accepted_at, r.session, r.key, r.head, q.told, coalesce(q.doubt, e.doubt), q.sent_at, q.due_at,
	coalesce(q.state, e.state), coalesce(q.attempts, e.attempts), coalesce(q.cause, e.cause), e.at,
	coalesce(q.failures, 0), coalesce(q.failing_since, 0)
	FROM requests r LEFT JOIN queue q ON q.seq = r.seq LEFT JOIN ended e ON e.seq = r.seq `

func scan(row interface{ Scan(...any) error }) (c replay.Capture, err error) {
	var head []byte
	var accepted int64
	var told, doubt sql.NullBool
	var sent, due, ended, state, attempts sql.NullInt64
	var cause sql.NullString
	var since int64
	err = row.Scan(&c.Seq, &c.ID, &accepted, &c.Session, &c.Key, &head, &told, &doubt, &sent, &due, &state, &attempts, &cause, &ended, &c.Failures, &since)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return c, order.ErrNotFound
	case err != nil:
		return c, err
	case !state.Valid:
		return c, fmt.Errorf("captured request %s stands nowhere", c.ID)
	}
	c.AcceptedAt, c.Told, c.Doubt = time.Unix(0, accepted).UTC(), told.Bool, doubt.Bool
	c.SentAt, c.DueAt, c.EndedAt = fromNanos(sent.Int64), fromNanos(due.Int64), fromNanos(ended.Int64)
	c.FailingSince = fromNanos(since)
	c.State, c.Attempts, c.Cause = replay.State(state.Int64), int(attempts.Int64), cause.String
	if err := json.Unmarshal(head, &c.Request); err != nil {
		return c, fmt.Errorf("read captured request %s: %w", c.ID, err)
	}
	return c, nil
}

// Load returns a capture whole.
func (r *Reader) Load(ctx context.Context, seq int64) (replay.Capture, error) {
	c, err := scan(r.db.QueryRowContext(ctx, columns+`WHERE r.seq = ?`, seq))
	if err == nil {
		err = r.db.QueryRowContext(ctx, `SELECT body FROM requests WHERE seq = ?`, seq).Scan(&c.Body)
	}
	if err != nil {
		return c, fmt.Errorf("read captured request %d: %w", seq, err)
	}
	return c, nil
}

// Find returns a capture without its body, and legacy's answer.
func (r *Reader) Find(ctx context.Context, id string) (replay.Record, error) {
	c, err := scan(r.db.QueryRowContext(ctx, columns+`WHERE r.id = ?`, id))
	if err != nil {
		return replay.Record{}, fmt.Errorf("find captured request %s: %w", id, err)
	}
	record := replay.Record{Capture: c}
	var a replay.Answer
	var header []byte
	err = r.db.QueryRowContext(ctx, `SELECT status, header, body, cut FROM answers WHERE seq = ?`, c.Seq).Scan(&a.Status, &header, &a.Body, &a.Cut)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return record, nil
	case err == nil:
		err = json.Unmarshal(header, &a.Header)
	}
	if err != nil {
		return record, fmt.Errorf("read the answer to %s: %w", id, err)
	}
	record.Answer = &a
	return record, nil
}

// Ledger counts. It is read in one statement, and so at one moment.
func (r *Reader) Ledger(ctx context.Context) (l order.Ledger, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT accepted, written, dead, cancelled, (SELECT count(*) FROM queue) FROM ledger`).
		Scan(&l.Accepted, &l.Written, &l.Dead, &l.Cancelled, &l.Waiting)
	if err != nil {
		return l, fmt.Errorf("count captured requests: %w", err)
	}
	return l, nil
}
