package route

import (
	"hash/maphash"
	"math/bits"
)

// index finds a product by its slug. A Go map would do; it touches four places
// in memory where this one touches two, and in the catalogue of a large shop
// each is a cache miss, which is most of what a decision costs.
type index struct {
	seed  maphash.Seed
	shift int
	slots []slot // a power of two of them, less than half in use
}

// slot is one place of the index; the hash spares most looks at a slug that is
// not the one.
type slot struct {
	hash    uint32
	product int32 // counted from 1; 0 is a free slot
}

// newIndex returns an index of products whose slugs differ.
func newIndex(products []Product) index {
	width := bits.Len(uint(2*len(products) + 1))
	x := index{seed: maphash.MakeSeed(), shift: 64 - width, slots: make([]slot, 1<<width)}
	for i := range products {
		hash, at := x.place(products[i].Slug)
		for x.slots[at].product != 0 {
			at = (at + 1) & (len(x.slots) - 1)
		}
		x.slots[at] = slot{hash, int32(i + 1)}
	}
	return x
}

// place returns the slug's hash and the slot at which a search for it begins.
func (x *index) place(slug string) (hash uint32, at int) {
	h := maphash.String(x.seed, slug)
	return uint32(h), int(h >> x.shift)
}

// find returns the product with this slug, or nil.
func (x *index) find(slug string, products []Product) *Product {
	if len(x.slots) == 0 {
		return nil
	}
	hash, at := x.place(slug)
	for ; x.slots[at].product != 0; at = (at + 1) & (len(x.slots) - 1) {
		if s := x.slots[at]; s.hash == hash && products[s.product-1].Slug == slug {
			return &products[s.product-1]
		}
	}
	return nil
}
