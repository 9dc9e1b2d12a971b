package main

import (
	"context"
	"fmt"

	"github.com/banyan-edge/banyan/edge/route"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

type checkCommand struct {
	Database bool     `help:"Also prepare every statement of legacy.write against the real schema."`
	Live     bool     `help:"Also ask the running shop for some pages, by GET, and count legacy's own host names in them; what is found is a warning."`
	URL      string   `help:"The shop that --live asks: the storefront or legacy (default: the running storefront)." name:"url" placeholder:"URL"`
	Pages    int      `help:"How many pages --live asks for." default:"20"`
	OldHost  []string `help:"More host names for --live to look for." placeholder:"NAME"`
}

// checked is what check found, in the form that --json prints.
type checked struct {
	Config   string             `json:"config"`
	Products int                `json:"products"`
	Routes   int                `json:"routes"`
	Findings route.Findings     `json:"findings"`
	Database []legacydb.Problem `json:"database,omitempty"`
	Live     *liveCheck         `json:"live,omitempty"`
	OK       bool               `json:"ok"`
}

// Run reads the files as the edge would and says what is wrong with them. It
// exits with 3 where the edge would not take them.
func (c checkCommand) Run(ctx context.Context, place Place, term terminal) error {
	config, err := place.find()
	if err != nil {
		return err
	}
	store, err := place.flips()
	if err != nil {
		return err
	}
	table, findings, err := store.Load()
	if err != nil {
		return err
	}
	if table != nil {
		_, _, intake := readIntake(table.Config())
		findings = append(findings, intake...)
	}
	r := checked{Config: config, Findings: findings, OK: findings.Err() == nil}
	if r.Findings == nil {
		r.Findings = route.Findings{}
	}
	if table != nil {
		r.Findings = append(r.Findings, table.Advice()...)
		r.Products, r.Routes = len(table.Products()), len(table.Config().Routes)
		if r.Database, err = c.legacy(ctx, table.Config(), config); err != nil {
			return err
		}
		r.OK = r.OK && len(r.Database) == 0
		if c.Live {
			if r.Live, err = c.live(ctx, place, table); err != nil {
				return err
			}
		}
	}
	if err := r.print(place, term); err != nil {
		return err
	}
	if !r.OK {
		return errProblems
	}
	return nil
}

// legacy reads the legacy section and, if asked to, tries it on the
// database.
func (c checkCommand) legacy(ctx context.Context, cfg *route.Config, config string) ([]legacydb.Problem, error) {
	settings, err := legacySettings(cfg, config)
	if err != nil {
		return nil, err
	}
	if !c.Database {
		return nil, nil
	}
	if settings.Database == "" {
		return nil, withHint(fmt.Errorf("%s names no legacy.database", cfg.File), "write one, such as postgres://user@127.0.0.1/shop")
	}
	db, err := legacydb.Open(ctx, settings, legacydb.Options{})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return append(db.Check(ctx), lookups{db, settings.Database}.check(ctx, cfg)...), nil
}

func (r checked) print(place Place, term terminal) error {
	if place.JSON {
		return printJSON(term.Out, r)
	}
	for _, f := range r.Findings {
		if f.Severity == route.Error { // a warning says so itself
			fmt.Fprint(term.Out, "error: ")
		}
		fmt.Fprintln(term.Out, f)
	}
	for _, p := range r.Database {
		fmt.Fprintln(term.Out, p)
	}
	if r.Live != nil {
		if err := r.Live.print(term); err != nil {
			return err
		}
	}
	if r.OK {
		fmt.Fprintf(term.Out, "%s is good: %d routes, %d products\n", r.Config, r.Routes, r.Products)
	}
	return nil
}
