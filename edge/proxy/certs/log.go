package certs

import (
	"context"
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// events says in the log what becomes of the certificates.
type events struct{ log *slog.Logger }

// take takes one of certmagic's events.
func (e *events) take(ctx context.Context, event string, data map[string]any) error {
	switch event {
	case "cert_obtained":
		e.log.InfoContext(ctx, "certificate obtained", "host", data["identifier"], "renewal", data["renewal"])
	case "cert_failed":
		e.log.WarnContext(ctx, "certificate could not be had; it is asked for again later", "host", data["identifier"], "error", data["error"])
	}
	return nil
}

// zapTo passes what certmagic logs on to a slog logger, one level lower: it is
// talk, and what matters comes as events.
func zapTo(log *slog.Logger) *zap.Logger { return zap.New(&zapCore{log: log}) }

// zapCore is a zapcore.Core that writes to a slog logger.
type zapCore struct {
	log    *slog.Logger
	fields []zapcore.Field
}

// levelOf is one level below certmagic's own.
func levelOf(level zapcore.Level) slog.Level {
	switch {
	case level >= zapcore.ErrorLevel:
		return slog.LevelWarn
	case level >= zapcore.WarnLevel:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// Enabled reports whether a level is logged at all.
func (c *zapCore) Enabled(level zapcore.Level) bool {
	return c.log.Enabled(context.Background(), levelOf(level))
}

// With returns a core that adds fields.
func (c *zapCore) With(fields []zapcore.Field) zapcore.Core {
	return &zapCore{c.log, append(c.fields[:len(c.fields):len(c.fields)], fields...)}
}

// Check adds this core where the level is logged.
func (c *zapCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(entry.Level) {
		return checked.AddCore(entry, c)
	}
	return checked
}

// Write writes a line.
func (c *zapCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	encoder := zapcore.NewMapObjectEncoder()
	for _, f := range append(c.fields[:len(c.fields):len(c.fields)], fields...) {
		f.AddTo(encoder)
	}
	attrs := make([]slog.Attr, 0, len(encoder.Fields))
	for name, value := range encoder.Fields {
		attrs = append(attrs, slog.Any(name, value))
	}
	c.log.LogAttrs(context.Background(), levelOf(entry.Level), "acme: "+entry.Message, slog.GroupAttrs("acme", attrs...))
	return nil
}

// Sync has nothing to do.
func (c *zapCore) Sync() error { return nil }
