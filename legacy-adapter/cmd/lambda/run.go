package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	awslambda "github.com/aws/aws-lambda-go/lambda"
)

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

func serve(ctx context.Context, settings Settings, stderr io.Writer) error {
	f := &function{settings: settings, log: slog.New(slog.NewJSONHandler(stderr, nil))}
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

// hintFor says what to do about a failed start.
func hintFor(err error) string {
	var hinting interface{ Hint() string }
	if errors.As(err, &hinting) {
		return hinting.Hint()
	}
	return ""
}
