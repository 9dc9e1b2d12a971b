package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"github.com/banyan-edge/banyan/api/lambda"
	"github.com/banyan-edge/banyan/api/shop"
)

var errNoStore = errors.New("no durable store is configured")

// run serves invocations until Lambda ends the environment, and returns the exit
// code.
func run(ctx context.Context, getenv func(string) string, stderr io.Writer) int {
	settings, err := readSettings(getenv)
	if err == nil {
		err = serve(ctx, settings, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "banyan: %v\n", err)
		if hint := hintFor(err); hint != "" {
			fmt.Fprintf(stderr, "hint: %s\n", hint)
		}
		reportInit(settings.RuntimeAPI, err)
		return 1
	}
	return 0
}

// serve wires the shop to the store and both to Lambda.
func serve(ctx context.Context, settings Settings, stderr io.Writer) error {
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	store, err := open(ctx, settings, log)
	if err != nil {
		return err
	}
	settings.Adapter.Logger = log
	guarded, err := behindEdge(shop.New(shop.Options{Orders: store, Logger: log}), settings.EdgeSecrets)
	if err != nil {
		return errors.Join(err, store.close())
	}
	handler := entry{
		adapter: lambda.New(guarded, settings.Adapter),
		sweep:   store.sweep, log: log,
	}

	// Start never returns: where the Runtime API goes away it ends the process,
	// which the store is made for. SIGTERM is how an environment ends in peace.
	ending := make(chan struct{})
	go awslambda.StartWithOptions(handler, awslambda.WithContext(ctx), awslambda.WithEnableSIGTERM(func() { close(ending) }))
	select {
	case <-ending:
	case <-ctx.Done():
	}
	return store.close()
}

// behindEdge lets only through what comes from the edge, where there are secrets
// to tell it by.
func behindEdge(h http.Handler, secrets []string) (http.Handler, error) {
	if len(secrets) == 0 {
		return h, nil
	}
	return lambda.RequireSecret(h, lambda.Secret{Values: secrets})
}

// hintFor says what to do about a failed start.
func hintFor(err error) string {
	var hinting interface{ Hint() string }
	switch {
	case errors.Is(err, errNoStore):
		return "set BANYAN_TABLE and BANYAN_QUEUE, or BANYAN_DATA to a folder that outlives the function"
	case errors.As(err, &hinting):
		return hinting.Hint() + "; one environment at a time may write, so reserve a concurrency of 1"
	}
	return ""
}
