package shop

import (
	"slices"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
)

// plenty is the stock of the two rods that a sale is rehearsed with.
const plenty = 100_000

// Sample returns the catalogue of Riverbend Resale: five shelves, most of it one
// of one, as resale is.
func Sample() *Catalogue {
	categories := []Category{
		{"rods", "Rods", "Cane, glass and graphite, straightened, re-wrapped where it needed it, and fished before we list it."},
		{"reels", "Reels", "Stripped, degreased, re-greased. Drags tested against a spring scale, not against a promise."},
		{"lures", "Lures", "Wooden plugs, hammered spoons and hand-tied flies from boxes that had earned their rest."},
		{"tackle", "Creels & tackle", "The things around the fishing: baskets, boxes, nets and bags with honest wear."},
		{"apparel", "Apparel", "Waxed, woven and patched. Washed, re-proofed and measured by hand."},
	}
	c, err := NewCatalogue(categories, slices.Concat(
		sampleRods(), sampleReels(), sampleLures(), sampleTackle(), sampleApparel()))
	if err != nil {
		panic(err) // the table is part of the program
	}
	return c
}

func usd(cents int64) order.Money { return order.Money{Amount: cents, Currency: "USD"} }

// one marks what there is a single one of.
func one(p Product) Product {
	p.OneOfOne, p.Stock = true, 1
	return p
}

// sizes are a product's variants with their stock, the SKU being slug-size.
func sizes(p Product, stock int, names ...string) Product {
	for _, name := range names {
		p.Variants = append(p.Variants, Variant{SKU: p.Slug + "-" + strings.ToLower(name), Name: name, Stock: stock})
	}
	return p
}
