package local

import (
	"context"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"
)

// AcceptedSince counts the orders accepted at since or later. Ids begin with the
// time, so it reads that end of their index only.
func (r *Reader) AcceptedSince(ctx context.Context, since time.Time) (n int64, err error) {
	var first ulid.ULID
	if err := first.SetTime(ulid.Timestamp(since)); err != nil {
		return 0, fmt.Errorf("count orders since %s: %w", since, err)
	}
	err = r.db.QueryRowContext(ctx, "SELECT count(*) FROM orders WHERE id >= ?", first[:]).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count orders since %s: %w", since, err)
	}
	return n, nil
}
