package main

import (
	"context"
	"fmt"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

type ledgerCommand struct{}

// ledgerLine is what "banyan ledger --json" prints.
type ledgerLine struct {
	order.Ledger
	Balanced bool `json:"balanced"`
}

// Run prints the ledger. A ledger that does not balance is a failure.
func (ledgerCommand) Run(ctx context.Context, place Place, term terminal) error {
	view, err := place.ledger(ctx)
	if err != nil {
		return err
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

func showLedger(term terminal, v console.LedgerView) {
	fmt.Fprintf(term.Out, "accepted   %8d\nwritten    %8d\nwaiting    %8d\ndead       %8d\ncancelled  %8d\n%s\n",
		v.Accepted, v.Written, v.Waiting, v.Dead, v.Cancelled, v.Verdict())
	if v.Note != "" {
		fmt.Fprintln(term.Out, v.Note)
	}
}

// ledger asks the running process, which holds the legacy connections, or
// counts by itself where none runs.
func (p Place) ledger(ctx context.Context) (console.LedgerView, error) {
	if r, runs := p.running(ctx); runs {
		var view console.LedgerView
		return view, r.consoleJSON(ctx, "/ledger", &view)
	}
	book, err := p.orders()
	if err != nil {
		return console.LedgerView{}, err
	}
	defer book.Close()
	table, err := p.table(terminal{})
	if err != nil {
		return countLedger(ctx, book, nil)
	}
	config, err := p.find()
	if err != nil {
		return console.LedgerView{}, err
	}
	settings, err := legacySettings(table.Config(), config)
	if err != nil || settings.Database == "" {
		return countLedger(ctx, book, nil)
	}
	db, err := legacydb.Open(ctx, settings, legacydb.Options{})
	if err != nil {
		return console.LedgerView{}, err
	}
	defer db.Close()
	return countLedger(ctx, book, db.Count)
}

// countLedger reads the ledger and holds it against legacy's own count of
// banyan_ledger. The ledger is read first: every order it has as written was
// committed in legacy before, so legacy must have at least as many. It may have
// more: orders whose delivery is not settled yet.
func countLedger(ctx context.Context, book interface {
	Ledger(context.Context) (order.Ledger, error)
}, legacyRows func(context.Context) (int64, error)) (console.LedgerView, error) {
	l, err := book.Ledger(ctx)
	if err != nil {
		return console.LedgerView{}, err
	}
	view := console.LedgerView{Ledger: l, Balanced: l.Balanced(), QueueDepth: l.Waiting}
	if legacyRows == nil {
		view.Note = "legacy was not asked: no legacy.database is configured"
		return view, nil
	}
	rows, err := legacyRows(ctx)
	if err != nil {
		view.Note = "legacy could not be asked for its own count"
		return view, nil
	}
	view.LegacyRows = &rows
	view.Balanced = view.Balanced && rows >= l.Written
	return view, nil
}
