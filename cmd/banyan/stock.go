package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
)

// relaySync is the class of legacy calls that somebody waits for.
const relaySync = relay.Sync

// stockEvery is how often intake's stock is held against legacy's.
const stockEvery = 5 * time.Second

// fillStock gives intake something to sell before the first shopper comes:
// what legacy's query says, else what products.yaml says, else what the sample
// shop has.
func (in *installation) fillStock(ctx context.Context) error {
	if in.legacyDB != nil && in.legacyDB.HasStock() {
		if err := in.reconcile(ctx); err != nil {
			in.log.Warn("stock is as it was: legacy cannot be asked yet", "error", err)
		}
	} else if in.sample != nil {
		if err := in.orders.SeedStock(ctx, shop.Sample().Stocks()); err != nil {
			return fmt.Errorf("seed the stock: %w", err)
		}
	}
	var listed []order.Stock
	for _, p := range in.table.Load().Products() {
		if p.Stock != nil {
			listed = append(listed, order.Stock{SKU: p.Slug, OnHand: *p.Stock})
		}
	}
	return in.orders.SeedStock(ctx, listed)
}

// keepStock holds intake's stock against legacy's until ctx ends.
func (in *installation) keepStock(ctx context.Context) {
	if in.legacyDB == nil || !in.legacyDB.HasStock() {
		return
	}
	tick := time.NewTicker(stockEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := in.reconcile(ctx); err != nil && ctx.Err() == nil {
				in.log.Warn("stock not reconciled", "error", err)
			}
		}
	}
}

// reconcile takes over what legacy sold or bought by itself.
func (in *installation) reconcile(ctx context.Context) error {
	return reconcileStock(ctx, in.orders, in.legacyDB, in.budget, in.log)
}

// reconcileWithin is how long that may take.
const reconcileWithin = 10 * time.Second

// reconcileStock holds the stock of a store against legacy's, as legacy was at
// one moment.
func reconcileStock(ctx context.Context, store interface {
	ReconcileAt(ctx context.Context, legacy intake.Moment) ([]intake.Adjustment, error)
}, db *legacydb.DB, budget *relay.Budget, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, reconcileWithin)
	defer cancel()
	release, err := budget.Acquire(ctx, relaySync)
	if err != nil {
		return err
	}
	defer release()
	legacy, err := db.Moment(ctx)
	if err != nil {
		return err
	}
	changed, err := store.ReconcileAt(ctx, legacy)
	err = errors.Join(err, legacy.Close())
	if err == nil && len(changed) > 0 {
		log.Info("stock reconciled", "skus", len(changed))
	}
	return err
}
