package main

import (
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

type productsCommand struct{}

// Run lists the products file as the table has it.
func (productsCommand) Run(place Place, term terminal) error {
	table, err := place.table(term)
	if err != nil {
		return err
	}
	products := table.Products()
	if place.JSON {
		if products == nil {
			products = []route.Product{}
		}
		return printJSON(term.Out, products)
	}
	rows := make([][]any, len(products))
	for i, p := range products {
		share := ""
		if p.Share != route.Everyone {
			share = p.Share.String()
		}
		rows[i] = []any{p.Slug, p.Arm, share, when(p.From), when(p.Until)}
	}
	return printTable(term.Out, []any{"PRODUCT", "ARM", "SHARE", "FROM", "UNTIL"}, rows)
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// table reads the files in force; it shows what is wrong with them where no
// table can be made.
func (p Place) table(term terminal) (*route.Table, error) {
	store, err := p.flips()
	if err != nil {
		return nil, err
	}
	table, findings, err := store.Load()
	if err != nil {
		return nil, err
	}
	if table == nil {
		for _, f := range findings {
			term.say("%s", f)
		}
		return nil, errProblems
	}
	return table, nil
}
