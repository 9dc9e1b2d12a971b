package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// The number of products on a page: as it is, and as much as can be asked for.
const (
	productsPage = 50
	productsMost = 1000
)

// productRow is a product and where it stands; and its JSON.
type productRow struct {
	Slug     string      `json:"slug"`
	Arm      route.Arm   `json:"arm"`
	Share    route.Share `json:"share"`
	From     time.Time   `json:"from,omitzero"`
	Until    time.Time   `json:"until,omitzero"`
	Stock    *int        `json:"stock,omitempty"`
	Note     string      `json:"note,omitempty"`
	Standing standing    `json:"standing"`

	Words string `json:"words"`
	Seen  string `json:"-"` // see Product.seen
}

func rowOf(p Product, t Table, now time.Time) productRow {
	s := standingOf(p, t, now)
	return productRow{p.Slug, p.Arm, p.Share, p.From, p.Until, p.Stock, p.Note, s, standingWords(p, s), p.seen()}
}

// Other returns the arm that the one-click flip goes to: legacy wherever
// anything of the product is on serverless, or will be.
func (p productRow) Other() route.Arm {
	if p.Standing == standsLegacy || p.Standing == standsOver {
		return route.Serverless
	}
	return route.Legacy
}

// Button says what the one-click flip does.
func (p productRow) Button() string {
	if p.Standing == standsScheduled {
		return "Cancel the schedule"
	}
	return "Flip to " + p.Other().String()
}

// productsView is a page of the catalogue, and its JSON.
type productsView struct {
	frame    `json:"-"`
	Table    tableView    `json:"table"`
	Query    string       `json:"query,omitempty"`
	Arm      string       `json:"arm,omitempty"` // only this arm's; empty: both
	Total    int          `json:"total"`         // that match
	Page     int          `json:"page"`          // from 1
	Pages    int          `json:"pages"`
	Products []productRow `json:"products"`

	All, Serverless int `json:"-"` // in the whole table
	per             int
}

// Link returns the address of a page of the list.
func (v productsView) Link(arm string, page int) string { return "/products" + v.query(arm, page) }

// Previous and Next are the pages beside this one.
func (v productsView) Previous() int { return v.Page - 1 }
func (v productsView) Next() int     { return v.Page + 1 }

// Back returns the query of this very page, for a form to come back to.
func (v productsView) Back() string { return v.query(v.Arm, v.Page) }

func (v productsView) query(arm string, page int) string {
	q := url.Values{}
	if v.Query != "" {
		q.Set("q", v.Query)
	}
	if arm != "" {
		q.Set("arm", arm)
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if v.per != productsPage {
		q.Set("per", strconv.Itoa(v.per))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// products lists the catalogue, page by page.
func (c *console) products(w http.ResponseWriter, r *http.Request) {
	v := productsView{Query: strings.TrimSpace(r.FormValue("q")), per: productsPage}
	if n, err := strconv.Atoi(r.FormValue("per")); err == nil && n > 0 {
		v.per = min(n, productsMost)
	}
	if arm := r.FormValue("arm"); arm == route.Legacy.String() || arm == route.Serverless.String() {
		v.Arm = arm
	}
	v.Page, _ = strconv.Atoi(r.FormValue("page"))
	t := c.Products.Table()
	v.fill(t, c.Now())
	if wantsJSON(r) {
		c.json(w, http.StatusOK, v)
		return
	}
	v.frame = c.frame(w, r, "products", "Products")
	c.page(w, "products", v)
}

// fill cuts the page out of the table: one walk over the slugs, and a view of
// only the products that are shown.
func (v *productsView) fill(t Table, now time.Time) {
	v.Table, v.All = t.view(), len(t.Products)
	want := strings.ToLower(v.Query)
	matching := make([]*Product, 0, min(len(t.Products), productsMost))
	products := t.sorted()
	for i := range products {
		p := &products[i]
		if p.Arm == route.Serverless {
			v.Serverless++
		}
		if v.Arm != "" && p.Arm.String() != v.Arm {
			continue
		}
		if want == "" || strings.Contains(strings.ToLower(p.Slug), want) {
			matching = append(matching, p)
		}
	}
	v.Total = len(matching)
	v.Pages = max(1, (v.Total+v.per-1)/v.per)
	v.Page = min(max(1, v.Page), v.Pages)
	from := (v.Page - 1) * v.per
	matching = matching[from:min(from+v.per, v.Total)]
	v.Products = make([]productRow, len(matching))
	for i, p := range matching {
		v.Products[i] = rowOf(*p, t, now)
	}
}
