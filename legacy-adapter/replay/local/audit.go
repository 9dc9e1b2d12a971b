package local

import (
	"context"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/legacy-adapter/replay"
)

// entry is an entry of the audit as it is kept.
type entry struct {
	replay.AuditEntry
	before []byte // of edited: the body as it was
}

// note adds an entry.
func (t *tx) note(seq int64, e entry) error {
	return t.exec(`INSERT INTO audit (seq, at, action, who, why, cause, before) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		seq, e.At.UnixNano(), string(e.Action), e.Who, e.Why, e.Cause, e.before)
}

func (t *tx) noteAct(d letter, at time.Time, action replay.Action, by replay.Act) error {
	return t.note(d.seq, entry{replay.AuditEntry{At: at, Action: action, Who: by.Who, Why: by.Why, Cause: d.cause}, nil})
}

// Trail returns what happened to a dead letter, oldest first; also after it was
// mended.
func (r *Reader) Trail(ctx context.Context, id string) ([]replay.AuditEntry, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT at, action, who, why, cause FROM audit
		WHERE seq = (SELECT seq FROM requests WHERE id = ?) ORDER BY n`, id)
	if err != nil {
		return nil, fmt.Errorf("read the audit of %s: %w", id, err)
	}
	defer rows.Close()
	var trail []replay.AuditEntry
	for rows.Next() {
		var e replay.AuditEntry
		var at int64
		if err := rows.Scan(&at, &e.Action, &e.Who, &e.Why, &e.Cause); err != nil {
			return nil, fmt.Errorf("read the audit of %s: %w", id, err)
		}
		e.At = fromNanos(at)
		trail = append(trail, e)
	}
	return trail, rows.Err()
}

// deadLimit is how many dead letters a list has where its filter does not say.
const deadLimit = 100

// Dead returns dead letters, without their bodies.
func (r *Reader) Dead(ctx context.Context, f replay.DeadFilter) ([]replay.Capture, error) {
	limit := f.Limit
	if limit == 0 {
		limit = deadLimit
	}
	rows, err := r.db.QueryContext(ctx, columns+`WHERE e.state = 5 AND e.seq > coalesce((SELECT seq FROM requests WHERE id = ?), 0)
		AND (? = '' OR instr(lower((CAST(r.head AS TEXT) ->> '$.rule') || ' request: ' || e.cause), lower(?)) > 0) ORDER BY e.seq LIMIT ?`, f.After, f.Cause, f.Cause, limit)
	if err != nil {
		return nil, fmt.Errorf("list dead captures: %w", err)
	}
	defer rows.Close()
	var list []replay.Capture
	for rows.Next() {
		c, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list dead captures: %w", err)
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// Causes groups the dead letters, the largest group first.
func (r *Reader) Causes(ctx context.Context) ([]replay.Cause, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT rule, cause, n, oldest, newest, (SELECT id FROM requests WHERE seq = first) FROM (
		SELECT CAST(r.head AS TEXT) ->> '$.rule' AS rule, e.cause AS cause, count(*) AS n,
		min(e.at) AS oldest, max(e.at) AS newest, min(e.seq) AS first
		FROM ended e JOIN requests r ON r.seq = e.seq WHERE e.state = 5 GROUP BY 1, 2) ORDER BY n DESC, first`)
	if err != nil {
		return nil, fmt.Errorf("group the dead captures: %w", err)
	}
	defer rows.Close()
	var causes []replay.Cause
	for rows.Next() {
		var c replay.Cause
		var oldest, newest int64
		if err := rows.Scan(&c.Rule, &c.Cause, &c.Count, &oldest, &newest, &c.Example); err != nil {
			return nil, fmt.Errorf("group the dead captures: %w", err)
		}
		c.Oldest, c.Newest = fromNanos(oldest), fromNanos(newest)
		causes = append(causes, c)
	}
	return causes, rows.Err()
}
