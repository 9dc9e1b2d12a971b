// Command lambda is the relay's entry in Lambda: it takes the orders that an SQS
// event source mapping brings to the legacy database. Built as bootstrap it runs
// on provided.al2023:
//
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -tags lambda.norpc \
//		-trimpath -ldflags='-s -w' -o bootstrap ./legacy-adapter/cmd/lambda
//
//	event → Inbox.Deliver → Relay → Legacy.Write → batch item failures
//
// It is configured by environment variables, see Settings, and by the legacy
// section of banyan.yaml, which goes into the zip beside it.
//
// # The mapping
//
// The event source mapping has ReportBatchItemFailures, a batch size of 10 and,
// in ScalingConfig, a maximum concurrency. Each environment handles one batch at
// a time and holds BANYAN_LEGACY_CONNECTIONS connections at most, 1 unless it is
// set, so that
//
//	connections an environment × maximum concurrency ≤ legacy.connections
//
// which is checked at the start where BANYAN_CONCURRENCY says what the maximum
// is. A maximum concurrency is 2 at least: for a budget of 1 run the relay as a
// process, over a Source of relay/sqs. The function's reserved concurrency is not to be below
// the maximum, or messages are throttled, which costs receipts. The function's
// time-out is to be 30 seconds or more, the queue's visibility time-out six times
// that.
//
// What the function tells of itself, metrics and traces, is in api/telemetry.
//
// The package relay/sqs says how deferred orders come back, and why none becomes
// a dead letter for having waited.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Getenv, os.Stdout, os.Stderr))
}
