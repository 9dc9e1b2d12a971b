package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/prometheus/client_golang/prometheus"
)

// Options says where a store keeps its orders and what it is given to work with.
type Options struct {
	Table string    // the DynamoDB table's name; required
	Queue string    // the queue's URL; required
	Kind  QueueKind // of the queue; zero means FIFO

	// Bucket is where bodies are kept that are too large for an item or a
	// message. Empty means that such orders are refused.
	Bucket string
	// Tenant is whose orders these are, for the fairness of a queue that many
	// share. Up to 64 letters, digits and - _ . may be used.
	Tenant string

	// MessageBytes is how large a message may be; larger bodies go to the
	// bucket. 0 means 1 MiB, which is SQS's limit.
	MessageBytes int
	// Shards says over how many counters that many units of a SKU are spread,
	// 1 to MaxShards. nil means ShardsFor.
	Shards func(onHand int) int
	// LeftAge is how old the answer of Left may be, so that a product page
	// that everybody looks at does not read all of the counters each time. 0
	// means that it is always read.
	LeftAge time.Duration
	// SendAfter is how long after acceptance an order that was not marked as
	// sent is sent by Sweep. 0 means 30 s.
	SendAfter time.Duration
	// ResendAfter is how long after it was sent an order that still waits is
	// sent again, so that what the queue has lost (retention is at most 14
	// days) comes back. 0 means 12 days.
	ResendAfter time.Duration

	DynamoDB DynamoDB // nil means one made from the environment's configuration
	SQS      SQS      // likewise
	S3       S3       // likewise, where there is a bucket

	Now     func() time.Time      // nil means time.Now
	Logger  *slog.Logger          // nil means no logging
	Metrics prometheus.Registerer // nil means no metrics
}

const (
	defaultMessageBytes = 1 << 20
	defaultSendAfter    = 30 * time.Second
	defaultResendAfter  = 12 * 24 * time.Hour
)

// Store accepts orders, queues them, and knows what became of them. It has no
// state that matters: any number of processes may have one over the same table.
// Its methods may be called from many goroutines at once.
type Store struct {
	o       Options
	log     *slog.Logger
	metrics *metrics
	seq     sequence
	shelves shelves
	lefts   lefts
}

// New returns a store over a table and a queue that exist. It asks nothing of
// them; clients that are not given are made from the environment.
func New(ctx context.Context, o Options) (*Store, error) {
	o.MessageBytes = cmp.Or(o.MessageBytes, defaultMessageBytes)
	o.SendAfter = cmp.Or(o.SendAfter, defaultSendAfter)
	o.ResendAfter = cmp.Or(o.ResendAfter, defaultResendAfter)
	if o.Shards == nil {
		o.Shards = ShardsFor
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("open order store: %w", err)
	}
	if err := o.connect(ctx); err != nil {
		return nil, fmt.Errorf("open order store %s: %w", o.Table, err)
	}
	m, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, fmt.Errorf("open order store %s: %w", o.Table, err)
	}
	return &Store{o: o, log: o.Logger, metrics: m}, nil
}

func (o *Options) check() error {
	switch {
	case o.Table == "":
		return errors.New("a table is needed")
	case o.Queue == "":
		return errors.New("a queue URL is needed")
	case o.MessageBytes < 1024 || o.MessageBytes > defaultMessageBytes:
		return fmt.Errorf("message size %d is not between 1,024 and 1,048,576 bytes", o.MessageBytes)
	case len(o.Tenant) > 64:
		return fmt.Errorf("tenant %q is longer than 64 characters", o.Tenant)
	}
	for _, c := range o.Tenant {
		if !tenantChar(c) {
			return fmt.Errorf("tenant %q may hold only letters, digits, - . and _", o.Tenant)
		}
	}
	return nil
}

func tenantChar(c rune) bool {
	return c == '-' || c == '_' || c == '.' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// connect makes the clients that were not given.
func (o *Options) connect(ctx context.Context) error {
	if o.DynamoDB != nil && o.SQS != nil && (o.S3 != nil || o.Bucket == "") {
		return nil
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("read AWS configuration: %w", err)
	}
	if o.DynamoDB == nil {
		o.DynamoDB = dynamodb.NewFromConfig(cfg)
	}
	if o.SQS == nil {
		o.SQS = sqs.NewFromConfig(cfg)
	}
	if o.S3 == nil && o.Bucket != "" {
		o.S3 = s3.NewFromConfig(cfg)
	}
	return nil
}

func (s *Store) now() time.Time { return s.o.Now().UTC() }
