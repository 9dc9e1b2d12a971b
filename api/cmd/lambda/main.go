// Command lambda is the API's entry in Lambda: the sample shop's handlers, with
// orders taken by intake. Built as bootstrap it runs on provided.al2023:
//
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -tags lambda.norpc,nofolder \
//		-trimpath -ldflags='-s -w' -o bootstrap ./api/cmd/lambda
//
//	event → lambda.Adapter → shop handlers → intake
//
// It is configured by environment variables, see Settings. Orders go to
// DynamoDB and SQS (BANYAN_TABLE, BANYAN_QUEUE); a scheduled event sends what a
// crash left unsent. To try it out without AWS they can be kept in a folder
// instead (BANYAN_DATA), which one environment at a time may have open; that takes
// a build without the tag nofolder. With neither the function does not start.
//
// Nothing is opened, and nothing asked of AWS, before the first request, unless
// the environment is made in advance. What it tells of itself is in
// api/telemetry.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Getenv, os.Stdout, os.Stderr))
}
