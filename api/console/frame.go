package console

import (
	"net/http"
	"time"
)

// frame is what every page has around its content.
type frame struct {
	Title   string
	Section string // of the menu: overview, products, orders, dead, history

	Flash   string
	Refresh int // seconds after which a browser without script loads the page anew; 0: never

	Letters    bool // there are pages of dead letters
	Table      tableView
	Storefront string
	Version    string
	Now        time.Time
}

// tableView is what a page says of the table in force.
type tableView struct {
	Epoch    uint64   `json:"epoch"`
	Mode     string   `json:"mode"` // normal or all-legacy
	Problems []string `json:"problems,omitempty"`
}

// AllLegacy reports whether everything goes to legacy.
func (t tableView) AllLegacy() bool { return t.Mode == modeAllLegacy }

// frame prepares a page, and takes the flash message.
func (c *console) frame(w http.ResponseWriter, r *http.Request, section, title string) frame {
	return frame{
		Title:      title,
		Section:    section,
		Flash:      flash(w, r),
		Letters:    c.DeadLetters != nil,
		Table:      c.Products.Table().view(),
		Storefront: c.Storefront,
		Version:    c.Version,
		Now:        c.Now().UTC(),
	}
}
