package local

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/oklog/ulid/v2"

	"github.com/banyan-edge/banyan/api/intake"
)

// Causes groups the dead letters by cause, the largest group first.
func (r *Reader) Causes(ctx context.Context) ([]intake.Cause, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT g.cause, g.n, g.oldest, g.newest, o.id
FROM (SELECT cause, count(*) AS n, min(at) AS oldest, max(at) AS newest, min(seq) AS first FROM dead GROUP BY cause) g
JOIN orders o ON o.seq = g.first ORDER BY g.n DESC, g.cause`)
	if err != nil {
		return nil, fmt.Errorf("group the dead letters: %w", err)
	}
	return collect(rows, func(rows *sql.Rows) (intake.Cause, error) {
		var c intake.Cause
		var oldest, newest int64
		var id []byte
		err := rows.Scan(&c.Cause, &c.Orders, &oldest, &newest, &id)
		if err == nil {
			c.Example = ulid.ULID(id).String()
		}
		c.Oldest, c.Newest = fromNanos(oldest), fromNanos(newest)
		return c, err
	})
}

// DeadLetters returns dead letters in the order in which they were accepted. To
// page, set After to the last id shown.
func (r *Reader) DeadLetters(ctx context.Context, f intake.DeadFilter) ([]intake.DeadLetter, error) {
	if f.Limit <= 0 {
		f.Limit = intake.DefaultListLimit
	}
	var after int64
	if f.After != "" {
		last, err := r.entry(ctx, f.After)
		if err != nil {
			return nil, fmt.Errorf("list dead letters after %s: %w", f.After, err)
		}
		after = last.seq
	}
	rows, err := r.db.QueryContext(ctx, `SELECT d.seq, o.body, d.attempts, d.cause, d.at FROM dead d JOIN orders o ON o.seq = d.seq
WHERE d.seq > ? AND instr(lower(d.cause), lower(?)) > 0 ORDER BY d.seq LIMIT ?`, after, f.Cause, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	return collect(rows, func(rows *sql.Rows) (intake.DeadLetter, error) {
		var d intake.DeadLetter
		var seq, at int64
		var body []byte
		if err := rows.Scan(&seq, &body, &d.Attempts, &d.Cause, &at); err != nil {
			return d, err
		}
		d.Since = fromNanos(at)
		return d, decode(seq, body, &d.Order)
	})
}
