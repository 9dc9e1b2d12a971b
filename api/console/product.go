package console

import (
	"net/http"
	"net/url"
)

// productEntries is how many of a product's flips its page shows.
const productEntries = 10

// productView is a product's page: where it stands, the flip form, and the
// flips so far.
type productView struct {
	frame
	Product  productRow
	Form     flipForm
	Conflict problem // where the form was overtaken by another flip
	Entries  []Entry
	Missing  bool // the flips could not be read
}

// product shows one product. The JSON is its row of the list.
func (c *console) product(w http.ResponseWriter, r *http.Request) {
	slug := r.PathValue("slug")
	p, listed := c.Products.Table().find(slug)
	if !listed {
		c.refuse(w, r, problem{
			Status: http.StatusNotFound,
			Title:  "The table lists no such product",
			Detail: quote(slug) + " has not been flipped yet, so everybody gets it from legacy.",
			Hint:   "look for it among the products, or flip it for the first time at /flip?product=" + url.QueryEscape(slug),
		})
		return
	}
	if wantsJSON(r) {
		c.json(w, http.StatusOK, c.view(p))
		return
	}
	c.productPage(w, r, http.StatusOK, productView{Product: c.view(p), Form: formOf(p, rememberedName(r))})
}

func (c *console) productPage(w http.ResponseWriter, r *http.Request, status int, v productView) {
	entries, err := c.History.History(r.Context(), HistoryFilter{Product: v.Product.Slug, Limit: productEntries})
	if err != nil {
		c.Logger.Error("read the product's history failed", "product", v.Product.Slug, "error", err)
	}
	v.frame = c.frame(w, r, "products", v.Product.Slug)
	v.Entries, v.Missing = entries, err != nil
	c.pages.write(c, w, status, "product", v)
}

// view returns a product with its standing under the table in force.
func (c *console) view(p Product) productRow { return rowOf(p, c.Products.Table(), c.Now()) }
