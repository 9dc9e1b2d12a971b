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
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// function handles the invocations of one environment. Nothing is opened before
// the first.
type function struct {
	settings Settings
	log      *slog.Logger

	mu      sync.Mutex // held while it is opened or closed
	parts   *parts
	closing bool
}

// parts are what an open function works with.
type parts struct {
	inbox  *sqs.Inbox
	legacy *legacydb.DB
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
	for _, id := range p.inbox.Deliver(ctx, messages, share.hold) {
		none.BatchItemFailures = append(none.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
	}
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
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("read AWS configuration: %w", err)
	}
	inbox, err := f.openInbox(ctx, cfg)
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
	r := relay.New(relay.Options{
		Source: inbox, Legacy: legacy, Budget: relay.NewBudget(f.settings.Connections),
		WriteTimeout: writeTimeout, Logger: f.log,
	})
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	p := &parts{inbox: inbox, legacy: legacy, stop: stop, ended: make(chan error, 1)}
	go func() { p.ended <- r.Run(running) }()
	f.parts = p
	return p, nil
}

func (f *function) openInbox(ctx context.Context, cfg sdk.Config) (*sqs.Inbox, error) {
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
		return nil, err
	}
	return sqs.NewInbox(sqs.Options{
		Queue: f.settings.Queue, DeadLetters: f.settings.DeadLetters, Client: queue,
		Decode: store.ReadMessage, Book: store, Logger: f.log,
	})
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
	return errors.Join(<-f.parts.ended, f.parts.legacy.Close())
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
