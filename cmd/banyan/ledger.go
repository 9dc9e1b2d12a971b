package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	replaylocal "github.com/banyan-edge/banyan/legacy-adapter/replay/local"
)

type ledgerCommand struct {
	Store    storeFlags    `embed:"" group:"On AWS:"`
	Forecast bool          `help:"Say only when the queue will be empty at the present rate."`
	Over     time.Duration `help:"On AWS: how long the orders are counted for the rate." default:"5s"`
}

// ledgerLine is what "banyan ledger --json" prints.
type ledgerLine struct {
	order.Ledger
	Balanced bool `json:"balanced"`
}

// Run prints the ledger. A ledger that does not balance is a failure.
func (c ledgerCommand) Run(ctx context.Context, place Place, term terminal) error {
	view, err := c.read(ctx, place, term)
	if err != nil {
		return err
	}
	if c.Forecast {
		return printForecast(place, term, forecastOf(view))
	}
	line := ledgerLine{view.Ledger, view.Balanced}
	if place.JSON {
		if err := printLine(term.Out, line); err != nil {
			return err
		}
	} else {
		showLedger(term, view)
	}
	if !view.Balanced {
		return withHint(fmt.Errorf("the ledger does not balance"), "%s; keep the data folder and the legacy database as they are, and compare banyan_ledger with \"banyan orders list --json\"", view.Verdict())
	}
	return nil
}

// read counts on AWS, or here.
func (c ledgerCommand) read(ctx context.Context, place Place, term terminal) (console.LedgerView, error) {
	cloud, err := place.cloud(ctx)
	switch {
	case err != nil:
		return console.LedgerView{}, err
	case cloud == nil:
		return place.ledger(ctx)
	case c.Forecast:
		return cloud.pace(ctx, c.Over, func() { term.say("counting for %s", c.Over) })
	}
	return cloud.view(ctx)
}

func showLedger(term terminal, v console.LedgerView) {
	fmt.Fprintf(term.Out, "accepted   %8d\nwritten    %8d\nwaiting    %8d\ndead       %8d\ncancelled  %8d\n%s\n",
		v.Accepted, v.Written, v.Waiting, v.Dead, v.Cancelled, v.Verdict())
	if v.Note != "" {
		fmt.Fprintln(term.Out, v.Note)
	}
	if v.Waiting > 0 {
		fmt.Fprintln(term.Out, forecastOf(v).Words)
	}
}

// ledger asks the running process, which holds the legacy connections, or
// counts by itself where none runs.
func (p Place) ledger(ctx context.Context) (console.LedgerView, error) {
	if r, runs := p.running(ctx); runs {
		var view console.LedgerView
		return view, r.consoleJSON(ctx, "/ledger", &view)
	}
	book, err := p.orders(ctx)
	if err != nil {
		return console.LedgerView{}, err
	}
	defer book.Close()
	books := ledgers{orders: book}
	if captures := p.file(capturesName); exists(captures) == nil {
		reader, err := replaylocal.OpenReader(ctx, captures)
		if err != nil {
			return console.LedgerView{}, err
		}
		defer reader.Close()
		books.captured = reader
	}
	db, err := p.legacyDB(ctx)
	if err != nil {
		return console.LedgerView{}, err
	}
	if db != nil {
		defer db.Close()
		books.legacyRows = db.Count
	}
	return books.count(ctx)
}

// legacyDB opens the legacy database of the configuration; nil where it names
// none, or where there is no configuration that says.
func (p Place) legacyDB(ctx context.Context) (*legacydb.DB, error) {
	config, err := p.find()
	if err != nil {
		return nil, nil
	}
	table, err := p.table(terminal{Err: io.Discard})
	if err != nil {
		return nil, nil
	}
	settings, err := legacySettings(table.Config(), config)
	if err != nil || settings.Database == "" {
		return nil, err
	}
	return legacydb.Open(ctx, settings, legacydb.Options{})
}

// book is something that counts what it accepted.
type book interface {
	Ledger(context.Context) (order.Ledger, error)
}

// ledgers are all that is counted.
type ledgers struct {
	orders     book
	captured   book                                 // requests kept for replay; nil: none ever were
	legacyRows func(context.Context) (int64, error) // nil: there is no legacy.database
}

// count reads the ledgers and holds the orders' against legacy's own count of
// banyan_ledger. The ledger is read first: every order it has as written was
// committed in legacy before, so legacy must have at least as many. It may have
// more: orders whose delivery is not settled yet.
func (l ledgers) count(ctx context.Context) (console.LedgerView, error) {
	orders, err := l.orders.Ledger(ctx)
	if err != nil {
		return console.LedgerView{}, err
	}
	view := console.LedgerView{Ledger: orders, Balanced: orders.Balanced()}
	if l.legacyRows == nil {
		view.Note = "legacy was not asked: no legacy.database is configured"
	} else if rows, err := l.legacyRows(ctx); err != nil {
		view.Note = "legacy could not be asked for its own count"
	} else {
		view.LegacyRows = &rows
		view.Balanced = view.Balanced && rows >= orders.Written
	}
	if l.captured != nil {
		captured, err := l.captured.Ledger(ctx)
		if err != nil {
			return console.LedgerView{}, err
		}
		view.Balanced = view.Balanced && captured.Balanced()
		view.Ledger = plus(orders, captured)
	}
	view.QueueDepth = view.Waiting
	return view, nil
}

func plus(a, b order.Ledger) order.Ledger {
	return order.Ledger{
		Accepted: a.Accepted + b.Accepted, Written: a.Written + b.Written, Waiting: a.Waiting + b.Waiting,
		Dead: a.Dead + b.Dead, Cancelled: a.Cancelled + b.Cancelled,
	}
}
