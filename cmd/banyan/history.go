package main

import (
	"time"

	"github.com/banyan-edge/banyan/edge/flip"
)

type historyCommand struct {
	Limit int `help:"How many, newest first." default:"20"`
}

// Run shows the journal of flips.
func (c historyCommand) Run(place Place, term terminal) error {
	store, err := place.flips()
	if err != nil {
		return err
	}
	entries, err := store.History(c.Limit)
	if err != nil {
		return err
	}
	if place.JSON {
		if entries == nil {
			entries = []flip.Entry{}
		}
		return printJSON(term.Out, entries)
	}
	rows := make([][]any, len(entries))
	for i, e := range entries {
		rows[i] = []any{e.Epoch, e.At.UTC().Format(time.RFC3339), e.Who, e.What, e.Why}
	}
	return printTable(term.Out, []any{"EPOCH", "AT", "WHO", "WHAT", "WHY"}, rows)
}
