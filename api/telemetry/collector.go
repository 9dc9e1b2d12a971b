package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// How long a collector may keep the function waiting.
const (
	// FlushTimeout is how long an invocation waits for its spans to be taken. A
	// collector beside the function takes about a millisecond.
	FlushTimeout = 50 * time.Millisecond
	// CollectorRest is how long one that did not take spans is left alone; the
	// spans of that time are lost.
	CollectorRest = 10 * time.Second
)

// collector sends spans to an OpenTelemetry collector. It is otlptrace's Client;
// the one that comes with the library does the same, tries again for a minute,
// and brings all of gRPC with it: five megabytes and a millisecond of each start.
type collector struct {
	to     OTLP
	client *http.Client
	log    *slog.Logger
	now    func() time.Time

	mu    sync.Mutex
	until time.Time // left alone until then
}

func newCollector(to OTLP, log *slog.Logger, now func() time.Time) *collector {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, IdleConnTimeout: time.Minute}
	return &collector{to: to, client: &http.Client{Transport: transport}, log: log, now: now}
}

// Start implements otlptrace.Client. There is nothing to start.
func (c *collector) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *collector) Stop(context.Context) error {
	c.client.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. Spans that are not taken are lost;
// the log says so, once a rest.
func (c *collector) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	if c.resting() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, FlushTimeout)
	defer cancel()
	if err := c.post(ctx, spans); err != nil {
		c.mu.Lock()
		c.until = c.now().Add(CollectorRest)
		c.mu.Unlock()
		c.log.Warn("traces not taken", "collector", c.to.URL, "again_in", CollectorRest, "err", err)
	}
	return nil
}

func (c *collector) resting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Before(c.until)
}

func (c *collector) post(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// On the wire this is an ExportTraceServiceRequest: the message's own comment
	// promises that the two stay alike.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return fmt.Errorf("write spans: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.to.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	for name, value := range c.to.Headers {
		req.Header.Set(name, value)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection is kept
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answers %s", res.Status)
	}
	return nil
}
