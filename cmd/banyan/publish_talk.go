package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/banyan-edge/banyan/edge/cloudfront/publish"
)

// progress shows how far a long publish is, on stderr: in place on a terminal,
// ten lines in all elsewhere.
type progress struct {
	term     terminal
	terminal bool
	shown    int // tenths
}

func newProgress(term terminal) *progress {
	p := &progress{term: term}
	if f, ok := term.Err.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

func (p *progress) show(at publish.Progress) {
	tenths := 10 * at.Calls / at.AllCalls
	switch {
	case at.AllCalls == 1:
		return
	case p.terminal && at.Calls < at.AllCalls:
		p.talk("\rpublishing: %d of %d items, %d of %d calls ", at)
	case p.terminal:
		p.talk("\rpublishing: %d of %d items, %d of %d calls \n", at)
	case tenths > p.shown:
		p.shown = tenths
		p.talk("publishing: %d of %d items, %d of %d calls\n", at)
	}
}

func (p *progress) talk(format string, at publish.Progress) {
	fmt.Fprintf(p.term.Err, format, at.Items, at.AllItems, at.Calls, at.AllCalls)
}

// warnings says what a log would, where a command has none: warnings only.
type warnings struct{ term terminal }

// Enabled reports whether a record is at least a warning.
func (*warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle says the record in one line.
func (w *warnings) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" {
			line += ": " + a.Value.String()
		}
		return true
	})
	w.term.say("%s", line)
	return nil
}

// WithAttrs returns the same handler.
func (w *warnings) WithAttrs([]slog.Attr) slog.Handler { return w }

// WithGroup returns the same handler.
func (w *warnings) WithGroup(string) slog.Handler { return w }
