package local

import (
	"fmt"

	"github.com/banyan-edge/banyan/api/order"
)

// units is how many of one SKU an order takes.
type units struct {
	sku   string
	count int
}

// checkQuantities refuses an order that takes nothing, or less: it would put
// stock on the shelf. Orders are validated before they come here; stock does not
// rely on it.
func checkQuantities(o order.Order) error {
	if len(o.Lines) == 0 {
		return &order.InvalidError{Fields: []order.FieldError{{Field: "lines", Detail: "is empty"}}}
	}
	for i, l := range o.Lines {
		if l.Quantity < 1 {
			field := fmt.Sprintf("lines[%d].quantity", i)
			return &order.InvalidError{Fields: []order.FieldError{{Field: field, Detail: "is below 1"}}}
		}
	}
	return nil
}

// unitsOf adds up the lines of one SKU, in the order of the lines.
func unitsOf(o order.Order) []units {
	all := make([]units, 0, len(o.Lines))
next:
	for _, l := range o.Lines {
		for i := range all {
			if all[i].sku == l.SKU {
				all[i].count += l.Quantity
				continue next
			}
		}
		all = append(all, units{l.SKU, l.Quantity})
	}
	return all
}

// canHold returns nil where all of the units can be held, or why the order is
// refused. The counts it looks at include what the open transaction has held.
func (t *tx) canHold(all []units) error {
	for _, u := range all {
		sh := t.shelf(u.sku)
		if sh == nil {
			return &order.UnknownProductError{SKU: u.sku}
		}
		if left := sh.stock().Left(); left < u.count {
			return &order.SoldOutError{SKU: u.sku, Left: left}
		}
	}
	return nil
}

// hold promises the units to an order.
func (t *tx) hold(all []units) { t.moveAll(all, +1, 0) }

// giveBack ends a hold without a sale.
func (t *tx) giveBack(all []units) { t.moveAll(all, -1, 0) }

// sell ends a hold with a sale.
func (t *tx) sell(all []units) { t.moveAll(all, -1, +1) }

// sellUnheld counts a sale whose hold had been given back.
func (t *tx) sellUnheld(all []units) { t.moveAll(all, 0, +1) }

func (t *tx) moveAll(all []units, held, sold int) {
	for _, u := range all {
		if sh := t.shelf(u.sku); sh != nil {
			t.move(sh, held*u.count, sold*u.count)
		}
	}
}
