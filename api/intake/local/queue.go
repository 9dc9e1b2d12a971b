package local

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/banyan-edge/banyan/api/order"
)

// Waiting returns up to limit orders that wait for legacy, in the order they
// were accepted, from the first whose Seq is above after. Dead letters are not
// among them; orders that are not due yet are.
func (r *Reader) Waiting(ctx context.Context, after int64, limit int) ([]order.Queued, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT q.seq, q.attempts, q.due_at, o.body
FROM queue q JOIN orders o ON o.seq = q.seq WHERE q.seq > ? ORDER BY q.seq LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read waiting orders: %w", err)
	}
	return collect(rows, scanQueued)
}

func scanQueued(rows *sql.Rows) (order.Queued, error) {
	var q order.Queued
	var due int64
	var body []byte
	if err := rows.Scan(&q.Seq, &q.Attempts, &due, &body); err != nil {
		return order.Queued{}, err
	}
	q.DueAt = fromNanos(due)
	return q, decode(q.Seq, body, &q.Order)
}
