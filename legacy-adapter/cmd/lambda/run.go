package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"github.com/banyan-edge/banyan/api/telemetry"
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

func serve(ctx context.Context, settings Settings, stdout, stderr io.Writer) error {
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	f := &function{
		settings: settings, tracer: newTracer(settings, log), log: log,
		reporter: telemetry.NewReporter(telemetry.ReporterOptions{Namespace: settings.Metrics, Out: stdout}),
	}
	// Start never returns: where the Runtime API goes away it ends the process,
	// and what was in hand is delivered again. SIGTERM is how an environment ends
	// in peace.
	ending := make(chan struct{})
	go awslambda.StartWithOptions(f.Handle, awslambda.WithContext(ctx), awslambda.WithEnableSIGTERM(func() { close(ending) }))
	select {
	case <-ending:
	case <-ctx.Done():
	}
	return f.close()
}

// newTracer returns where spans go. A collector that is named wrongly costs the
// traces, and no order.
func newTracer(settings Settings, log *slog.Logger) *telemetry.Tracer {
	to, err := telemetry.ReadOTLP(settings.getenv)
	if err != nil {
		log.Error("no traces are sent", "err", err)
	}
	return telemetry.NewTracer(telemetry.TracerOptions{
		To: to, Service: "banyan-relay", About: telemetry.AboutFunction(settings.getenv), Logger: log,
	})
}

// hintFor says what to do about a failed start.
func hintFor(err error) string {
	var hinting interface{ Hint() string }
	if errors.As(err, &hinting) {
		return hinting.Hint()
	}
	return ""
}
