package telemetry

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Remote is the span that a W3C traceparent, and the tracestate beside it, name;
// not valid where they name none.
func Remote(traceparent, tracestate string) trace.SpanContext {
	carrier := propagation.MapCarrier{"traceparent": traceparent, "tracestate": tracestate}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}

// Traceparent writes a span's context as W3C Trace Context has it; "" where it
// is not valid.
func Traceparent(span trace.SpanContext) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), span), carrier)
	return carrier["traceparent"]
}

// XRay is the span that Lambda itself has for an invocation, by the context that
// aws-lambda-go gives to a handler; not valid where Lambda traces nothing.
func XRay(ctx context.Context) trace.SpanContext {
	header, _ := ctx.Value("x-amzn-trace-id").(string) // the library's own key
	return readXRay(header)
}

// readXRay reads X-Ray's form of a trace header:
// Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=<0 or 1>.
func readXRay(header string) trace.SpanContext {
	var root, parent, flags = "", "", "00"
	for part := range strings.SplitSeq(header, ";") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "Root":
			if version, id, found := strings.Cut(value, "-"); found && version == "1" {
				root = strings.Replace(id, "-", "", 1)
			}
		case "Parent":
			parent = value
		case "Sampled":
			if value == "1" {
				flags = "01"
			}
		}
	}
	return Remote("00-"+root+"-"+parent+"-"+flags, "")
}

// ids makes trace ids that begin with the time, in seconds: W3C allows any, and
// X-Ray once took no other.
type ids struct{ now func() time.Time }

// NewIDs implements the SDK's IDGenerator.
func (g ids) NewIDs(ctx context.Context) (id trace.TraceID, span trace.SpanID) {
	binary.BigEndian.PutUint32(id[:4], uint32(g.now().Unix()))
	binary.BigEndian.PutUint32(id[4:8], rand.Uint32())
	binary.BigEndian.PutUint64(id[8:], rand.Uint64()|1) // all zeros would be no id
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID implements the SDK's IDGenerator.
func (ids) NewSpanID(context.Context, trace.TraceID) (span trace.SpanID) {
	binary.BigEndian.PutUint64(span[:], rand.Uint64()|1)
	return span
}
