package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/banyan-edge/banyan/loadtest/sale/rehearsal"
	salereport "github.com/banyan-edge/banyan/loadtest/sale/report"
	"github.com/banyan-edge/banyan/loadtest/sale/rig"
	saleshopper "github.com/banyan-edge/banyan/loadtest/sale/shopper"
	"github.com/banyan-edge/banyan/loadtest/sale/truth"
)

// rehearse plays every run. One that was cut off is the last.
func (c saleCommand) rehearse(ctx context.Context, term terminal, r *salereport.Report) error {
	line := newSaleLine(term)
	defer line.end()
	if c.Target != "" {
		return c.elsewhere(ctx, line, r)
	}
	dir, err := os.MkdirTemp("", "banyan-sale-")
	if err != nil {
		return fmt.Errorf("make a folder for the rehearsal: %w", err)
	}
	if c.Keep {
		line.say("databases and logs are in %s", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	for i, way := range c.Runs {
		if ctx.Err() != nil {
			break
		}
		o := c.options(dir, executable, i, way)
		run, err := playOn(ctx, o, way, r.Plan, line)
		if err != nil {
			return fmt.Errorf("%s: %w", way, err)
		}
		r.Runs = append(r.Runs, run)
	}
	if c.Backlog == 0 || ctx.Err() != nil || r.Run(rig.Flipped) == nil {
		return nil
	}
	o := c.options(dir, executable, len(c.Runs), rig.Backlog)
	o.Stock = max(o.Stock, c.Backlog*saleshopper.MaxUnits*2) // enough for all
	if r.Backlog, err = playOn(ctx, o, rig.Backlog, r.Plan.Pile(c.Backlog), line); err != nil {
		return fmt.Errorf("%s: %w", rig.Backlog, err)
	}
	return nil
}

// options put up the storefront of one run in a folder of its own.
func (c saleCommand) options(dir, executable string, nth int, way rig.Way) rig.Options {
	return rig.Options{
		Executable: executable, Dir: filepath.Join(dir, fmt.Sprintf("%d-%s", nth+1, way)), Database: c.Database,
		Connections: c.Connections, Latency: c.Latency, Product: c.Product, Stock: c.Stock,
	}
}

// playOn puts a storefront up, plays the sale on it and takes it down.
func playOn(ctx context.Context, o rig.Options, way rig.Way, plan rehearsal.Plan, line *saleLine) (_ *rehearsal.Run, err error) {
	line.say("%s: %s", way, way.Title())
	stage, err := rig.NewStage(ctx, o, way)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	run, err := plan.Play(ctx, rehearsal.On(stage), o.Product, line.show)
	if err != nil {
		return nil, err
	}
	line.end()
	return &run, nil
}

// elsewhere drives a storefront that is there already.
func (c saleCommand) elsewhere(ctx context.Context, line *saleLine, r *salereport.Report) (err error) {
	stage := rehearsal.Stage{Way: rig.Elsewhere, Target: c.Target}
	if c.Database != "" {
		if stage.Truth, err = truth.Open(c.Database); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stage.Truth.Close()) }()
	}
	r.Setup.Connections, r.Setup.Latency = 0, 0
	run, err := r.Plan.Play(ctx, stage, c.Product, line.show)
	if err != nil {
		return err
	}
	r.Runs = append(r.Runs, &run)
	return nil
}

// writeFile writes a file as a whole, or not at all.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return withHint(fmt.Errorf("write %s: %w", path, err), "name a file in a folder that is there with --out")
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
