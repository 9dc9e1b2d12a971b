package console

import (
	"cmp"
	"slices"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// Products is where the table in force is read. It is asked for every page, so
// it must be quick; a table that is built once an epoch and handed out again is.
type Products interface {
	Table() Table
}

// Table is the table in force, as one snapshot: its products are those of its
// epoch. The console changes nothing in it.
type Table struct {
	Epoch     uint64
	AllLegacy bool      // mode: all-legacy
	Products  []Product // best in the order of their slugs; otherwise sorted at every look

	// Problems says what is wrong with the files as they are now, one finding
	// each. The table is then the last good one.
	Problems []string
}

// Product is a thing that a merchant can flip.
type Product struct {
	Slug  string
	Arm   route.Arm
	Share route.Share // of shoppers on the serverless arm; route.Everyone where none is set
	From  time.Time   // zero: since ever
	Until time.Time   // zero: for ever
	Stock *int        // units there are to sell; nil where the catalogue knows
	Note  string      // a remark to show beside it, or empty
}

// The words for the table's mode.
const (
	modeNormal    = "normal"
	modeAllLegacy = "all-legacy"
)

func (t Table) view() tableView {
	v := tableView{t.Epoch, modeNormal, t.Problems}
	if t.AllLegacy {
		v.Mode = modeAllLegacy
	}
	return v
}

// sorted returns the products in the order of their slugs.
func (t Table) sorted() []Product {
	if slices.IsSortedFunc(t.Products, bySlug) {
		return t.Products
	}
	return slices.SortedFunc(slices.Values(t.Products), bySlug)
}

// find returns the product with this slug, and whether there is one.
func (t Table) find(slug string) (Product, bool) {
	i := slices.IndexFunc(t.Products, func(p Product) bool { return p.Slug == slug })
	if i < 0 {
		return Product{}, false
	}
	return t.Products[i], true
}

func bySlug(a, b Product) int { return cmp.Compare(a.Slug, b.Slug) }
