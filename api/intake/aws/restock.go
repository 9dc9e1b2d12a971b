package aws

import (
	"context"
	"fmt"
)

// restock changes a SKU's units on hand to so many, and reports from how many.
// More units pay a debt first and are then dealt out; fewer are taken from what
// is available, and what is not there any more becomes a debt.
func (s *Store) restock(ctx context.Context, sku string, to int) (from int, known bool, err error) {
	for pause := s.newPause(); ; {
		counts, err := s.count(ctx, sku)
		if err != nil {
			return 0, false, unavailable(ctx, err)
		}
		c, known := counts[sku]
		if !known || c.OnHand == to {
			return to, known, nil
		}
		err = s.transact(ctx, "", s.restocking(c, to).writes(s))
		if err == nil {
			s.shelves.forget(sku)
			return c.OnHand, true, nil
		}
		cause := repeatable(err)
		if anyConditionFailed(err) {
			cause = "moved"
		}
		if cause == "" || !pause.next(ctx, cause) {
			return 0, false, fmt.Errorf("change stock of %q: %w", sku, unavailable(ctx, err))
		}
	}
}

// restocking plans what restock does.
func (s *Store) restocking(c *count, to int) *moves {
	var m moves
	sku, delta := skuOf(c.PK), to-c.OnHand
	own := m.at(sku, 0)
	own.turn, own.onHand = &c.Turn, delta
	if delta < 0 {
		m.takeAway(c, -delta)
		return &m
	}
	paid := min(c.Debt, delta)
	own.debt -= paid
	n := max(len(c.shards), s.shards(to))
	own.shards = n - c.Shards
	for i, units := range level(c.avail(), n, delta-paid) {
		if units > 0 {
			m.at(sku, i).avail += units
		}
	}
	return &m
}

// takeAway takes units out of what is available; what is not there any more
// becomes a debt. The SKU's turn must be in the moves.
func (m *moves) takeAway(c *count, n int) {
	sku := skuOf(c.PK)
	if n >= c.left() {
		m.at(sku, 0).debt += n - c.left()
		n = c.left()
	}
	for i, units := range share(c.avail(), n) {
		if units > 0 {
			m.at(sku, i).avail -= units
		}
	}
}
