package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// cloud is the store of orders on AWS, with its queue and its dead-letter queue,
// as a command has it open. It is an orderBook and a mender.
type cloud struct {
	*aws.Store
	settings storeFlags
	place    Place
	client   *awssqs.Client
	queue    sqs.Queue // as it was when this was opened
	letters  *sqs.Letters
	strays   strays
	mended   bool // orders were redriven or dropped: their messages are to be cleared
}

type cloudOptions struct {
	storeFlags
	Logger  *slog.Logger          // nil: silent
	Metrics prometheus.Registerer // nil: none
}

// openCloud opens the store and asks once whether table and queue are there, so
// that a mistyped name is found out before anything else.
func openCloud(ctx context.Context, o cloudOptions) (*cloud, error) {
	cfg, err := awsConfig(ctx, o.EndpointURL)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		return nil, withHint(errors.New("no AWS region is set"), "set AWS_REGION, or a profile that has one")
	}
	c := &cloud{settings: o.storeFlags, client: awssqs.NewFromConfig(cfg)}
	options := aws.Options{
		Table: o.Table, Queue: o.Queue, Kind: kindOf(o.Queue), Bucket: o.Bucket, Tenant: o.Tenant,
		DynamoDB: dynamodb.NewFromConfig(cfg), SQS: c.client, Logger: o.Logger, Metrics: o.Metrics,
	}
	if o.Bucket != "" {
		emulated := o.EndpointURL != "" || cfg.BaseEndpoint != nil
		options.S3 = s3.NewFromConfig(cfg, func(s *s3.Options) { s.UsePathStyle = emulated })
	}
	if c.Store, err = aws.New(ctx, options); err != nil {
		return nil, err
	}
	if _, err := c.Ledger(ctx); err != nil {
		return nil, c.explained(fmt.Errorf("open table %s: %w", o.Table, err))
	}
	if c.queue, err = sqs.Ask(ctx, c.client, o.Queue); err != nil {
		return nil, c.explained(err)
	}
	return c, c.openLetters(ctx)
}

// kindOf goes by the name, as SQS does.
func kindOf(queue string) aws.QueueKind {
	if strings.HasSuffix(queue, ".fifo") {
		return aws.FIFO
	}
	return aws.Standard
}

// openLetters finds the dead-letter queue where nobody named it.
func (c *cloud) openLetters(ctx context.Context) (err error) {
	if c.settings.DeadLetters == "" {
		c.settings.DeadLetters, err = c.queue.DeadLetterURL(ctx, c.client)
		if errors.Is(err, sqs.ErrNoRedrivePolicy) {
			return withHint(fmt.Errorf("%w: %s", err, c.settings.Queue), "name its dead-letter queue with --dead-letters, or in banyan.yaml under intake.store.aws")
		}
		if err != nil {
			return c.explained(err)
		}
	}
	c.letters, err = sqs.NewLetters(c.settings.Queue, c.settings.DeadLetters, c.client)
	return err
}

// awsHints are what to do about AWS's own errors.
var awsHints = map[string]string{
	"ResourceNotFoundException":               "there is no such table in this account and region; AWS_PROFILE and AWS_REGION choose others",
	"QueueDoesNotExist":                       "there is no such queue in this account and region; AWS_PROFILE and AWS_REGION choose others",
	"AWS.SimpleQueueService.NonExistentQueue": "there is no such queue in this account and region; AWS_PROFILE and AWS_REGION choose others",
	"AccessDenied":                            "the package comments of api/intake/aws and legacy-adapter/relay/sqs list what has to be allowed",
	"AccessDeniedException":                   "the package comments of api/intake/aws and legacy-adapter/relay/sqs list what has to be allowed",
	"UnrecognizedClientException":             "the credentials are not good; AWS_PROFILE chooses others",
	"InvalidClientTokenId":                    "the credentials are not good; AWS_PROFILE chooses others",
	"ExpiredToken":                            "the credentials have expired; get new ones",
	"ExpiredTokenException":                   "the credentials have expired; get new ones",
}

// explained adds what to do about an error of AWS's.
func (c *cloud) explained(err error) error {
	var answer smithy.APIError
	if errors.As(err, &answer) && awsHints[answer.ErrorCode()] != "" {
		return withHint(err, "%s", awsHints[answer.ErrorCode()])
	}
	return withHint(err, "are there credentials (AWS_PROFILE), and is the endpoint right (AWS_ENDPOINT_URL)?")
}

// Relaying reports whether somebody takes orders out of the queue: on AWS a
// relay runs elsewhere.
func (c *cloud) Relaying() bool { return true }

// Close removes what mending left in the dead-letter queue. What it cannot remove
// does no harm there: a relay that is given it drops it.
func (c *cloud) Close() error {
	if !c.mended {
		return nil
	}
	c.mended = false
	ctx, cancel := context.WithTimeout(context.Background(), clearWithin)
	defer cancel()
	_, err := c.letters.Clear(ctx, func(ctx context.Context, ids []string) (map[string]bool, error) {
		standing, err := c.Standing(ctx, ids)
		mended := make(map[string]bool, len(standing))
		for id, place := range standing {
			mended[id] = place != aws.Dead
		}
		return mended, err
	})
	return err
}
