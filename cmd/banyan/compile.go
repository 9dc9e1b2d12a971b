package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/banyan-edge/banyan/edge/cloudfront"
	"github.com/banyan-edge/banyan/edge/route"
)

type compileCommand struct {
	Out string `short:"o" help:"The folder to write to; it is made where it is missing." placeholder:"DIR" required:""`
	edgeFlags
}

// edgeFlags are what CloudFront is told besides the table.
type edgeFlags struct {
	ServerlessHost string `help:"The name under which the API is asked (default: as origins.serverless in banyan.yaml says)." placeholder:"HOST"`
	FallBack       bool   `help:"Ask legacy for a GET or HEAD that the API fails." default:"true" negatable:""`
	RevealArm      bool   `help:"Have every answer say in x-banyan-arm which arm was asked."`
	BehaviorQuota  int    `help:"How many cache behaviours the distribution may have, where AWS has raised it." default:"75"`
}

// compile compiles the table for CloudFront.
func (f edgeFlags) compile(table *route.Table) (*cloudfront.Artifact, error) {
	a, err := cloudfront.Compile(table, cloudfront.Options{
		ServerlessHost: f.ServerlessHost, NoFallBack: !f.FallBack, RevealArm: f.RevealArm, BehaviorQuota: f.BehaviorQuota,
	})
	if errors.Is(err, cloudfront.ErrLimit) {
		return nil, withHint(fmt.Errorf("compile for CloudFront: %w", err), "join path patterns that go the same way, list fewer products in products.yaml, or shorten their slugs; a quota that AWS has raised is --behavior-quota")
	}
	return a, err
}

// compiledFile is one file that compile wrote, in the form that --json prints.
type compiledFile struct {
	File  string `json:"file"`
	Bytes int    `json:"bytes"`
	Limit int    `json:"limit,omitempty"` // in bytes; 0: there is none
	Count int    `json:"count,omitempty"` // of items or behaviours
}

// compiledEdge is what --json prints.
type compiledEdge struct {
	Epoch uint64         `json:"epoch"`
	Files []compiledFile `json:"files"`
	Notes []string       `json:"notes"`
}

// Run compiles the table in force and writes what CloudFront takes.
func (c compileCommand) Run(place Place, term terminal) error {
	table, err := place.table(term)
	if err != nil {
		return err
	}
	a, err := c.compile(table)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return fmt.Errorf("make the folder to write to: %w", err)
	}
	edge := compiledEdge{Epoch: a.Epoch, Notes: append([]string{}, a.Notes...)}
	for _, f := range []struct {
		name         string
		content      []byte
		limit, count int
	}{
		{"function.js", a.Function, cloudfront.FunctionBytes, 0},
		{"response.js", a.ResponseFunction, cloudfront.FunctionBytes, 0},
		{"items.json", a.ItemsFile(), cloudfront.StoreBytes, len(a.Items)},
		{"behaviors.json", a.BehaviorsFile(), 0, len(a.Behaviors)},
	} {
		name := filepath.Join(c.Out, f.name)
		if err := os.WriteFile(name, f.content, 0o644); err != nil {
			return fmt.Errorf("write what was compiled: %w", err)
		}
		edge.Files = append(edge.Files, compiledFile{name, len(f.content), f.limit, f.count})
	}
	return edge.print(place, term)
}

func (e compiledEdge) print(place Place, term terminal) error {
	if place.JSON {
		return printJSON(term.Out, e)
	}
	rows := make([][]any, len(e.Files))
	for i, f := range e.Files {
		rows[i] = []any{f.File, f.Bytes, orDash(f.Limit), orDash(f.Count)}
	}
	for _, note := range e.Notes {
		term.say("note: %s", note)
	}
	return printTable(term.Out, []any{"FILE", "BYTES", "LIMIT", "ENTRIES"}, rows)
}

func orDash(n int) any {
	if n == 0 {
		return "-"
	}
	return n
}
