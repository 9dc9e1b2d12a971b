package local

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// relayName is who the audit puts down a refusal of legacy to.
const relayName = "relay"

// detail is the part of an audit entry that has no column of its own.
type detail struct {
	Changes []intake.Change `json:"changes,omitempty"`
	Before  *order.Order    `json:"before,omitempty"`
}

// audit writes an entry, in the same transaction as what it tells of.
func (t *tx) audit(seq int64, e intake.AuditEntry) {
	at := e.At
	if at.IsZero() {
		at = t.now
	}
	more := []byte("{}")
	if e.Before != nil {
		var err error
		if more, err = json.Marshal(detail{e.Changes, e.Before}); err != nil {
			panic(err) // plain fields only
		}
	}
	t.exec(t.note, seq, at.UnixNano(), string(e.Action), e.Who, e.Why, e.Cause, more)
}

// Trail returns what was done to an order since it first was a dead letter,
// oldest first. It returns order.ErrNotFound.
func (r *Reader) Trail(ctx context.Context, id string) ([]intake.AuditEntry, error) {
	f, err := r.entry(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read the audit of order %s: %w", id, err)
	}
	rows, err := r.db.QueryContext(ctx, "SELECT at, action, who, why, cause, detail FROM audit WHERE seq = ? ORDER BY n", f.seq)
	if err != nil {
		return nil, fmt.Errorf("read the audit of order %s: %w", id, err)
	}
	return collect(rows, scanAudit)
}

func scanAudit(rows *sql.Rows) (intake.AuditEntry, error) {
	var e intake.AuditEntry
	var at int64
	var more []byte
	if err := rows.Scan(&at, &e.Action, &e.Who, &e.Why, &e.Cause, &more); err != nil {
		return e, err
	}
	var d detail
	if err := json.Unmarshal(more, &d); err != nil {
		return e, fmt.Errorf("read an audit entry: %w", err)
	}
	e.At, e.Changes, e.Before = fromNanos(at), d.Changes, d.Before
	return e, nil
}
