package telemetry_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/api/telemetry"
	"github.com/banyan-edge/banyan/api/telemetry/telemetrytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const edge = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// tracer returns one that sends to url, and its log.
func tracer(t *testing.T, url string, now func() time.Time) (*telemetry.Tracer, *bytes.Buffer) {
	var log bytes.Buffer
	tr := telemetry.NewTracer(telemetry.TracerOptions{
		To: telemetry.OTLP{URL: url + "/v1/traces", Headers: map[string]string{"X-Key": "secret"}}, Service: "banyan-test",
		Logger: slog.New(slog.NewTextHandler(&log, nil)), Now: now,
	})
	t.Cleanup(func() { require.NoError(t, tr.Close(context.Background())) })
	return tr, &log
}

func TestTracer_ContinuesTheTraceThatCame(t *testing.T) {
	c := telemetrytest.StartCollector(t)
	tr, _ := tracer(t, c.URL, nil)
	ctx := trace.ContextWithRemoteSpanContext(t.Context(), telemetry.Remote(edge, ""))
	_, span := tr.Start(ctx, "checkout")
	next := telemetry.Traceparent(span.SpanContext())
	span.End()
	tr.Flush(t.Context())
	spans := c.Spans()
	require.Len(t, spans, 1)
	require.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", spans[0].Trace)
	require.Equal(t, "00f067aa0ba902b7", spans[0].Parent)
	require.Equal(t, "banyan-test", spans[0].Service)
	require.Equal(t, "00-"+spans[0].Trace+"-"+spans[0].ID+"-01", next, "what goes on names this span")
	require.Equal(t, "secret", c.Header().Get("X-Key"))
}

func TestTracer_WhatTheEdgeDidNotSampleIsHandedOnAndNotSent(t *testing.T) {
	c := telemetrytest.StartCollector(t)
	tr, _ := tracer(t, c.URL, nil)
	ctx := trace.ContextWithRemoteSpanContext(t.Context(), telemetry.Remote(strings.TrimSuffix(edge, "01")+"00", ""))
	_, span := tr.Start(ctx, "checkout")
	span.End()
	tr.Flush(t.Context())
	require.Empty(t, c.Spans())
	require.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", span.SpanContext().TraceID().String())
}

func TestTracer_ATraceThatBeginsHereBeginsWithTheTime(t *testing.T) {
	c := telemetrytest.StartCollector(t)
	now := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	tr, _ := tracer(t, c.URL, func() time.Time { return now })
	_, span := tr.Start(t.Context(), "sweep")
	span.End()
	tr.Flush(t.Context())
	require.Equal(t, fmt.Sprintf("%08x", now.Unix()), c.Spans()[0].Trace[:8])
}

func TestTracer_WithoutACollectorHandsATraceOn(t *testing.T) {
	tr := telemetry.NewTracer(telemetry.TracerOptions{Service: "banyan-test"})
	ctx := trace.ContextWithRemoteSpanContext(t.Context(), telemetry.Remote(edge, ""))
	_, span := tr.Start(ctx, "checkout")
	require.False(t, span.IsRecording())
	require.Equal(t, edge, telemetry.Traceparent(span.SpanContext()))
	tr.Flush(t.Context())
	require.NoError(t, tr.Close(t.Context()))
}

// TestTracer_ADeadCollectorIsAskedOnceARest has collectors that refuse, that
// hang and that answer with an error.
func TestTracer_ADeadCollectorIsAskedOnceARest(t *testing.T) {
	var asked atomic.Int32
	released := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1); <-released }))
	defer hanging.Close()
	defer close(released)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); w.WriteHeader(503) }))
	defer broken.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	for name, url := range map[string]string{"hangs": hanging.URL, "answers 503": broken.URL, "refuses": "http://" + l.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			asked.Store(0)
			now := time.Now()
			tr, log := tracer(t, url, func() time.Time { return now })
			invoke := func() {
				_, span := tr.Start(t.Context(), "checkout")
				span.End()
				tr.Flush(t.Context())
			}
			for range 20 {
				invoke()
			}
			require.LessOrEqual(t, asked.Load(), int32(1))
			require.Equal(t, 1, strings.Count(log.String(), "traces not taken"), "%s", log)
			now = now.Add(telemetry.CollectorRest)
			invoke()
			require.Equal(t, 2, strings.Count(log.String(), "traces not taken"), "it is asked again")
		})
	}
}
