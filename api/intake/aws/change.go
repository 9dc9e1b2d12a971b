package aws

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// change does to an order what decide says of it as it is now, in one
// transaction with the ledger and the stock. Where the order or its stock
// changed in between, it is decided anew.
func (s *Store) change(ctx context.Context, id string, decide func(*orderItem) (*change, error)) error {
	for pause := s.newPause(); ; {
		it, err := s.orderItem(ctx, id)
		if err != nil {
			return err
		}
		c, err := decide(it)
		if c == nil || err != nil {
			return err
		}
		if err = s.apply(ctx, it, c); err == nil || refusal(err) {
			return err
		}
		cause := repeatable(err)
		if anyConditionFailed(err) {
			cause = "moved"
		}
		if cause == "" || !pause.next(ctx, cause) {
			return unavailable(ctx, err)
		}
	}
}

func (s *Store) apply(ctx context.Context, was *orderItem, c *change) error {
	m, err := s.movesOf(ctx, was.Holds, c)
	if err != nil {
		return err
	}
	var writes []types.TransactWriteItem
	if c.note != nil {
		c.to.Trail = was.Trail + 1
		noted, err := s.noted(was.id(), c.to.Trail, c.note)
		if err != nil {
			return err
		}
		writes = append(writes, noted)
	}
	c.to.Rev = was.Rev + 1
	changed, err := s.put(c.to, "rev = :rev", item{":rev": number(was.Rev)})
	if err != nil {
		return err
	}
	writes = append(writes, changed)
	if c.ledger != nil {
		writes = append(writes, s.add(ledgerKey(was.Ledger), c.ledger))
	}
	writes = append(writes, m.writes(s)...)
	if len(writes) > maxWrites {
		return fmt.Errorf("order %s takes %d writes at once", was.id(), len(writes))
	}
	if err := s.transact(ctx, "", writes); err != nil {
		return err
	}
	if c.avail != 0 || c.rehold != nil {
		for _, h := range slices.Concat(was.Holds, c.to.Holds) {
			s.shelves.forget(h.SKU)
		}
	}
	return nil
}

// movesOf says what happens to the stock that an order holds or held.
func (s *Store) movesOf(ctx context.Context, holds []held, c *change) (*moves, error) {
	var m moves
	if c.rehold != nil {
		return c.rehold(ctx, &c.to)
	}
	if c.stock == nil {
		return &m, nil
	}
	units := map[string]int{}
	for _, h := range holds {
		c.stock(&m, h)
		units[h.SKU] += h.Units
	}
	if c.avail == 0 {
		return &m, nil
	}
	skus := make([]string, 0, len(units))
	for sku := range units {
		skus = append(skus, sku)
	}
	counts, err := s.count(ctx, skus...)
	if err != nil {
		return nil, err
	}
	for sku, n := range units {
		if counted, known := counts[sku]; known {
			m.at(sku, 0).turn = &counted.Turn
			m.balance(counted, holds, c.avail*n)
		}
	}
	return &m, nil
}

// balance makes n units available again, to where they were held, after a debt
// is paid; or takes them, where n is below zero.
func (m *moves) balance(c *count, holds []held, n int) {
	if n < 0 {
		m.takeAway(c, -n)
		return
	}
	paid := min(c.Debt, n)
	m.at(skuOf(c.PK), 0).debt -= paid
	for _, h := range holds {
		if h.SKU != skuOf(c.PK) {
			continue
		}
		kept := min(paid, h.Units)
		paid -= kept
		m.at(h.SKU, h.Shard).avail += h.Units - kept
	}
}
