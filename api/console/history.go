package console

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// History is where the flips so far are read, newest first.
type History interface {
	History(ctx context.Context, f HistoryFilter) ([]Entry, error)
}

// HistoryFilter says which entries are wanted.
type HistoryFilter struct {
	Product string // only this product's; empty: all
	Limit   int    // no more than these
}

// Entry is one change of the table.
type Entry struct {
	Epoch   uint64    `json:"epoch"`
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	Why     string    `json:"why,omitempty"`
	What    string    `json:"what"`              // in words: "muskie-casting-rod: legacy → serverless"
	Product string    `json:"product,omitempty"` // empty where it is not one product's
}

// The number of entries on the history page: at first, and at most.
const (
	historyPage = 50
	historyMost = 1000
)

// historyView is the history page, and its JSON.
type historyView struct {
	frame   `json:"-"`
	Product string  `json:"product,omitempty"`
	Entries []Entry `json:"entries"`
	More    int     `json:"-"` // the limit that shows more; 0: this is all
}

func (c *console) history(w http.ResponseWriter, r *http.Request) {
	f := HistoryFilter{Product: r.FormValue("product"), Limit: historyPage}
	if n, err := strconv.Atoi(r.FormValue("limit")); err == nil && n > 0 {
		f.Limit = min(n, historyMost)
	}
	entries, err := c.History.History(r.Context(), HistoryFilter{f.Product, f.Limit + 1})
	if err != nil {
		c.fail(w, r, "read the history", err)
		return
	}
	v := historyView{Product: f.Product, Entries: entries[:min(len(entries), f.Limit)]}
	if len(entries) > f.Limit && f.Limit < historyMost {
		v.More = min(f.Limit*4, historyMost)
	}
	if wantsJSON(r) {
		if v.Entries == nil {
			v.Entries = []Entry{}
		}
		c.json(w, http.StatusOK, v)
		return
	}
	v.frame = c.frame(w, r, "history", "History")
	c.page(w, "history", v)
}
