package main

import (
	"context"
	"log/slog"
	"time"
)

type legacyCommand struct {
	Listen      string        `help:"Address to serve on; port 0 takes a free one." default:"127.0.0.1:9000" placeholder:"ADDR"`
	Database    string        `help:"Its database: sqlite:PATH or postgres://…" default:"sqlite:legacy.db" placeholder:"URL"`
	Latency     time.Duration `help:"What each order costs inside its transaction, to rehearse a slow database." placeholder:"50ms"`
	Connections int           `help:"How many database connections it may hold." default:"25"`
}

// Run serves the sample shop as it was before Banyan.
func (c legacyCommand) Run(ctx context.Context, place Place, term terminal) error {
	log := slog.New(slog.NewJSONHandler(term.Err, nil))
	s, err := openSampleShop(ctx, sampleOptions{Database: c.Database, Listen: c.Listen, Latency: c.Latency, Connections: c.Connections, Logger: log})
	if err != nil {
		return err
	}
	if place.JSON {
		err = printLine(term.Out, map[string]string{"legacy": s.url})
	} else {
		term.say("the sample legacy shop is at %s, on %s", s.url, redacted(c.Database))
	}
	if err != nil {
		s.close()
		return err
	}
	select {
	case <-ctx.Done():
	case err = <-s.ended:
		term.say("the server ended: %v", err)
	}
	return s.close()
}
