package aws

import (
	"context"
	"errors"
	"fmt"

	"github.com/banyan-edge/banyan/api/order"
)

// units is how many of one SKU an order takes.
type units struct {
	sku   string
	count int
}

// unitsOf adds up the lines of one SKU, in the order of the lines. Whatever
// checked the order before, one that would put units on the shelf gets no further.
func unitsOf(o order.Order) ([]units, error) {
	if len(o.Lines) == 0 {
		return nil, invalid("lines", "is empty")
	}
	all := make([]units, 0, len(o.Lines))
	at := make(map[string]int, len(o.Lines))
	for n, l := range o.Lines {
		if l.Quantity < 1 {
			return nil, invalid(fmt.Sprintf("lines[%d].quantity", n), "is below 1")
		}
		i, known := at[l.SKU]
		if !known {
			i = len(all)
			at[l.SKU] = i
			all = append(all, units{sku: l.SKU})
		}
		all[i].count += l.Quantity
	}
	return all, nil
}

func invalid(field, detail string) error {
	return &order.InvalidError{Fields: []order.FieldError{{Field: field, Detail: detail}}}
}

// maxCounts is how many stock items one order may move: the other writes of a
// transaction are its key, itself and the ledger.
const maxCounts = maxWrites - 3

// manySKUs is from how many on an order takes from its SKUs' own items, if they
// have enough: taking it back writes to those as well as to the shards.
const manySKUs = maxCounts / 2

// undoing is how many stock items are written when the holds are given back.
func undoing(holds []held) int {
	items := make(map[string]bool, 2*len(holds))
	for _, h := range holds {
		items[stockKey(h.SKU, 0)] = true
		items[stockKey(h.SKU, h.Shard)] = true
	}
	return len(items)
}

// errMoved says that what a plan was made on has changed.
var errMoved = errors.New("the stock moved")

// plan says from where the order's units are taken. Where they seem to be
// missing they are counted, and the order is refused only on an exact count.
func (s *Store) plan(ctx context.Context, e *entry) ([]held, error) {
	var holds []held
	var missing []units
	for _, u := range e.units {
		some := s.shelves.pick(u, e.avoid, len(e.units) > manySKUs)
		if some == nil {
			missing = append(missing, u)
		}
		holds = append(holds, some...)
	}
	if len(missing) > 0 {
		return nil, s.countMissing(ctx, missing)
	}
	if undoing(holds) > maxCounts {
		return nil, invalid("lines", fmt.Sprintf("take from more than %d counters of stock at once", maxCounts))
	}
	return holds, nil
}

// countMissing counts what seems to be missing. It returns errMoved where it is
// there after all.
func (s *Store) countMissing(ctx context.Context, missing []units) error {
	skus := make([]string, len(missing))
	for i, u := range missing {
		skus[i] = u.sku
	}
	counts, err := s.count(ctx, skus...)
	if err != nil {
		return err
	}
	for _, u := range missing {
		c, known := counts[u.sku]
		switch {
		case !known:
			return &order.UnknownProductError{SKU: u.sku}
		case c.left() < u.count && c.exact:
			return &order.SoldOutError{SKU: u.sku, Left: c.left()}
		}
		s.shelves.seen(u.sku, c.avail())
	}
	return errMoved
}
