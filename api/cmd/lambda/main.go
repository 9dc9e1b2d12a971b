// Command lambda is the API's entry in Lambda: the sample shop's handlers, with
// orders taken by intake. Built as bootstrap it runs on provided.al2023:
//
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -tags lambda.norpc \
//		-trimpath -ldflags='-s -w' -o bootstrap ./api/cmd/lambda
//
//	event → lambda.Adapter → shop handlers → intake
//
// It is configured by environment variables, see Settings. Orders are kept in
// BANYAN_DATA, which must outlive the function: a mounted EFS access point. One
// environment at a time may have it open, so the function's reserved concurrency
// is to be 1. Without it the function does not start.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Getenv, os.Stderr))
}
