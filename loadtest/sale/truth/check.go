package truth

import (
	"cmp"
	"context"
	"slices"

	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
)

// Check reads everything that came since and judges it; no one else may have
// ordered meanwhile.
func (d *Database) Check(ctx context.Context, purchases []shopper.Purchase, before Before) (Verdict, error) {
	rows, sold, err := d.rows(ctx, before)
	if err != nil {
		return Verdict{}, err
	}
	after, err := d.stock(ctx)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Rows: int64(len(rows))}
	c := newComparison(&v, rows)
	for i := range purchases {
		c.purchase(&purchases[i])
	}
	c.strangers()
	c.sequence(purchases)
	v.stock(before.Stock, after, sold)
	v.Clean = len(v.Lies) == 0
	return v, nil
}

// comparison finds rows by what shoppers know of them.
type comparison struct {
	v       *Verdict
	rows    []row
	number  map[string][]int // rows by order id
	token   map[string][]int // and by the payment's token, which names the purchase
	claimed []bool
}

func newComparison(v *Verdict, rows []row) *comparison {
	c := &comparison{v: v, rows: rows, number: make(map[string][]int, len(rows)), token: make(map[string][]int, len(rows)), claimed: make([]bool, len(rows))}
	for i, r := range rows {
		c.number[r.number] = append(c.number[r.number], i)
		c.token[r.token] = append(c.token[r.token], i)
	}
	return c
}

// purchase judges one.
func (c *comparison) purchase(p *shopper.Purchase) {
	there := c.token[p.Token]
	for _, i := range there {
		c.claimed[i] = true
	}
	switch {
	case p.Told == shopper.Accepted:
		c.v.Accepted++
		c.accepted(p, there)
	case len(there) > 1:
		c.v.lie(Doubled, "payment %s is there %d times", p.Token, len(there))
	case len(there) == 1 && p.Silent:
		c.v.Unheard++
	case len(there) == 1:
		c.v.lie(Untold, "order %s of payment %s", c.rows[there[0]].number, p.Token)
	}
}

// accepted judges an order that was promised.
func (c *comparison) accepted(p *shopper.Purchase, there []int) {
	right := true
	for _, id := range p.IDs {
		at := c.number[id]
		if len(at) == 0 {
			c.v.lie(Missing, "order %s, payment %s", id, p.Token)
			right = false
			continue
		}
		r := c.rows[at[0]]
		if r.total != p.Amount || r.amount != p.Amount || r.units != int64(p.Quantity) || r.sku != p.SKU || r.email != p.Email || r.lines != 1 {
			c.v.lie(Amount, "order %s: %d of %s for %d expected, %d of %q for %d (lines %d) found", id, p.Quantity, p.SKU, p.Amount, r.units, r.sku, r.total, r.amount)
			right = false
		}
	}
	if len(p.IDs) > 1 || len(there) > 1 || len(c.number[p.IDs[0]]) > 1 {
		c.v.lie(Doubled, "payment %s: told %v, %d rows", p.Token, p.IDs, len(there))
		right = false
	}
	if right {
		c.v.Found++
	}
}

// strangers are rows that no purchase explains.
func (c *comparison) strangers() {
	for i, claimed := range c.claimed {
		if !claimed {
			c.v.lie(Stranger, "order %s of payment %s", c.rows[i].number, c.rows[i].token)
		}
	}
}

// sequence looks at the orders of each customer: one that was placed after
// another was accepted must have been written after it.
func (c *comparison) sequence(purchases []shopper.Purchase) {
	customers := make(map[string][]*shopper.Purchase)
	for i := range purchases {
		if p := &purchases[i]; p.Told == shopper.Accepted && len(c.number[p.IDs[0]]) > 0 {
			customers[p.Email] = append(customers[p.Email], p)
		}
	}
	for email, own := range customers {
		slices.SortFunc(own, func(a, b *shopper.Purchase) int { return cmp.Compare(a.Sent, b.Sent) })
		for i := 1; i < len(own); i++ {
			first, second := own[i-1], own[i]
			if second.Sent < first.Ended {
				continue // they were on their way at the same time
			}
			c.v.Pairs++
			if c.rows[c.number[first.IDs[0]][0]].at > c.rows[c.number[second.IDs[0]][0]].at {
				c.v.lie(Sequence, "%s: %s was written before %s", email, second.IDs[0], first.IDs[0])
			}
		}
	}
}

// stock holds what is left against what was there and what was sold.
func (v *Verdict) stock(before, after, sold Stock) {
	for sku, units := range sold {
		v.Units += units
		if _, known := before[sku]; !known {
			v.lie(Count, "%s was sold and never there", sku)
		}
	}
	for sku, was := range before {
		is, there := after[sku]
		if !there || was-sold[sku] != is {
			v.lie(Count, "%s: %d were there and %d sold, %d are left", sku, was, sold[sku], is)
		}
		if is < 0 {
			v.lie(Negative, "%s: %d", sku, is)
		}
	}
}
