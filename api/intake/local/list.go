package local

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// List returns orders, newest first. To page, set After to the last id shown.
func (r *Reader) List(ctx context.Context, f intake.Filter) ([]order.Record, error) {
	if f.Limit <= 0 {
		f.Limit = intake.DefaultListLimit
	}
	before := int64(math.MaxInt64)
	if f.After != "" {
		last, err := r.entry(ctx, f.After)
		if err != nil {
			return nil, fmt.Errorf("list orders after %s: %w", f.After, err)
		}
		before = last.seq
	}
	from, state := source(f)
	rows, err := r.db.QueryContext(ctx, whereabouts+"JOIN ("+from+" ORDER BY seq DESC LIMIT :limit) s ON s.seq = o.seq ORDER BY o.seq DESC",
		sql.Named("before", before), sql.Named("limit", f.Limit), sql.Named("state", int(state)))
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	return collect(rows, func(rows *sql.Rows) (order.Record, error) {
		f, err := scanFound(rows)
		return f.Record, err
	})
}

// source is the query that finds the orders. Each walks one small table from its
// end, so that a list costs the same however many orders wait.
func source(f intake.Filter) (string, order.State) {
	switch {
	case f.Dead:
		return "SELECT seq FROM dead WHERE seq < :before", 0
	case f.State == nil:
		return "SELECT seq FROM orders WHERE seq < :before", 0
	case *f.State == order.Accepted:
		return "SELECT seq FROM queue WHERE seq < :before UNION ALL SELECT seq FROM dead WHERE seq < :before", 0
	case *f.State == order.Written:
		return "SELECT seq FROM ended WHERE seq < :before AND state = 1", 0
	default:
		return "SELECT seq FROM ended WHERE seq < :before AND state <> 1 AND state = :state", *f.State
	}
}
