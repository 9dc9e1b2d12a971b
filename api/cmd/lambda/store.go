package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/lambda/environ"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop"
)

// store is where orders go, and how it ends.
type store struct {
	shop.Orders
	seed   func(context.Context, []order.Stock) error
	sweep  func(context.Context) (sent int, err error) // sends what a crash left unsent; nil: there is nothing to sweep
	ledger func(context.Context) (order.Ledger, error) // nil where sweep is
	sells  *sells                                      // nil: no listings are taken
	close  func() error
}

// orders is a store that is opened when it is first asked, or at the start where
// nobody waits for that. It implements shop.Orders.
type orders struct {
	settings Settings
	log      *slog.Logger

	mu   sync.Mutex // held while it is opened
	open *store
}

// store returns the store, opened. One that could not be opened is tried again
// with the next request, and what comes meanwhile is told to come again.
func (o *orders) store(ctx context.Context) (*store, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open != nil {
		return o.open, nil
	}
	st, err := openStore(ctx, o.settings, o.log)
	if err != nil {
		return nil, err
	}
	if o.settings.Table == "" || o.settings.SeedSample {
		if err := st.seed(ctx, shop.Sample().Stocks()); err != nil {
			return nil, errors.Join(err, st.close())
		}
	}
	o.open = &st
	return o.open, nil
}

// warmUp is how long a start may be used for what the first request would do.
const warmUp = 5 * time.Second

// warm opens the store where nobody waits for that. A folder's is opened in any
// case, since a second writer is to be refused at the start; for it alone an
// error is one.
func (o *orders) warm(ctx context.Context) error {
	if o.settings.Table == "" {
		_, err := o.store(ctx)
		return err
	}
	if !o.settings.Warm {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, warmUp)
	defer cancel()
	if _, err := o.store(ctx); err != nil {
		o.log.Warn("not warmed up, tried again with the first request", "err", err)
	}
	return nil
}

// openStore opens intake on DynamoDB and SQS where a table is named, else on
// the folder.
func openStore(ctx context.Context, s Settings, log *slog.Logger) (store, error) {
	if s.Table == "" {
		return openFolder(ctx, s.Data, log)
	}
	cfg, err := environ.Config(ctx, s.getenv)
	if err != nil {
		return store{}, err
	}
	o := aws.Options{
		Table: s.Table, Queue: s.Queue, Kind: s.Kind, Bucket: s.Bucket, Tenant: s.Tenant, Logger: log,
		DynamoDB: dynamodb.NewFromConfig(cfg), SQS: sqs.NewFromConfig(cfg),
	}
	if o.Bucket != "" {
		o.S3 = s3.NewFromConfig(cfg)
	}
	a, err := aws.New(ctx, o)
	if err != nil {
		return store{}, err
	}
	in, err := openSells(ctx, s, a, s3.NewFromConfig(cfg), log)
	if err != nil {
		return store{}, err
	}
	return store{Orders: a, seed: a.SeedStock, sweep: in.swept(a.Sweep), ledger: a.Ledger, sells: in, close: func() error { return nil }}, nil
}

// Accept implements shop.Orders, and tells how long it took.
func (o *orders) Accept(ctx context.Context, placed order.Order) (order.Receipt, error) {
	st, err := o.store(ctx)
	if err != nil {
		return order.Receipt{}, fmt.Errorf("%w: %w", order.ErrUnavailable, err)
	}
	return watchAccept(ctx, placed, st.Accept)
}

// Find implements shop.Orders.
func (o *orders) Find(ctx context.Context, id string) (order.Record, error) {
	st, err := o.store(ctx)
	if err != nil {
		return order.Record{}, fmt.Errorf("%w: %w", order.ErrUnavailable, err)
	}
	return st.Find(ctx, id)
}

// Left implements shop.Orders.
func (o *orders) Left(ctx context.Context, sku string) (int, error) {
	st, err := o.store(ctx)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", order.ErrUnavailable, err)
	}
	return st.Left(ctx, sku)
}

// close ends what was opened.
func (o *orders) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open == nil {
		return nil
	}
	return o.open.close()
}
