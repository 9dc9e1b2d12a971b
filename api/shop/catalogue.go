package shop

import (
	"fmt"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop/picture"
)

// Condition is a resale grade.
type Condition string

// The grades, best first.
const (
	Unused    Condition = "Unused"
	Excellent Condition = "Excellent"
	VeryGood  Condition = "Very good"
	Good      Condition = "Good"
	WellLoved Condition = "Well loved"
)

// Category is a shelf of the shop.
type Category struct {
	Slug, Name, Blurb string
}

// Product is a thing the shop sells, known by its slug.
type Product struct {
	Slug      string
	Category  string // a category's slug
	Name      string
	Price     order.Money
	Condition Condition
	Story     string    // what the shop says of it
	Note      string    // what its seller said of it
	Seller    string    // who sold it to the shop
	Details   []string  // measures and makings, one a line
	OneOfOne  bool      // there is this one and no other
	Stock     int       // units to begin with, where there are no variants
	Variants  []Variant // sizes; none means one variant whose SKU is the slug
	Picture   picture.Kind
	Tint      picture.Tint // empty follows from the slug
}

// Variant is a size of a product with its own SKU and stock.
type Variant struct {
	SKU, Name string
	Stock     int
}

// Path is where the product's page is.
func (p Product) Path() string { return "/shop/" + p.Category + "/" + p.Slug }

// SKUs lists the product's stock units.
func (p Product) SKUs() []Variant {
	if len(p.Variants) == 0 {
		return []Variant{{SKU: p.Slug, Stock: p.Stock}}
	}
	return p.Variants
}

// Catalogue is what the shop sells. It does not change once made.
type Catalogue struct {
	categories []Category
	products   []Product
	bySlug     map[string]int
	bySKU      map[string]item
}

// item is one stock unit and the product it belongs to.
type item struct {
	product int
	variant string
}

// NewCatalogue returns a catalogue of these products, in this order. It refuses
// slugs and SKUs that are taken, malformed or on no shelf.
func NewCatalogue(categories []Category, products []Product) (*Catalogue, error) {
	c := &Catalogue{categories: categories, products: products,
		bySlug: map[string]int{}, bySKU: map[string]item{}}
	for i, p := range products {
		if _, ok := c.Category(p.Category); !ok {
			return nil, fmt.Errorf("product %q: no category %q", p.Slug, p.Category)
		}
		if _, taken := c.bySlug[p.Slug]; taken || !validSKU(p.Slug) {
			return nil, fmt.Errorf("product %q: its slug is taken or malformed", p.Slug)
		}
		c.bySlug[p.Slug] = i
		for _, v := range p.SKUs() {
			if _, taken := c.bySKU[v.SKU]; taken || !validSKU(v.SKU) {
				return nil, fmt.Errorf("product %q: SKU %q is taken or malformed", p.Slug, v.SKU)
			}
			c.bySKU[v.SKU] = item{i, v.Name}
		}
	}
	return c, nil
}

// Categories lists the shelves.
func (c *Catalogue) Categories() []Category { return c.categories }

// Products lists all products in the order of the catalogue.
func (c *Catalogue) Products() []Product { return c.products }

// Category returns the category with this slug.
func (c *Catalogue) Category(slug string) (Category, bool) {
	for _, cat := range c.categories {
		if cat.Slug == slug {
			return cat, true
		}
	}
	return Category{}, false
}

// Product returns the product with this slug.
func (c *Catalogue) Product(slug string) (Product, bool) {
	i, ok := c.bySlug[slug]
	if !ok {
		return Product{}, false
	}
	return c.products[i], true
}

// Price returns the price of one unit of a SKU and whether the SKU is known.
func (c *Catalogue) Price(sku string) (order.Money, bool) {
	it, ok := c.bySKU[sku]
	if !ok {
		return order.Money{}, false
	}
	return c.products[it.product].Price, true
}

// Stocks lists what every SKU has to begin with, to seed a database.
func (c *Catalogue) Stocks() []order.Stock {
	var stocks []order.Stock
	for _, p := range c.products {
		for _, v := range p.SKUs() {
			stocks = append(stocks, order.Stock{SKU: v.SKU, OnHand: v.Stock})
		}
	}
	return stocks
}

// item returns the product of a SKU and the variant's name, empty where the
// product has one variant.
func (c *Catalogue) item(sku string) (Product, string, bool) {
	it, ok := c.bySKU[sku]
	if !ok {
		return Product{}, "", false
	}
	return c.products[it.product], it.variant, true
}

// inCategory lists a category's products.
func (c *Catalogue) inCategory(slug string) []Product {
	return c.where(func(p Product) bool { return p.Category == slug })
}

func (c *Catalogue) where(keep func(Product) bool) []Product {
	var kept []Product
	for _, p := range c.products {
		if keep(p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// find lists the products in which every word of the query occurs.
func (c *Catalogue) find(query string) []Product {
	words := strings.Fields(strings.ToLower(query))
	if len(words) == 0 {
		return nil
	}
	return c.where(func(p Product) bool {
		category, _ := c.Category(p.Category)
		text := strings.ToLower(strings.Join(append([]string{
			p.Name, p.Slug, category.Name, string(p.Condition), p.Story, p.Note}, p.Details...), " "))
		for _, w := range words {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	})
}

// validSKU reports whether s is lower-case letters, digits and hyphens, which is
// what paths, cookies and forms carry without escaping.
func validSKU(s string) bool {
	if s == "" || len(s) > order.MaxSKUBytes {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
