package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/lambda"
)

// Settings are what the environment says.
type Settings struct {
	// Table and Queue are the DynamoDB table's name and the order queue's URL
	// (BANYAN_TABLE, BANYAN_QUEUE); Kind is fifo or standard (BANYAN_QUEUE_KIND,
	// fifo), Bucket is for orders too large for a message (BANYAN_BUCKET), Tenant
	// whose orders these are (BANYAN_TENANT).
	Table, Queue string
	Kind         aws.QueueKind
	Bucket       string
	Tenant       string
	// ListingsQueue is the URL of the queue of sellers' listings, of the same
	// kind as that of orders, and Pictures the bucket that their pictures are
	// sent to (BANYAN_LISTINGS_QUEUE, BANYAN_PICTURES). With neither the shop
	// takes no listings.
	ListingsQueue, Pictures string
	// SeedSample puts the sample shop's stock into the table at each start,
	// where it is missing (BANYAN_SEED_SAMPLE).
	SeedSample bool
	// Data is the folder of the durable store, where there is no table
	// (BANYAN_DATA).
	Data string
	// RuntimeAPI is where Lambda is (AWS_LAMBDA_RUNTIME_API); Lambda sets it.
	RuntimeAPI string
	// Adapter says how events are read: BANYAN_BASE_PATH, BANYAN_TRUSTED_HOPS and
	// BANYAN_TRUST_FORWARDED_HOST. Behind CloudFront the last two are 1 and true.
	Adapter lambda.Options
	// EdgeSecrets are what the edge sends as x-banyan-secret, one or, while one
	// replaces the other, two, with a comma between (BANYAN_EDGE_SECRETS). Empty:
	// whoever finds the API's address may ask it.
	EdgeSecrets []string
	// Metrics is the namespace of the function's metrics, Banyan/NAME; empty: it
	// tells none (BANYAN_METRICS). Traces are OpenTelemetry's own variables, see
	// telemetry.ReadOTLP.
	Metrics string
	// Warm opens everything at the start, since nobody waits for it: Lambda has
	// the environment made in advance (AWS_LAMBDA_INITIALIZATION_TYPE).
	Warm bool

	getenv func(string) string
}

func readSettings(getenv func(string) string) (Settings, error) {
	s := Settings{
		Table: getenv("BANYAN_TABLE"), Queue: getenv("BANYAN_QUEUE"), Bucket: getenv("BANYAN_BUCKET"), Tenant: getenv("BANYAN_TENANT"),
		ListingsQueue: getenv("BANYAN_LISTINGS_QUEUE"), Pictures: getenv("BANYAN_PICTURES"),
		Data: getenv("BANYAN_DATA"), Metrics: getenv("BANYAN_METRICS"),
		RuntimeAPI: getenv("AWS_LAMBDA_RUNTIME_API"), Warm: getenv("AWS_LAMBDA_INITIALIZATION_TYPE") == "provisioned-concurrency",
		Adapter: lambda.Options{BasePath: getenv("BANYAN_BASE_PATH")},
		getenv:  getenv,
	}
	switch {
	case s.Table == "" && s.Data == "":
		return s, errNoStore
	case s.Table != "" && s.Data != "":
		return s, errors.New("both BANYAN_TABLE and BANYAN_DATA are set; orders go to one place")
	case (s.Table == "") != (s.Queue == ""):
		return s, errors.New("BANYAN_TABLE and BANYAN_QUEUE are set together or not at all")
	case (s.ListingsQueue == "") != (s.Pictures == ""):
		return s, errors.New("BANYAN_LISTINGS_QUEUE and BANYAN_PICTURES are set together or not at all")
	case s.ListingsQueue != "" && s.Table == "":
		return s, errors.New("BANYAN_LISTINGS_QUEUE is set and BANYAN_TABLE is not: listings are kept in the table")
	}
	switch kind := getenv("BANYAN_QUEUE_KIND"); kind {
	case "", "fifo":
		s.Kind = aws.FIFO
	case "standard":
		s.Kind = aws.Standard
	default:
		return s, fmt.Errorf("BANYAN_QUEUE_KIND is %q, neither fifo nor standard", kind)
	}
	if text := getenv("BANYAN_SEED_SAMPLE"); text != "" {
		seed, err := strconv.ParseBool(text)
		if err != nil {
			return s, fmt.Errorf("BANYAN_SEED_SAMPLE is %q, neither true nor false", text)
		}
		s.SeedSample = seed
	}
	if text := getenv("BANYAN_TRUSTED_HOPS"); text != "" {
		hops, err := strconv.ParseUint(text, 10, 8)
		if err != nil {
			return s, fmt.Errorf("BANYAN_TRUSTED_HOPS is %q, not a small whole number", text)
		}
		s.Adapter.TrustedHops = int(hops)
	}
	if text := getenv("BANYAN_TRUST_FORWARDED_HOST"); text != "" {
		trust, err := strconv.ParseBool(text)
		if err != nil {
			return s, fmt.Errorf("BANYAN_TRUST_FORWARDED_HOST is %q, neither true nor false", text)
		}
		s.Adapter.TrustForwardedHost = trust
	}
	if text := getenv("BANYAN_EDGE_SECRETS"); text != "" {
		s.EdgeSecrets = strings.Split(text, ",")
	}
	return s, nil
}
