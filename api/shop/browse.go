package shop

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gorilla/mux"
	"golang.org/x/sync/errgroup"

	"github.com/banyan-edge/banyan/api/order"
)

// stockPatience is how long a page waits to hear what is left. A product of
// which nothing is heard is shown as there; the checkout knows better.
const stockPatience = 300 * time.Millisecond

// maxQueryBytes is as much of a search as is looked for.
const maxQueryBytes = 100

// card is a product in a list.
type card struct {
	Product
	Image   string
	SoldOut bool
}

// listing is a page of products.
type listing struct {
	frame
	Heading string
	Blurb   string
	Cards   []card
}

// productJSON is a product for a client that asked for JSON.
type productJSON struct {
	Slug      string        `json:"slug"`
	Category  string        `json:"category"`
	Name      string        `json:"name"`
	Price     order.Money   `json:"price"`
	Condition Condition     `json:"condition"`
	OneOfOne  bool          `json:"one_of_one"`
	SoldOut   bool          `json:"sold_out"`
	Story     string        `json:"story"`
	Details   []string      `json:"details"`
	Variants  []variantJSON `json:"variants"`
	URL       string        `json:"url"`
	Image     string        `json:"image"`
}

type variantJSON struct {
	SKU     string `json:"sku"`
	Name    string `json:"name,omitempty"`
	SoldOut bool   `json:"sold_out"`
}

// home shows the newest finds and the shelves.
func (s *server) home(w http.ResponseWriter, r *http.Request) error {
	featured := []string{"vintage-creel-1962", "muskie-casting-rod", "split-cane-trout-rod", "glass-eye-minnow-1948",
		"hand-knit-gansey", "brass-crankwind-1931", "tourney-casting-rod", "classic-salmon-flies", "lumber-check-shirt"}
	var products []Product
	for _, slug := range featured {
		if p, ok := s.catalogue.Product(slug); ok {
			products = append(products, p)
		}
	}
	if len(products) == 0 { // another catalogue
		products = s.catalogue.Products()[:min(8, len(s.catalogue.Products()))]
	}
	page := struct {
		frame
		Hero    *card
		Cards   []card
		Shelves []shelf
	}{frame: s.frame(r, ""), Cards: s.cards(r.Context(), products), Shelves: s.shelves()}
	page.Description = "Second-hand rods, reels, lures and creels, graded by people who fish."
	if len(page.Cards) > 0 {
		page.Hero, page.Cards = &page.Cards[0], page.Cards[1:]
	}
	browsing(w, r)
	return s.show(w, r, view{page: "home", html: page,
		json: map[string]any{"categories": s.shelves(), "products": listJSON(s.cards(r.Context(), products))}})
}

// shelf is a category with something of it to look at.
type shelf struct {
	Name  string `json:"name"`
	URL   string `json:"url"`
	Count int    `json:"products"`
	Image string `json:"image,omitempty"`
}

func (s *server) shelves() []shelf {
	var shelves []shelf
	for _, c := range s.catalogue.Categories() {
		products := s.catalogue.inCategory(c.Slug)
		sh := shelf{Name: c.Name, URL: "/shop/" + c.Slug, Count: len(products)}
		if len(products) > 0 {
			sh.Image = s.pictures[products[len(products)/2].Slug]().url
		}
		shelves = append(shelves, sh)
	}
	return shelves
}

func (s *server) allProducts(w http.ResponseWriter, r *http.Request) error {
	return s.list(w, r, listing{frame: s.frame(r, "Everything"), Heading: "Everything in the shop",
		Blurb: "One of most things, a few of some, and plenty of two."}, s.catalogue.Products())
}

func (s *server) category(w http.ResponseWriter, r *http.Request) error {
	c, ok := s.catalogue.Category(mux.Vars(r)["category"])
	if !ok {
		return errNowhere
	}
	l := listing{frame: s.frame(r, c.Name), Heading: c.Name, Blurb: c.Blurb}
	l.Shelf, l.Description = c.Slug, c.Blurb
	return s.list(w, r, l, s.catalogue.inCategory(c.Slug))
}

func (s *server) search(w http.ResponseWriter, r *http.Request) error {
	query := cleanQuery(r.URL.Query().Get("q"))
	found := s.catalogue.find(query)
	l := listing{frame: s.frame(r, "Search"), Heading: "Search"}
	l.Query = query
	switch {
	case query == "":
		l.Blurb = "Type a word: cane, copper, waxed, 1962."
	case len(found) == 0:
		l.Heading = "Nothing for “" + query + "”"
		l.Blurb = "Try fewer words, or walk along the shelves instead."
	default:
		l.Heading = plural(len(found), "find") + " for “" + query + "”"
	}
	return s.list(w, r, l, found)
}

func (s *server) list(w http.ResponseWriter, r *http.Request, l listing, products []Product) error {
	l.Cards = s.cards(r.Context(), products)
	browsing(w, r)
	return s.show(w, r, view{page: "listing", html: l, json: map[string]any{
		"heading": l.Heading, "products": listJSON(l.Cards)}})
}

// cards makes a list of products, asking of those that are one of one whether
// they are still there.
func (s *server) cards(ctx context.Context, products []Product) []card {
	ctx, cancel := context.WithTimeout(ctx, stockPatience)
	defer cancel()
	cards := make([]card, len(products))
	var asked errgroup.Group
	asked.SetLimit(4)
	for i, p := range products {
		cards[i] = card{Product: p, Image: s.pictures[p.Slug]().url}
		if !p.OneOfOne {
			continue
		}
		asked.Go(func() error {
			left, err := s.orders.Left(ctx, p.Slug)
			cards[i].SoldOut = err == nil && left == 0
			return nil
		})
	}
	_ = asked.Wait() // no error is returned above
	return cards
}

func listJSON(cards []card) []productJSON {
	list := make([]productJSON, len(cards))
	for i, c := range cards {
		list[i] = toJSON(c.Product, c.Image)
		list[i].SoldOut = c.SoldOut
	}
	return list
}

func toJSON(p Product, image string) productJSON {
	j := productJSON{Slug: p.Slug, Category: p.Category, Name: p.Name, Price: p.Price, Condition: p.Condition,
		OneOfOne: p.OneOfOne, Story: p.Story, Details: p.Details, URL: p.Path(), Image: image}
	for _, v := range p.SKUs() {
		j.Variants = append(j.Variants, variantJSON{SKU: v.SKU, Name: v.Name})
	}
	return j
}

// cleanQuery cuts a search to what is worth looking for, at a whole character.
func cleanQuery(q string) string {
	q = strings.ToValidUTF8(strings.TrimSpace(q), "")
	if len(q) <= maxQueryBytes {
		return q
	}
	for q = q[:maxQueryBytes]; !utf8.ValidString(q); {
		q = q[:len(q)-1]
	}
	return q
}
