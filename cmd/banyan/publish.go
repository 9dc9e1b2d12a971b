package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/edge/cloudfront/publish"
	"github.com/banyan-edge/banyan/edge/flip"
)

type publishCommand struct {
	Epoch     uint64 `help:"Go back to the products of this epoch, as a new epoch; banyan.yaml and its mode stay." placeholder:"N"`
	DryRun    bool   `help:"Only show the plan, as banyan plan does."`
	Overwrite bool   `help:"Go over what somebody else put into the store."`
	Why       string `help:"The reason, for the history and the store." placeholder:"TEXT"`
	Who       string `help:"Who publishes (default: the user)." placeholder:"NAME"`
	edgeStoreFlags
}

// Help says what may be relied on.
func (publishCommand) Help() string {
	return "Stopped or killed at any moment, it is ended by running it again. A table that is older than what the store has is refused; --epoch goes back, as a new epoch. What somebody changed in the store by hand is shown and refused; --overwrite goes over it."
}

// Run makes the edge's key-value store hold the table in force.
func (c publishCommand) Run(ctx context.Context, place Place, term terminal) error {
	d, err := c.draw(ctx, place, term, c.Epoch)
	if err != nil {
		return err
	}
	if c.DryRun {
		return d.show(place, term)
	}
	out, err := d.publish(ctx, publishing{Who: orUser(c.Who), Why: c.Why, Overwrite: c.Overwrite})
	if err != nil {
		d.sayEdits(term)
		return err
	}
	d.sayRoutes(term)
	d.sayDeploy(term)
	return out.print(place, term)
}

// publishing is how a draft is published.
type publishing struct {
	Who, Why  string
	Overwrite bool
}

// published is what a publish prints as JSON.
type published struct {
	publish.Result
	Epoch uint64 `json:"epoch"`
}

// publish publishes a draft. What stands in the way is found out before the
// journal is written to.
func (d *draft) publish(ctx context.Context, p publishing) (published, error) {
	if err := d.plan.Refusal(p.Overwrite); err != nil {
		return published{}, explainedPublish(fmt.Errorf("publish epoch %d: %w", d.wanted.Epoch, err), 0)
	}
	if d.plan.Nothing() {
		return published{publish.Result{Plan: d.plan, Verified: true}, d.wanted.Epoch}, nil
	}
	if err := d.settle(p); err != nil {
		return published{}, err
	}
	job := publish.Job{Wanted: d.wanted, Who: p.Who, Why: p.Why, Deployed: d.deployed, Overwrite: p.Overwrite}
	if d.base != nil {
		job.Base = d.base.items
	}
	result, err := d.Publish(ctx, job)
	return published{result, d.wanted.Epoch}, explainedPublish(err, result.Left)
}

// settle gives the table its epoch in the journal: an edit by hand is noted, the
// way back is gone.
func (d *draft) settle(p publishing) (err error) {
	newest, _ := d.now.Mark.Newest()
	if d.back.Epoch > 0 {
		d.back.Who, d.back.Why = p.Who, p.Why
		if _, err := d.flips.Restore(d.back); err != nil && !errors.Is(err, flip.ErrUnchanged) {
			return explainedEpoch(err)
		}
	}
	standing, err := d.flips.Note(newest)
	if err != nil {
		return err
	}
	if standing.Table == nil {
		return standing.Findings.Err()
	}
	d.table = standing.Table
	d.wanted, err = d.compile(d.table)
	return err
}

// sayEdits says what somebody changed by hand, where that is why it was refused.
func (d *draft) sayEdits(term terminal) {
	for _, c := range d.plan.Edits {
		term.say("by hand: %s: %q → %q", c.Key, c.Before, c.After)
	}
}

// sayDeploy says what a publish cannot change.
func (d *draft) sayDeploy(term terminal) {
	for _, part := range d.plan.Deploy {
		term.say("the %s are not as deployed; run banyan deploy", map[string]string{"behaviors": "cache behaviours", "function": "functions"}[part])
	}
}

func (p published) print(place Place, term terminal) error {
	if place.JSON {
		return printJSON(term.Out, p)
	}
	p.line(term)
	return nil
}

func (p published) line(term terminal) {
	if !p.Published {
		fmt.Fprintf(term.Out, "nothing to publish: the store has epoch %d\n", p.Epoch)
		return
	}
	fmt.Fprintf(term.Out, "published epoch %d (before: %d) and read it back; items: %d added, %d changed, %d removed; %d calls, %s, %s\n", p.Epoch, p.Plan.From,
		len(p.Plan.Added), len(p.Plan.Changed), len(p.Plan.Removed), p.Calls, p.Cost, p.Took.Round(time.Millisecond))
}
