package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/lambda/environ"
	"github.com/banyan-edge/banyan/api/telemetry"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// function handles the invocations of one environment. Nothing is opened before
// the first.
type function struct {
	settings Settings
	reporter *telemetry.Reporter
	tracer   *telemetry.Tracer
	log      *slog.Logger

	mu      sync.Mutex // held while it is opened or closed
	parts   *parts
	closing bool
}

// parts are what an open function works with.
type parts struct {
	inbox  *sqs.Inbox
	relay  *relay.Relay
	legacy *legacydb.DB
	watch  *watched
	stop   context.CancelFunc
	ended  chan error // what Relay.Run returned
}

var errClosing = errors.New("the environment is ending")

// Handle takes one batch of messages to legacy. It answers which are to stay in
// the queue; the others are done with, and Lambda deletes them.
func (f *function) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	none := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	if len(event.Records) == 0 {
		return none, errors.New("the event has no SQS records; this function is for an SQS event source mapping")
	}
	report := f.reporter.Begin()
	defer report.End()
	defer f.tracer.Flush(ctx)
	share := sharesOf(ctx)
	p, err := f.open(ctx, share.write)
	if err != nil {
		return none, fmt.Errorf("open the relay: %w", err)
	}
	messages := make([]sqs.Message, len(event.Records))
	for i, r := range event.Records {
		messages[i] = sqs.NewMessage(r.MessageId, r.ReceiptHandle, r.Body, r.Attributes)
	}
	ctx, cancel := context.WithTimeout(ctx, share.all)
	defer cancel()
	hand := p.watch.begin(ctx, report, messages)
	for _, id := range p.inbox.Deliver(ctx, messages, share.hold) {
		none.BatchItemFailures = append(none.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
	}
	p.watch.end(hand, len(none.BatchItemFailures), p.relay.State().Breaker)
	return none, nil
}

// open wires the inbox, the relay and legacy, once.
func (f *function) open(ctx context.Context, writeTimeout time.Duration) (*parts, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closing {
		return nil, errClosing
	}
	if f.parts != nil {
		return f.parts, nil
	}
	cfg, err := environ.Config(ctx, f.settings.getenv)
	if err != nil {
		return nil, err
	}
	desk := prometheus.NewRegistry()
	inbox, what, err := f.openInbox(ctx, cfg, desk)
	if err != nil {
		return nil, err
	}
	if f.settings.LegacySecret != "" {
		if f.settings.Legacy.Database, err = database(ctx, cfg, f.settings.LegacySecret); err != nil {
			return nil, err
		}
	}
	legacy, err := legacydb.Open(ctx, f.settings.Legacy, legacydb.Options{Logger: f.log})
	if err != nil {
		return nil, err
	}
	if f.settings.Listings && !legacy.TakesListings() {
		return nil, errors.Join(errNoListings, legacy.Close())
	}
	budget := relay.NewBudget(f.settings.Connections)
	w := &watched{Legacy: what.to(legacy), budget: budget, tracer: f.tracer, desk: desk}
	r := relay.New(relay.Options{
		Source: inbox, Legacy: w, Budget: budget,
		WriteTimeout: writeTimeout, Logger: f.log,
	})
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	p := &parts{inbox: inbox, relay: r, legacy: legacy, watch: w, stop: stop, ended: make(chan error, 1)}
	go func() { p.ended <- r.Run(running) }()
	f.parts = p
	return p, nil
}

func (f *function) openInbox(ctx context.Context, cfg sdk.Config, metrics prometheus.Registerer) (*sqs.Inbox, carried, error) {
	queue := awssqs.NewFromConfig(cfg)
	o := aws.Options{
		Table: f.settings.Table, Queue: f.settings.Queue, Bucket: f.settings.Bucket,
		DynamoDB: dynamodb.NewFromConfig(cfg), SQS: queue, Logger: f.log,
	}
	if o.Bucket != "" {
		o.S3 = s3.NewFromConfig(cfg)
	}
	store, err := aws.New(ctx, o)
	if err != nil {
		return nil, carried{}, err
	}
	what := f.settings.carry(store)
	inbox, err := sqs.NewInbox(sqs.Options{
		Queue: f.settings.Queue, DeadLetters: f.settings.DeadLetters, Client: queue,
		Decode: what.decode, Book: what.book, Logger: f.log, Metrics: metrics,
	})
	return inbox, what, err
}

// close ends the relay, with what it has in hand, and closes legacy.
func (f *function) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closing = true
	if f.parts == nil {
		return nil
	}
	f.parts.stop()
	return errors.Join(<-f.parts.ended, f.parts.legacy.Close(), f.tracer.Close(context.Background()))
}

// shares divide the time of an invocation: until hold orders are given to
// legacy, each write takes at most write, and by the end of all the answer is
// given. So no write goes on when Lambda freezes the environment.
type shares struct{ hold, write, all time.Duration }

// The rest of the time is for telling the table and the queue: a quarter, at
// most lastWords.
const lastWords = 5 * time.Second

// withoutDeadline is the time of an invocation that has none, in a test.
const withoutDeadline = 30 * time.Second

func sharesOf(ctx context.Context) shares {
	total := withoutDeadline
	if deadline, ok := ctx.Deadline(); ok {
		total = time.Until(deadline)
	}
	work := total - min(total/4, lastWords)
	write := min(work/2, relay.DefaultWriteTimeout)
	return shares{hold: work - write, write: write, all: total - min(total/8, lastWords/2)}
}
