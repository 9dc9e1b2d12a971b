// Command lambda is the API's entry in Lambda: the sample shop's handlers, with
// orders taken by intake. Built as bootstrap it runs on provided.al2023:
//
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -tags lambda.norpc \
//		-trimpath -ldflags='-s -w' -o bootstrap ./api/cmd/lambda
//
//	event → lambda.Adapter → shop handlers → intake
//
// It is configured by environment variables, see Settings. Orders go to
// DynamoDB and SQS (BANYAN_TABLE, BANYAN_QUEUE); a scheduled event sends what a
// crash left unsent. To try it out without AWS they can be kept in a folder
// instead (BANYAN_DATA), which one environment at a time may have open. With
// neither the function does not start.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Getenv, os.Stderr))
}
