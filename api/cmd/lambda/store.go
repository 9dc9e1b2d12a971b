package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop"
)

// storeName is the store's file in BANYAN_DATA, the same that "banyan up" has.
const storeName = "intake.db"

// store is where orders go, and how it ends.
type store struct {
	shop.Orders
	seed  func(context.Context, []order.Stock) error
	sweep func(context.Context) (sent int, err error) // sends what a crash left unsent; nil: there is nothing to sweep
	close func() error
}

// openStore opens intake on DynamoDB and SQS where a table is named, else on
// the folder.
func openStore(ctx context.Context, s Settings, log *slog.Logger) (store, error) {
	if s.Table == "" {
		l, err := local.Open(ctx, local.Options{Path: filepath.Join(s.Data, storeName), Logger: log})
		if err != nil {
			return store{}, err
		}
		return store{Orders: l, seed: l.SeedStock, close: l.Close}, nil
	}
	a, err := aws.New(ctx, aws.Options{Table: s.Table, Queue: s.Queue, Kind: s.Kind, Bucket: s.Bucket, Tenant: s.Tenant, Logger: log})
	if err != nil {
		return store{}, err
	}
	return store{Orders: a, seed: a.SeedStock, sweep: a.Sweep, close: func() error { return nil }}, nil
}

// open opens the store and puts the sample's stock into it where it is asked
// for, or where the store is the folder's. What is there already stays.
func open(ctx context.Context, s Settings, log *slog.Logger) (store, error) {
	st, err := openStore(ctx, s, log)
	if err != nil {
		return st, err
	}
	if s.Table == "" || s.SeedSample {
		if err := st.seed(ctx, shop.Sample().Stocks()); err != nil {
			return st, errors.Join(err, st.close())
		}
	}
	return st, nil
}
