package shop

import (
	"context"
	"net/http"

	"github.com/gorilla/mux"
)

// productPage is everything there is to say of one product.
type productPage struct {
	frame
	Product
	CategoryName string
	Image        string
	Choices      []choice
	SoldOut      bool // every choice is
	Few          int  // how many are left, where that is few and more than one
	Related      []card
}

// choice is a variant that can be put into the cart.
type choice struct {
	SKU, Name string
	SoldOut   bool
	Chosen    bool
}

func (s *server) product(w http.ResponseWriter, r *http.Request) error {
	p, err := s.productOf(r)
	if err != nil {
		return err
	}
	shelf, _ := s.catalogue.Category(p.Category)
	page := productPage{frame: s.frame(r, p.Name), Product: p, CategoryName: shelf.Name, Image: s.pictures[p.Slug]().url}
	page.Shelf, page.Description = p.Category, p.Story
	s.choices(r.Context(), &page)
	page.Related = s.cards(r.Context(), s.related(p))
	out := toJSON(p, page.Image)
	out.SoldOut = page.SoldOut
	for i, c := range page.Choices {
		out.Variants[i].SoldOut = c.SoldOut
	}
	browsing(w, r)
	return s.show(w, r, view{page: "product", html: page, json: out})
}

// productOf is the product that a path names, on the shelf that it names.
func (s *server) productOf(r *http.Request) (Product, error) {
	vars := mux.Vars(r)
	p, ok := s.catalogue.Product(vars["product"])
	if !ok || p.Category != vars["category"] {
		return Product{}, errNowhere
	}
	return p, nil
}

// choices asks what is left of each variant. What cannot be asked counts as
// there: a page is shown even while the database is away.
func (s *server) choices(ctx context.Context, page *productPage) {
	ctx, cancel := context.WithTimeout(ctx, stockPatience)
	defer cancel()
	const few = 5
	open := 0
	for _, v := range page.SKUs() {
		left, err := s.orders.Left(ctx, v.SKU)
		c := choice{SKU: v.SKU, Name: v.Name, SoldOut: err == nil && left == 0}
		if !c.SoldOut {
			open++
			c.Chosen = open == 1
		}
		page.Choices = append(page.Choices, c)
		if err == nil && left > 1 && left <= few && len(page.Variants) == 0 {
			page.Few = left
		}
	}
	page.SoldOut = open == 0
}

// related are the next few on the same shelf.
func (s *server) related(p Product) []Product {
	const many = 4
	shelf := s.catalogue.inCategory(p.Category)
	var related []Product
	at := 0
	for i := range shelf {
		if shelf[i].Slug == p.Slug {
			at = i
		}
	}
	for i := 1; i < len(shelf) && len(related) < many; i++ {
		related = append(related, shelf[(at+i)%len(shelf)])
	}
	return related
}
