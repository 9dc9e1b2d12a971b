package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/edge/proxy"
	"github.com/banyan-edge/banyan/edge/route"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
	replaylocal "github.com/banyan-edge/banyan/legacy-adapter/replay/local"
)

// capturesName is the file of captured requests, in the data folder.
const capturesName = "captures.db"

// capturing is capture and replay (to: queue) as a part of an installation. It
// is always there: a route to the queue can be written while Banyan runs.
type capturing struct {
	replay *replay.Replay
	store  *replaylocal.Store
}

// open opens the store and makes the replay, on the budget that everything
// shares which touches legacy. It comes after openLegacy and before openEdge.
func (c *capturing) open(ctx context.Context, in *installation) (err error) {
	cfg := in.table.Load().Config()
	settings, err := legacySettings(cfg, in.config)
	if err != nil {
		return err
	}
	origin, err := in.legacyOrigin(cfg)
	if err != nil {
		return err
	}
	if in.budget == nil { // no legacy.database: legacy's web server is what is spared
		connections := settings.Connections
		if connections == 0 {
			connections = legacydb.DefaultConnections
		}
		settings.Connections = connections
		in.budget = newBudget(settings, in.log)
		in.metrics.MustRegister(in.budget)
	}
	if c.store, err = replaylocal.Open(ctx, replaylocal.Options{Path: in.place.file(capturesName)}); err != nil {
		return err
	}
	in.onClose(c.store.Close)
	options := replay.Options{
		Store: c.store, Legacy: replay.Origin{URL: origin.URL, Host: origin.Host, SecretHeader: origin.Secret.Header, Secret: origin.Secret.Value}, Budget: leases{in.budget},
		Route:          func(name string) (route.Route, bool) { return in.table.Load().Config().Route(name) },
		SessionCookies: func() []string { return in.table.Load().Config().SessionCookies },
		Hold:           in.command.HoldRelay, Workers: in.budget.Limit(),
		Logger: in.log, Metrics: in.metrics,
	}
	if in.legacyDB != nil {
		options.Database = lookups{in.legacyDB, settings.Database}
	}
	c.replay, err = replay.New(options)
	return err
}

// hook is what the edge gives requests to.
func (c *capturing) hook() proxy.Capture { return c.replay }

// start sends what waits until ctx ends, and then finishes what is in hand.
func (c *capturing) start(ctx context.Context, in *installation) {
	in.work.Go(func() {
		if err := c.replay.Run(ctx); err != nil {
			in.failed <- err
		}
	})
}

// breaker is the state of what keeps the replay from asking a legacy that is
// away.
func (c *capturing) breaker() console.Breaker {
	return console.Breaker{Name: "replay to legacy", State: c.replay.Status().Breaker}
}

// leases are the budget as the replay asks for it.
type leases struct{ budget *relay.Budget }

func (l leases) Sync(ctx context.Context, work string) (func(error), error) {
	return l.budget.Lease(ctx, relay.Sync, relay.Work{Kind: work})
}

func (l leases) Drain(ctx context.Context, work string) (func(error), error) {
	return l.budget.Lease(ctx, relay.Drain, relay.Work{Kind: work})
}

// lookups asks the legacy database what became of captured requests.
type lookups struct {
	db       *legacydb.DB
	database string
}

// Found reports whether the query returns a row. It is run in a transaction
// that only reads, where the database has such.
func (l lookups) Found(ctx context.Context, query route.Stencil, values []string) (found bool, err error) {
	tx, err := l.db.SQL().BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	rows, err := tx.QueryContext(ctx, l.render(query), args...)
	if err != nil {
		return false, err
	}
	found = rows.Next()
	return found, errors.Join(rows.Err(), rows.Close())
}

// render writes the query's parameters as the database reads them.
func (l lookups) render(query route.Stencil) string {
	return query.Render(func(n int) string {
		if strings.HasPrefix(l.database, "postgres") {
			return "$" + strconv.Itoa(n)
		}
		return "?"
	})
}

// check prepares the lookups of all routes against the real schema, for
// "banyan check --database".
func (l lookups) check(ctx context.Context, cfg *route.Config) []legacydb.Problem {
	var problems []legacydb.Problem
	for _, r := range cfg.Routes {
		if r.FoundBy == nil || r.FoundBy.SQL == "" {
			continue
		}
		statement, err := l.db.SQL().PrepareContext(ctx, l.render(r.FoundBy.Query()))
		if err == nil {
			err = statement.Close()
		}
		if err != nil {
			problems = append(problems, legacydb.Problem{File: cfg.File, Line: r.Line, Text: r.FoundBy.SQL,
				Message: fmt.Sprintf("found_by of route %s does not fit: %v", r.Name, err), Hint: "see how the tables and columns are called in the database"})
		}
	}
	return problems
}
