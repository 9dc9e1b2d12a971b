package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/edge/flip"
	"github.com/banyan-edge/banyan/edge/route"
)

type flipCommand struct {
	Product string     `arg:"" help:"The product's slug."`
	Arm     route.Arm  `arg:"" help:"serverless or legacy."`
	Share   string     `help:"Share of shoppers, such as 25%; sticky, and raising it moves shoppers forward only." placeholder:"25%"`
	From    *time.Time `help:"When it begins (RFC 3339)." placeholder:"TIME"`
	Until   *time.Time `help:"When it ends." placeholder:"TIME"`
	Why     string     `help:"The reason, for the history." placeholder:"TEXT"`
	Who     string     `help:"Who flips (default: the user)." placeholder:"NAME"`
}

// Run flips a product in products.yaml and waits until a running edge has it.
func (c flipCommand) Run(ctx context.Context, place Place, term terminal) error {
	change := flip.Change{Product: c.Product, Arm: c.Arm, From: c.From, Until: c.Until, Who: orUser(c.Who), Why: c.Why}
	if c.Share != "" {
		share, err := route.ParseShare(c.Share)
		if err != nil {
			return badUsage(err.Error(), "write a share as 25% or 0.5%")
		}
		change.Share = &share
	}
	store, err := place.flips()
	if err != nil {
		return err
	}
	entry, err := store.Apply(change)
	return reportFlip(ctx, place, term, entry, err)
}

type modeCommand struct {
	Mode string `arg:"" enum:"all-legacy,normal" help:"all-legacy or normal."`
	Why  string `help:"The reason, for the history." placeholder:"TEXT"`
	Who  string `help:"Who does it (default: the user)." placeholder:"NAME"`
}

// Run sets the mode in banyan.yaml: the one action for the bad day.
func (c modeCommand) Run(ctx context.Context, place Place, term terminal) error {
	store, err := place.flips()
	if err != nil {
		return err
	}
	entry, err := store.SetMode(strings.TrimPrefix(c.Mode, "normal"), orUser(c.Who), c.Why)
	return reportFlip(ctx, place, term, entry, err)
}

// flips opens the products file and its journal.
func (p Place) flips() (*flip.Store, error) {
	config, err := p.find()
	if err != nil {
		return nil, err
	}
	return flip.Open(flip.Options{Config: config, Data: p.Data, Now: time.Now})
}

func orUser(who string) string {
	if who == "" {
		return currentUser()
	}
	return who
}

// flipped is what a flip prints as JSON. Live is how long the running edge took
// to have it; empty where none runs.
type flipped struct {
	flip.Entry
	Changed bool   `json:"changed"`
	Live    string `json:"live,omitempty"`
}

func reportFlip(ctx context.Context, place Place, term terminal, entry flip.Entry, err error) error {
	unchanged := errors.Is(err, flip.ErrUnchanged)
	switch {
	case errors.Is(err, route.ErrFindings):
		return withHint(err, `nothing was changed; "banyan check" shows all that is wrong in the files`)
	case err != nil && !unchanged:
		return withHint(err, "nothing was changed")
	}
	out := flipped{Entry: entry, Changed: !unchanged}
	r, runs := place.running(ctx)
	if runs {
		took, err := awaitEpoch(ctx, r, entry.Epoch)
		if err != nil {
			return err
		}
		out.Live = took.Round(time.Millisecond).String()
	}
	if place.JSON {
		return printLine(term.Out, out)
	}
	if unchanged {
		fmt.Fprintf(term.Out, "nothing to change: it is so since epoch %d\n", entry.Epoch)
		return nil
	}
	fmt.Fprintf(term.Out, "%s (epoch %d)\n", entry.What, entry.Epoch)
	if runs {
		term.say("live after %s", out.Live)
	} else {
		term.say("no edge is running on %s; it is live when one starts", place.Data)
	}
	return nil
}

// liveWithin is how long a running edge may take to have a flip.
const liveWithin = 5 * time.Second

// awaitEpoch waits until the running edge decides by the epoch, or a later one.
func awaitEpoch(ctx context.Context, r running, epoch uint64) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, liveWithin)
	defer cancel()
	began := time.Now()
	for {
		var now struct{ Table struct{ Epoch uint64 } }
		if err := r.consoleJSON(ctx, "/products?per=1", &now); err != nil && ctx.Err() == nil {
			return 0, err
		}
		if now.Table.Epoch >= epoch {
			return time.Since(began), nil
		}
		select {
		case <-ctx.Done():
			return 0, withHint(fmt.Errorf("the running edge is still at epoch %d after %s", now.Table.Epoch, liveWithin),
				`see its log, and "banyan check"`)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
