package main

import (
	"context"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// openLegacy opens the legacy database that banyan.yaml names, which is all of
// the file that is read.
func (p Place) openLegacy(ctx context.Context) (*legacydb.DB, error) {
	settings, err := p.legacySettings()
	if err != nil {
		return nil, err
	}
	if settings.Database == "" {
		return nil, errNoLegacy
	}
	return legacydb.Open(ctx, settings, legacydb.Options{})
}

// legacySettings reads the legacy section of banyan.yaml.
func (p Place) legacySettings() (legacydb.Config, error) {
	cfg, path, err := p.config()
	if err != nil {
		return legacydb.Config{}, err
	}
	return legacySettings(cfg, path)
}

// view is the ledger of the table, held against legacy's own count where legacy
// can be asked from here, and what the queues hold.
func (c *cloud) view(ctx context.Context) (console.LedgerView, error) {
	books := ledgers{orders: c.Store}
	if db, err := c.place.openLegacy(ctx); err == nil {
		defer db.Close()
		books.legacyRows = func(ctx context.Context) (int64, error) {
			ctx, cancel := context.WithTimeout(ctx, checkWithin)
			defer cancel()
			return db.Count(ctx)
		}
	}
	view, err := books.count(ctx)
	if err != nil {
		return view, c.explained(err)
	}
	dead, err := sqs.Ask(ctx, c.client, c.settings.DeadLetters)
	if err != nil {
		return view, c.explained(err)
	}
	view.QueueDepth = c.queue.Depth()
	words := fmt.Sprintf("queue: %d to be received, %d in hand or deferred, %d delayed; dead-letter queue: %d",
		c.queue.Visible, c.queue.Hidden, c.queue.Delayed, dead.Depth())
	if view.Note != "" {
		words += "\n" + view.Note
	}
	view.Note = words
	forecast := console.NewForecast(view.Waiting, 0, 0, time.Now())
	if view.Waiting > 0 {
		forecast.Words = `When the queue will be empty is what "banyan ledger --forecast" counts.`
	}
	view.Forecast = &forecast
	return view, nil
}

// pace counts the ledger twice and says when the queue will be empty at that
// rate. began is called after it was counted for the first time.
func (c *cloud) pace(ctx context.Context, over time.Duration, began func()) (console.LedgerView, error) {
	from := time.Now()
	before, err := c.Ledger(ctx)
	if err != nil {
		return console.LedgerView{}, c.explained(err)
	}
	began()
	timer := time.NewTimer(over)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return console.LedgerView{}, ctx.Err()
	}
	after, err := c.Ledger(ctx)
	if err != nil {
		return console.LedgerView{}, c.explained(err)
	}
	now := time.Now()
	took := now.Sub(from).Seconds()
	arriving := float64(after.Accepted-before.Accepted) / took
	left := (after.Accepted - after.Waiting) - (before.Accepted - before.Waiting)
	view := console.LedgerView{Ledger: after, Balanced: after.Balanced(), QueueDepth: c.queue.Depth(),
		AcceptedPerSecond: arriving, WrittenPerSecond: float64(after.Written-before.Written) / took}
	forecast := console.NewForecast(after.Waiting, max(0, float64(left)/took), arriving, now)
	view.Forecast = &forecast
	return view, nil
}

// stock is the stock of the table beside legacy's own.
func (c *cloud) stock(ctx context.Context) (stockView, error) {
	db, err := c.place.openLegacy(ctx)
	if err != nil {
		return lineUpStock(ctx, c.Store, nil)
	}
	defer db.Close()
	if !db.HasStock() {
		return lineUpStock(ctx, c.Store, nil)
	}
	return lineUpStock(ctx, c.Store, func(ctx context.Context) (map[string]int, error) {
		ctx, cancel := context.WithTimeout(ctx, checkWithin)
		defer cancel()
		return db.Stock(ctx)
	})
}
