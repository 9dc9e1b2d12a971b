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
	"github.com/banyan-edge/banyan/api/telemetry"
)

var (
	errNoStore  = errors.New("no durable store is configured")
	errNoFolder = errors.New("BANYAN_DATA is set, and this function was built without a folder's store")
)

// run serves invocations until Lambda ends the environment, and returns the exit
// code.
func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	settings, err := readSettings(getenv)
	if err == nil {
		err = serve(ctx, settings, stdout, stderr)
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

// serve wires the shop to the store and both to Lambda. Nothing is opened before
// the first request, unless nobody waits for it.
func serve(ctx context.Context, settings Settings, stdout, stderr io.Writer) error {
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	settings.Adapter.Logger = log
	placed := &orders{settings: settings, log: log}
	tracer := newTracer(settings, log)
	sells := &selling{placed, log}
	options := shop.Options{Orders: placed, Logger: log}
	sells.into(&options)
	guarded, err := behindEdge(watch(tracer, shop.New(options)), settings.EdgeSecrets)
	if err != nil {
		return err
	}
	if err := placed.warm(ctx); err != nil {
		return err
	}
	handler := entry{
		adapter: lambda.New(guarded, settings.Adapter), orders: placed, selling: sells, tracer: tracer, log: log,
		reporter: telemetry.NewReporter(telemetry.ReporterOptions{Namespace: settings.Metrics, Out: stdout}),
	}

	// Start never returns: where the Runtime API goes away it ends the process,
	// which the store is made for. SIGTERM is how an environment ends in peace.
	ending := make(chan struct{})
	go awslambda.StartWithOptions(handler, awslambda.WithContext(ctx), awslambda.WithEnableSIGTERM(func() { close(ending) }))
	select {
	case <-ending:
	case <-ctx.Done():
	}
	return errors.Join(placed.close(), tracer.Close(ctx))
}

// newTracer returns where spans go. A collector that is named wrongly costs the
// traces, and no order.
func newTracer(settings Settings, log *slog.Logger) *telemetry.Tracer {
	to, err := telemetry.ReadOTLP(settings.getenv)
	if err != nil {
		log.Error("no traces are sent", "err", err)
	}
	return telemetry.NewTracer(telemetry.TracerOptions{
		To: to, Service: "banyan-api", About: telemetry.AboutFunction(settings.getenv), Logger: log,
	})
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
	case errors.Is(err, errNoFolder):
		return "build it without the tag nofolder, or set BANYAN_TABLE and BANYAN_QUEUE"
	case errors.As(err, &hinting):
		return hinting.Hint() + "; one environment at a time may write, so reserve a concurrency of 1"
	}
	return ""
}
