package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

type stockCommand struct {
	Store storeFlags `embed:"" group:"On AWS:"`
}

// stockLine is one SKU as "banyan stock" shows it.
type stockLine struct {
	order.Stock
	Left  int `json:"left"`  // can still be promised
	Short int `json:"short"` // promised, and not there: sold by legacy itself

	Legacy     *int `json:"legacy"`     // on hand by legacy's own count; null where it was not asked, or does not list it
	Difference *int `json:"difference"` // legacy's count less what ours says it should be
}

// stockView is the stock, and why legacy's count is not in it.
type stockView struct {
	Stock []stockLine `json:"stock"`
	Note  string      `json:"note,omitempty"`
}

// Run prints the stock. The running process, where there is one, asks legacy:
// it holds the connections.
func (stockCommand) Run(ctx context.Context, place Place, term terminal) error {
	view, err := place.stock(ctx)
	if err != nil {
		return err
	}
	if view.Note != "" {
		term.say("%s", view.Note)
	}
	if place.JSON {
		return printJSON(term.Out, view.Stock)
	}
	rows := make([][]any, len(view.Stock))
	for i, s := range view.Stock {
		rows[i] = []any{s.SKU, s.OnHand, s.Held, s.Sold, s.Left, unlessZero(s.Short), known(s.Legacy), known(s.Difference)}
	}
	return printTable(term.Out, []any{"SKU", "ON HAND", "HELD", "SOLD", "LEFT", "SHORT", "LEGACY", "DIFFERENCE"}, rows)
}

// unlessZero leaves a zero that is the rule out of a table.
func unlessZero(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// known prints a count, or that nobody knows it.
func known(n *int) string {
	if n == nil {
		return "?"
	}
	return fmt.Sprint(*n)
}

func (p Place) stock(ctx context.Context) (stockView, error) {
	switch c, err := p.cloud(ctx); {
	case err != nil:
		return stockView{}, err
	case c != nil:
		return c.stock(ctx)
	}
	if r, runs := p.running(ctx); runs {
		var view stockView
		return view, r.consoleJSON(ctx, "/commands/stock", &view)
	}
	book, err := p.orders(ctx)
	if err != nil {
		return stockView{}, err
	}
	defer book.Close()
	db, err := p.legacy(ctx)
	if errors.Is(err, errNoLegacy) {
		return lineUpStock(ctx, book, nil)
	}
	if err != nil {
		return stockView{}, err
	}
	defer db.Close()
	if !db.HasStock() {
		return lineUpStock(ctx, book, nil)
	}
	return lineUpStock(ctx, book, db.Stock)
}

// stockNow is the stock for the commands beside this process.
func (in *installation) stockNow(ctx context.Context) (stockView, error) {
	if in.legacyDB == nil || !in.legacyDB.HasStock() {
		return lineUpStock(ctx, in.orders, nil)
	}
	return lineUpStock(ctx, in.orders, func(ctx context.Context) (map[string]int, error) {
		release, err := in.budget.Acquire(ctx, relaySync)
		if err != nil {
			return nil, err
		}
		defer release()
		return in.legacyDB.Stock(ctx)
	})
}

// lineUpStock holds our counts against legacy's. They are of two moments:
// where deliveries are under way they differ by the units of those.
func lineUpStock(ctx context.Context, book interface {
	Stocks(context.Context) ([]order.Stock, error)
}, legacy func(context.Context) (map[string]int, error)) (stockView, error) {
	all, err := book.Stocks(ctx)
	if err != nil {
		return stockView{}, err
	}
	view := stockView{Stock: make([]stockLine, len(all)), Note: "legacy was not asked: no legacy.stock is configured"}
	var counts map[string]int
	if legacy != nil {
		view.Note = ""
		if counts, err = legacy(ctx); err != nil {
			view.Note = "legacy could not be asked for its own count"
		}
	}
	for i, s := range all {
		line := stockLine{Stock: s, Left: s.Left(), Short: max(0, s.Held+s.Sold-s.OnHand)}
		if n, listed := counts[s.SKU]; listed {
			difference := n - (s.OnHand - s.Sold)
			line.Legacy, line.Difference = &n, &difference
		}
		view.Stock[i] = line
	}
	return view, nil
}

// errNoLegacy: the configuration names no legacy database.
var errNoLegacy = errors.New("no legacy.database is configured")

// legacy opens the legacy database of the configuration in force, for a command
// that runs where no process holds its connections.
func (p Place) legacy(ctx context.Context) (*legacydb.DB, error) {
	config, err := p.find()
	if err != nil {
		return nil, err
	}
	store, err := p.flips()
	if err != nil {
		return nil, err
	}
	table, findings, err := store.Load()
	if err != nil {
		return nil, err
	}
	if table == nil {
		return nil, withHint(findings.Err(), `"banyan check" shows all that is wrong`)
	}
	settings, err := legacySettings(table.Config(), config)
	if err != nil {
		return nil, err
	}
	if settings.Database == "" {
		return nil, errNoLegacy
	}
	return legacydb.Open(ctx, settings, legacydb.Options{})
}
