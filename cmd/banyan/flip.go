package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/edge/cloudfront/publish/receipt"
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
	publishFlags
	receiptFlags
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
	if err := c.ready(ctx, place, term, c.Product); err != nil {
		return err
	}
	entry, err := store.Apply(change)
	out, err := flippedNow(ctx, place, entry, err)
	if err != nil {
		return err
	}
	return out.report(place, term, c.Publish, func() error {
		table, err := c.publish(ctx, place, term, &out, publishing{Who: change.Who, Why: c.Why})
		if err != nil {
			return err
		}
		out.Receipt, err = c.receipt(ctx, place, term, table, c.Product)
		return err
	})
}

type modeCommand struct {
	Mode string `arg:"" enum:"all-legacy,normal" help:"all-legacy or normal."`
	Why  string `help:"The reason, for the history." placeholder:"TEXT"`
	Who  string `help:"Who does it (default: the user)." placeholder:"NAME"`
	publishFlags
}

// Run sets the mode in banyan.yaml: the one action for the bad day.
func (c modeCommand) Run(ctx context.Context, place Place, term terminal) error {
	store, err := place.flips()
	if err != nil {
		return err
	}
	mode := strings.TrimPrefix(c.Mode, "normal")
	if mode == "" {
		err = c.ready(ctx, place, term, "")
	} // the bad day waits for nothing
	if err != nil {
		return err
	}
	entry, err := store.SetMode(mode, orUser(c.Who), c.Why)
	out, err := flippedNow(ctx, place, entry, err)
	if err != nil {
		return err
	}
	return out.report(place, term, c.Publish, func() error {
		_, err := c.publish(ctx, place, term, &out, publishing{Who: orUser(c.Who), Why: c.Why, Overwrite: mode != ""})
		return err
	})
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
	Changed   bool             `json:"changed"`
	Live      string           `json:"live,omitempty"`
	Published *published       `json:"published,omitempty"`
	Receipt   *receipt.Receipt `json:"receipt,omitempty"`
}

// flippedNow takes what came of a flip, and waits until a running edge has it.
func flippedNow(ctx context.Context, place Place, entry flip.Entry, err error) (flipped, error) {
	unchanged := errors.Is(err, flip.ErrUnchanged)
	switch {
	case errors.Is(err, route.ErrFindings):
		return flipped{}, withHint(err, `nothing was changed; "banyan check" shows all that is wrong in the files`)
	case err != nil && !unchanged:
		return flipped{}, withHint(err, "nothing was changed")
	}
	out := flipped{Entry: entry, Changed: !unchanged}
	if r, runs := place.running(ctx); runs {
		took, err := awaitEpoch(ctx, r, entry.Epoch)
		if err != nil {
			return flipped{}, err
		}
		out.Live = took.Round(time.Millisecond).String()
	}
	return out, nil
}

// report prints what was flipped; where it is to be published, publish does so
// in between.
func (out *flipped) report(place Place, term terminal, publishes bool, publish func() error) (err error) {
	if !place.JSON {
		out.say(place, term, publishes)
	}
	if publishes {
		err = publish()
	}
	if place.JSON {
		return errors.Join(printLine(term.Out, out), err)
	}
	return err
}

func (out *flipped) say(place Place, term terminal, publishes bool) {
	if !out.Changed {
		fmt.Fprintf(term.Out, "nothing to change: it is so since epoch %d\n", out.Epoch)
		return
	}
	fmt.Fprintf(term.Out, "%s (epoch %d)\n", out.What, out.Epoch)
	switch {
	case out.Live != "":
		term.say("live after %s", out.Live)
	case !publishes:
		term.say("no edge is running on %s; it is live when one starts", place.Data)
	}
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
