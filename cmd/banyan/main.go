// Command banyan is the whole of Banyan in one binary: "banyan up" runs the
// edge, the API, the relay and the console on one machine; the other commands
// flip products, explain decisions, and look after orders beside it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
