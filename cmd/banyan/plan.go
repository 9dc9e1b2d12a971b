package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/banyan-edge/banyan/edge/cloudfront/publish"
	"github.com/banyan-edge/banyan/edge/flip"
	"github.com/banyan-edge/banyan/edge/route"
)

type planCommand struct {
	Epoch uint64 `help:"Plan going back to the products of this epoch." placeholder:"N"`
	edgeStoreFlags
}

// Help says what the exit code tells.
func (planCommand) Help() string {
	return "Nothing is written, neither to the store nor to the files. It exits with 3 where something stands in the way of publishing: a later epoch in the store, an edit by hand, a table that does not fit."
}

// Run shows what publishing would change.
func (c planCommand) Run(ctx context.Context, place Place, term terminal) error {
	d, err := c.draw(ctx, place, term, c.Epoch)
	if err != nil {
		return err
	}
	return d.show(place, term)
}

// draft is a publish that was looked at and not begun.
type draft struct {
	*edgeStore
	flips *flip.Store
	now   publish.State
	base  *publishedTable // what the store has, where the journal knows it
	table *route.Table    // what it would have
	plan  publish.Plan

	wanted publish.Wanted
	back   flip.Restoration // the way back, where its Epoch is not 0
	noted  bool             // the journal knows the files as they are
}

// publishedTable is the table that the store has.
type publishedTable struct {
	table *route.Table
	items map[string]string
}

// draw reads files and store and compares them. epoch is the one to go back to,
// or 0.
func (f edgeStoreFlags) draw(ctx context.Context, place Place, term terminal, epoch uint64) (*draft, error) {
	table, err := place.table(term)
	if err != nil {
		return nil, err
	}
	d := &draft{back: flip.Restoration{Epoch: epoch}}
	if d.flips, err = place.flips(); err != nil {
		return nil, err
	}
	if d.edgeStore, err = f.open(ctx, place, table.Config(), term); err != nil {
		return nil, err
	}
	if d.now, err = d.Read(ctx); err != nil {
		return nil, explainedPublish(err, 0)
	}
	d.know(d.now, table.Config(), term)
	if d.table, err = d.upcoming(); err != nil {
		return nil, err
	}
	d.base = d.published()
	return d, d.compare()
}

// upcoming returns the table that would be published, under the epoch that it
// would have.
func (d *draft) upcoming() (*route.Table, error) {
	newest, _ := d.now.Mark.Newest()
	if d.back.Epoch > 0 {
		d.back.After = newest
		table, err := d.flips.Preview(d.back)
		return table, explainedEpoch(err)
	}
	standing, err := d.flips.Standing(newest)
	if err != nil {
		return nil, err
	}
	if standing.Table == nil {
		return nil, standing.Findings.Err()
	}
	d.noted = standing.Noted
	return standing.Table, nil
}

// explainedEpoch adds what to do where there is no way back.
func explainedEpoch(err error) error {
	switch {
	case errors.Is(err, flip.ErrNoEpoch):
		return withHint(err, "banyan history lists the epochs of this data folder")
	case errors.Is(err, flip.ErrNotKept):
		return withHint(err, "it is older than what is kept; flip the products one by one, or take the file from your version control")
	}
	return err
}

// published returns what the store has, where this journal made it.
func (d *draft) published() *publishedTable {
	table, err := d.flips.At(d.now.Mark.Epoch)
	if err != nil {
		return nil
	}
	w, err := d.compile(table)
	if err != nil || !d.now.Mark.Describes(w) {
		return nil
	}
	return &publishedTable{table, w.Items}
}

// compare makes the plan. Files that no journal knows, as in a fresh checkout,
// are not a new epoch if they say what the store has.
func (d *draft) compare() (err error) {
	if !d.noted && d.back.Epoch == 0 && d.now.Mark.Epoch > 0 {
		same := d.table.WithEpoch(d.now.Mark.Epoch)
		if w, err := d.compile(same); err == nil && publish.Compare(d.now, w, nil).Nothing() {
			d.table = same
		}
	}
	if d.wanted, err = d.compile(d.table); err != nil {
		return err
	}
	var base map[string]string
	if d.base != nil {
		base = d.base.items
	}
	now := d.now
	if d.deployed != nil {
		now.Mark.Edge = *d.deployed
	}
	d.plan = publish.Compare(now, d.wanted, base)
	return nil
}

// differences says in the words of the tables what publishing would change; nil
// where nobody knows what the store has.
func (d *draft) differences() []route.Difference {
	if d.base == nil {
		return nil
	}
	return route.Diff(d.base.table, d.table)
}

// drafted is what plan prints as JSON.
type drafted struct {
	publish.Plan
	Differences []route.Difference `json:"differences,omitempty"`
	OK          bool               `json:"ok"`
}

// show prints the plan.
func (d *draft) show(place Place, term terminal) error {
	out := drafted{Plan: d.plan, Differences: d.differences(), OK: len(d.plan.Problems) == 0}
	if place.JSON {
		if err := printJSON(term.Out, out); err != nil {
			return err
		}
	} else {
		for _, difference := range out.Differences {
			fmt.Fprintln(term.Out, difference)
		}
		if err := d.plan.Text(term.Out); err != nil {
			return err
		}
	}
	d.sayRoutes(term)
	if !out.OK {
		return errProblems
	}
	return nil
}

// sayRoutes says what going back does not take back.
func (d *draft) sayRoutes(term terminal) {
	if d.back.Epoch == 0 {
		return
	}
	then, err := d.flips.At(d.back.Epoch)
	if err != nil {
		return
	}
	for _, difference := range route.Diff(then, d.table) {
		if difference.Subject != "product" {
			term.say("since epoch %d, and stays so: %s", d.back.Epoch, difference)
		}
	}
}
