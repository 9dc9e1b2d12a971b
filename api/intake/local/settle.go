package local

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// Settle records what became of deliveries, durably, in one transaction with
// whatever else waits. Settling an order that is settled changes nothing. An
// order that is not in the store is an error, and does not keep the others from
// being settled.
func (s *Store) Settle(ctx context.Context, all []order.Settlement) error {
	edits := s.edits.Load() // before the orders are read
	orders, err := s.Reader.unitsBySeq(ctx, all)
	if err != nil {
		return fmt.Errorf("settle %d orders: %w", len(all), err)
	}
	err = s.writer.do(ctx, func(t *tx) error {
		for _, st := range all {
			o, found := orders[st.Seq]
			if !found || o.id != st.OrderID {
				continue
			}
			if t.edited || s.edits.Load() != edits {
				o.units = t.unitsOf(st.Seq)
			}
			t.settle(st, o.units)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settle %d orders: %w", len(all), err)
	}
	return unknownAmong(all, orders)
}

// unknownAmong returns an error that names the settlements of orders that are
// not in the store.
func unknownAmong(all []order.Settlement, orders map[int64]settled) error {
	var unknown []error
	for _, st := range all {
		if orders[st.Seq].id != st.OrderID {
			unknown = append(unknown, fmt.Errorf("settle order %s (seq %d): %w", st.OrderID, st.Seq, order.ErrNotFound))
		}
	}
	return errors.Join(unknown...)
}

// settled is what settling an order needs to know of it. It changes only when
// somebody corrects a dead letter, so it is read ahead of the transaction,
// beside the writer, and once more inside where orders were corrected since.
type settled struct {
	id    string
	units []units
}

func (r *Reader) unitsBySeq(ctx context.Context, all []order.Settlement) (map[int64]settled, error) {
	seqs := make([]int64, len(all))
	for i, st := range all {
		seqs[i] = st.Seq
	}
	list, err := json.Marshal(seqs)
	if err != nil {
		return nil, err
	}
	rows, err := r.db.QueryContext(ctx, "SELECT seq, body FROM orders WHERE seq IN (SELECT value FROM json_each(?))", string(list))
	if err != nil {
		return nil, err
	}
	orders := make(map[int64]settled, len(all))
	_, err = collect(rows, func(rows *sql.Rows) (struct{}, error) {
		var seq int64
		var body []byte
		if err := rows.Scan(&seq, &body); err != nil {
			return struct{}{}, err
		}
		var o order.Order
		err := decode(seq, body, &o)
		orders[seq] = settled{o.ID, unitsOf(o)}
		return struct{}{}, err
	})
	return orders, err
}

func (t *tx) settle(st order.Settlement, all []units) {
	at := st.At
	if at.IsZero() {
		at = t.now
	}
	switch st.Disposition {
	case order.DispositionWritten, order.DispositionDuplicate:
		t.written(st, at, all)
	case order.DispositionDeferred:
		t.exec(t.deferQueued, nanos(st.DueAt), st.Cause, st.Seq)
	case order.DispositionRejected:
		if t.exec(t.bury, at.UnixNano(), st.Cause, st.Seq) == 1 {
			t.exec(t.unqueue, st.Seq)
			t.events.dead++
			t.audit(st.Seq, intake.AuditEntry{At: at, Action: intake.Refused, Who: relayName, Cause: st.Cause})
		}
	}
}

// written ends an order as sold. Legacy has it, whatever was thought of it
// here, so that counts also for a dead letter, and for an order that was taken
// back while its delivery was on the way.
func (t *tx) written(st order.Settlement, at time.Time, all []units) {
	seq := st.Seq
	const state, attempt = int64(order.Written), int64(1)
	switch {
	case t.exec(t.endQueued, state, attempt, at.UnixNano(), "", seq) == 1:
		t.exec(t.unqueue, seq)
		t.sell(all)
	case t.exec(t.endDead, state, attempt, at.UnixNano(), "", seq) == 1:
		t.exec(t.undead, seq)
		t.sell(all)
		t.events.dead--
	case t.exec(t.overrule, at.UnixNano(), seq) == 1:
		t.w.store.log.Warn("order written after it was taken back", "order_id", st.OrderID)
		t.sellUnheld(all)
		t.events.cancelled--
	default:
		return
	}
	t.events.written++
}

// nanos is t in Unix nanoseconds, zero for no time.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// fromNanos is the inverse of nanos.
func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
