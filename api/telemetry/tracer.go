package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TracerOptions make a Tracer.
type TracerOptions struct {
	To      OTLP
	Service string               // where To has none; required
	About   []attribute.KeyValue // what else is known of the service: its function, version, Region

	Logger *slog.Logger     // zero: silent
	Now    func() time.Time // zero: time.Now
}

// Tracer makes spans and sends them. The exporter and all that belongs to it is
// made with the first span. Without a collector there are no spans of its own: a
// trace is handed on as it came. The zero Tracer has none.
type Tracer struct {
	o        TracerOptions
	once     sync.Once
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	pending  atomic.Bool // spans were recorded since the last flush
}

// NewTracer returns a tracer that has done nothing yet.
func NewTracer(o TracerOptions) *Tracer {
	if o.To.Service != "" {
		o.Service = o.To.Service
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Tracer{o: o}
}

// On reports whether spans are sent anywhere.
func (t *Tracer) On() bool { return t.o.To.URL != "" }

// Start begins a span below the one in ctx, which may be a remote one. It is
// sampled as its parent was (OTEL_TRACES_SAMPLER says otherwise).
func (t *Tracer) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	if !t.On() {
		return ctx, trace.SpanFromContext(ctx)
	}
	t.once.Do(t.open)
	ctx, span := t.tracer.Start(ctx, name, options...)
	if span.IsRecording() {
		t.pending.Store(true)
	}
	return ctx, span
}

func (t *Tracer) open() {
	exporter, err := otlptrace.New(context.Background(), newCollector(t.o.To, t.o.Logger, t.o.Now))
	if err != nil {
		panic(err) // a collector has nothing to start
	}
	about := append([]attribute.KeyValue{attribute.String("service.name", t.o.Service)}, t.o.About...)
	t.provider = sdk.NewTracerProvider(
		sdk.WithBatcher(exporter),
		sdk.WithIDGenerator(ids{t.o.Now}),
		sdk.WithResource(resource.NewSchemaless(about...)),
	)
	t.tracer = t.provider.Tracer("github.com/banyan-edge/banyan")
}

// Flush sends what was recorded, and returns when it is taken, or after
// FlushTimeout. It takes twice that at most: spans may be on their way already,
// since a batch that takes seconds sends some before its end.
func (t *Tracer) Flush(ctx context.Context) {
	if !t.pending.Swap(false) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*FlushTimeout)
	defer cancel()
	if err := t.provider.ForceFlush(ctx); err != nil {
		t.o.Logger.Warn("traces not sent", "err", err)
	}
}

// Close flushes and ends. No span is to be started after it.
func (t *Tracer) Close(ctx context.Context) error {
	t.Flush(ctx)
	if t.provider == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*FlushTimeout)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// AboutFunction is what Lambda's environment says of a function.
func AboutFunction(getenv func(string) string) []attribute.KeyValue {
	var about []attribute.KeyValue
	for _, a := range []struct{ name, variable string }{
		{"faas.name", "AWS_LAMBDA_FUNCTION_NAME"},
		{"faas.version", "AWS_LAMBDA_FUNCTION_VERSION"},
		{"cloud.region", "AWS_REGION"},
	} {
		if value := getenv(a.variable); value != "" {
			about = append(about, attribute.String(a.name, value))
		}
	}
	return about
}
