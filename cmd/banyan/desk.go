package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/edge/flip"
	"github.com/banyan-edge/banyan/edge/route"
)

// desk is the installation as the console sees it: it translates between the
// console's words and the packages that do the work.
type desk struct{ in *installation }

// Table returns the table in force.
func (d desk) Table() console.Table {
	t := d.in.table.Load()
	view := console.Table{Epoch: t.Epoch(), AllLegacy: t.Config().Mode == route.ModeAllLegacy, Products: d.in.shown.of(t)}
	for _, f := range d.in.flips.Problems() {
		if f.Severity == route.Error {
			view.Problems = append(view.Problems, f.String())
		}
	}
	return view
}

// shown keeps the products of the last table in the console's form: a page a
// second of 100,000 products is not to make them anew each time.
type shown struct {
	mu       sync.Mutex
	table    *route.Table
	products []console.Product
}

func (s *shown) of(t *route.Table) []console.Product {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.table != t {
		products := t.Products()
		s.table, s.products = t, make([]console.Product, len(products))
		for i, p := range products {
			s.products[i] = console.Product{Slug: p.Slug, Arm: p.Arm, Share: p.Share, From: p.From, Until: p.Until, Stock: p.Stock}
		}
	}
	return s.products
}

// Flip changes one product.
func (d desk) Flip(ctx context.Context, f console.Flip) (console.Entry, error) {
	change := flip.Change{Product: f.Product, Arm: f.Arm, Who: f.Who, Why: f.Why, From: setTime(f.From), Until: setTime(f.Until)}
	if f.Arm == route.Serverless && f.Share != route.Everyone {
		change.Share = &f.Share
	}
	entry, err := d.in.flips.Apply(change)
	return d.inForce(ctx, entry, err)
}

// SetMode sends everything to legacy, or ends that.
func (d desk) SetMode(ctx context.Context, m console.ModeChange) (console.Entry, error) {
	mode := ""
	if m.AllLegacy {
		mode = route.ModeAllLegacy
	}
	entry, err := d.in.flips.SetMode(mode, m.Who, m.Why)
	return d.inForce(ctx, entry, err)
}

// inForce waits until the edge decides by the entry's epoch.
func (d desk) inForce(ctx context.Context, entry flip.Entry, err error) (console.Entry, error) {
	switch {
	case errors.Is(err, route.ErrFindings), errors.Is(err, flip.ErrStyle), errors.Is(err, flip.ErrLegacyFlip):
		return console.Entry{}, &order.InvalidError{Fields: []order.FieldError{{Field: "product", Detail: err.Error()}}}
	case err != nil && !errors.Is(err, flip.ErrUnchanged):
		return console.Entry{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, liveWithin)
	defer cancel()
	return entryView(entry), d.in.awaitEpoch(ctx, entry.Epoch)
}

func setTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// History returns the journal's newest entries.
func (d desk) History(_ context.Context, f console.HistoryFilter) ([]console.Entry, error) {
	limit := f.Limit
	if f.Product != "" {
		limit = 0 // all, to find the product's among them
	}
	entries, err := d.in.flips.History(limit)
	if err != nil {
		return nil, err
	}
	var views []console.Entry
	for _, e := range entries {
		if f.Product == "" || e.Product == f.Product {
			views = append(views, entryView(e))
		}
	}
	return views[:min(len(views), f.Limit)], nil
}

func entryView(e flip.Entry) console.Entry {
	return console.Entry{Epoch: e.Epoch, At: e.At, Who: e.Who, Why: e.Why, What: e.What, Product: e.Product}
}

// List returns orders, newest first.
func (d desk) List(ctx context.Context, f console.OrderFilter) ([]order.Record, error) {
	filter := intake.Filter{Limit: f.Limit, After: f.Before, Dead: f.Show == console.ShowDead}
	if state, err := order.ParseState(string(f.Show)); err == nil {
		filter.State = &state
	} else if f.Show == console.ShowWaiting {
		return d.waiting(ctx, filter)
	}
	return d.in.orders.List(ctx, filter)
}

// waiting lists accepted orders without the dead letters among them.
func (d desk) waiting(ctx context.Context, f intake.Filter) ([]order.Record, error) {
	accepted := order.Accepted
	f.State = &accepted
	var waiting []order.Record
	for len(waiting) < f.Limit {
		page, err := d.in.orders.List(ctx, f)
		if err != nil || len(page) == 0 {
			return waiting, err
		}
		for _, r := range page {
			if console.ShowWaiting.Matches(r) && len(waiting) < f.Limit {
				waiting = append(waiting, r)
			}
		}
		f.After = page[len(page)-1].ID
	}
	return waiting, nil
}

// Find returns one order.
func (d desk) Find(ctx context.Context, id string) (order.Record, error) {
	return d.in.orders.Find(ctx, id)
}

// Ledger counts, and says how fast the numbers move.
func (d desk) Ledger(ctx context.Context) (console.LedgerView, error) {
	books := ledgers{orders: d.in.orders, captured: d.in.capture.store}
	if d.in.legacyDB != nil {
		books.legacyRows = d.in.legacyRows
	}
	view, err := books.count(ctx)
	if err != nil {
		return view, err
	}
	view.AcceptedPerSecond, view.WrittenPerSecond = d.in.pace.of(view.Ledger, time.Now())
	view.Breakers = d.in.breakers()
	view.Forecast, err = d.in.forecast(ctx, view.Waiting)
	return view, err
}

// paceOver is the time over which rates are taken.
const paceOver = 10 * time.Second

// pace turns counts into rates over the last seconds.
type pace struct {
	mu      sync.Mutex
	samples []paceSample
}

type paceSample struct {
	at                time.Time
	accepted, written int64
}

// of notes the counts and returns how fast they grew since the oldest sample.
func (p *pace) of(l order.Ledger, now time.Time) (accepted, written float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.samples = append(p.samples, paceSample{now, l.Accepted, l.Written})
	p.samples = slices.DeleteFunc(p.samples, func(s paceSample) bool { return now.Sub(s.at) > paceOver })
	first := p.samples[0]
	took := now.Sub(first.at).Seconds()
	if took == 0 {
		return 0, 0
	}
	return float64(l.Accepted-first.accepted) / took, float64(l.Written-first.written) / took
}
