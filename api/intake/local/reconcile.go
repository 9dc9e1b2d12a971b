package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"

	"github.com/oklog/ulid/v2"

	"github.com/banyan-edge/banyan/api/intake"
)

// Reconcile brings the stock in line with what legacy has on hand, which
// changes behind our back: legacy sells in its own shop, and is restocked. read
// returns legacy's count by SKU. SKUs that only legacy knows are added; those
// it does not list stay as they are.
//
// Nothing stops meanwhile, so the two counts are of different moments. Say that
// legacy has L on hand when it is read. The units that it had when nothing was
// sold by us are L + W, where W are the units of our orders that are in it at
// that moment. We know of W only
//
//	sold before the read ≤ W ≤ sold now + held now
//
// because an order may be in legacy and not be settled here yet. The lower end
// is taken: what is left to promise and what is promised and not in legacy is
// then never more than legacy has. Where deliveries are under way it is too low
// by the units that they write, for as long as it takes to settle them and
// reconcile again; when none is, it is exact, however many orders wait. A legacy
// that can also say which orders it has is reconciled exactly, by ReconcileAt.
func (s *Store) Reconcile(ctx context.Context, read func(context.Context) (map[string]int, error)) ([]intake.Adjustment, error) {
	before, err := s.Stocks(ctx)
	if err != nil {
		return nil, fmt.Errorf("reconcile stock: %w", err)
	}
	onHand, err := read(ctx)
	if err != nil {
		return nil, fmt.Errorf("reconcile stock: read legacy's: %w", err)
	}
	base := maps.Clone(onHand)
	for _, st := range before {
		if _, listed := onHand[st.SKU]; listed {
			base[st.SKU] += st.Sold
		}
	}
	return s.rebase(ctx, base)
}

// rebase takes over how many units legacy had when nothing was sold by us.
func (s *Store) rebase(ctx context.Context, base map[string]int) (changed []intake.Adjustment, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		changed = t.adjust(base)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reconcile stock: %w", err)
	}
	return changed, nil
}

// maxAsked is how many orders legacy is asked about at each reconciling, those
// accepted first. More wait in a long queue, but what may be in legacy and not
// be settled is what the relay has in hand, and that is at its head.
const maxAsked = 10_000

// ReconcileAt is Reconcile with a legacy that can also say which orders it has,
// at the very moment of its stock. The units W of our orders that are in it are
// then known, whatever is under way:
//
//	W = sold before the moment + those of the orders in it that were not settled before the moment
//
// The latter are found by asking for every order that waited before the moment
// and every one accepted since; an order that was settled meanwhile is among
// them. What they leave out (an order beyond maxAsked, or one taken back while
// its delivery was under way) makes the count too low until it is settled, and
// never too high.
func (s *Store) ReconcileAt(ctx context.Context, legacy intake.Moment) ([]intake.Adjustment, error) {
	before, err := s.Reader.unsettled(ctx)
	if err != nil {
		return nil, fmt.Errorf("reconcile stock: %w", err)
	}
	base, err := legacy.Stock(ctx)
	if err != nil {
		return nil, fmt.Errorf("reconcile stock: read legacy's: %w", err)
	}
	base = maps.Clone(base)
	since, err := s.Reader.acceptedAfter(ctx, before.last)
	if err != nil {
		return nil, fmt.Errorf("reconcile stock: %w", err)
	}
	written, err := s.writtenUnits(ctx, legacy, append(before.ids, since...))
	if err != nil {
		return nil, fmt.Errorf("reconcile stock: %w", err)
	}
	for sku := range base {
		base[sku] += before.sold[sku] + written[sku]
	}
	return s.rebase(ctx, base)
}

// unsettled is what the store knows at one moment of orders that may be in
// legacy without its knowing.
type unsettled struct {
	sold map[string]int
	ids  []string
	last int64 // Seq of the last order accepted
}

func (r *Reader) unsettled(ctx context.Context) (u unsettled, err error) {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return u, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	u.sold = make(map[string]int)
	stock, err := tx.QueryContext(ctx, "SELECT sku, sold FROM stock")
	if err != nil {
		return u, err
	}
	_, err = collect(stock, func(rows *sql.Rows) (struct{}, error) {
		var sku string
		var sold int
		err := rows.Scan(&sku, &sold)
		u.sold[sku] = sold
		return struct{}{}, err
	})
	if err != nil {
		return u, err
	}
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM orders").Scan(&u.last); err != nil {
		return u, err
	}
	waiting, err := tx.QueryContext(ctx, "SELECT o.id FROM queue q JOIN orders o ON o.seq = q.seq ORDER BY q.seq LIMIT ?", maxAsked)
	if err != nil {
		return u, err
	}
	u.ids, err = collect(waiting, scanID)
	return u, err
}

func (r *Reader) acceptedAfter(ctx context.Context, seq int64) ([]string, error) {
	rows, err := r.db.QueryContext(ctx, "SELECT id FROM orders WHERE seq > ? ORDER BY seq LIMIT ?", seq, maxAsked)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanID)
}

func scanID(rows *sql.Rows) (string, error) {
	var id ulid.ULID
	err := rows.Scan(&id)
	return id.String(), err
}

// writtenUnits adds up the units of those orders that legacy has.
func (s *Store) writtenUnits(ctx context.Context, legacy intake.Moment, ids []string) (map[string]int, error) {
	has, err := legacy.Has(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("ask legacy for orders: %w", err)
	}
	written := make(map[string]int)
	for _, id := range ids {
		if !has[id] {
			continue
		}
		f, err := s.Reader.entry(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read order %s: %w", id, err)
		}
		for sku, n := range f.Units() {
			written[sku] += n
		}
	}
	return written, nil
}
