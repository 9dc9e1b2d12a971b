package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/banyan-edge/banyan/cloudformation/deploy"
)

// packaging says what the Lambda zips are built from.
type packaging struct {
	Source string `help:"Folder of the Go module with the Lambda entries." default:"." type:"path" placeholder:"DIR"`
	Out    string `help:"Folder for the zips." default:"dist" type:"path" placeholder:"DIR"`
	Arch   string `help:"Processor to build for: arm64 or amd64." enum:"arm64,amd64" default:"arm64"`
}

type packageCommand struct {
	packaging
}

// Run builds the zips.
func (c packageCommand) Run(ctx context.Context, place Place, term terminal) error {
	bundles, err := c.build(ctx, place, term)
	if err != nil {
		return err
	}
	if place.JSON {
		return printJSON(term.Out, bundles)
	}
	rows := make([][]any, len(bundles))
	for i, b := range bundles {
		rows[i] = []any{b.Part, b.Path, megabytes(b.Bytes), megabytes(b.Binary), b.SHA256}
	}
	return printTable(term.Out, []any{"PART", "ZIP", "SIZE", "UNZIPPED", "SHA-256"}, rows)
}

// build packs the API and the relay. The relay's banyan.yaml goes with it: it
// says how an order becomes rows.
func (p packaging) build(ctx context.Context, place Place, term terminal) ([]deploy.Bundle, error) {
	config, err := place.find()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(config)
	if err != nil {
		return nil, fmt.Errorf("read the configuration for the relay's zip: %w", err)
	}
	term.say("building the API and the relay for %s from %s", p.Arch, p.Source)
	bundles, err := deploy.Pack(ctx, deploy.PackOptions{Source: p.Source, Out: p.Out, Arch: p.Arch},
		deploy.Packing{Part: "api", Package: "./api/cmd/lambda"},
		deploy.Packing{Part: "legacy-adapter", Package: "./legacy-adapter/cmd/lambda", Files: map[string][]byte{configName: text}})
	if errors.Is(err, deploy.ErrNoSource) {
		return nil, withHint(err, "run it in a clone of the project, or name its folder with --source")
	}
	return bundles, err
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
