//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

// arriveCommand is the open-model generator, in a process of its own on the
// cores that are not the proxy's.
type arriveCommand struct {
	Address     string        `arg:"" help:"The proxy, as host:port."`
	Kind        string        `help:"What to ask for." enum:"get-2k,get-64k,post-4k" default:"get-2k"`
	Products    int           `help:"How many products there are." default:"10"`
	Connections int           `help:"How many connections there are." default:"32"`
	Rate        float64       `help:"Requests a second." default:"1000"`
	Span        time.Duration `help:"For how long." default:"4s"`
}

// Run sends and prints what came of it, as JSON.
func (c arriveCommand) Run(out io.Writer) error {
	w := workload{Kind: kind(c.Kind), Products: c.Products, Connections: c.Connections}
	a := arrivals{Address: c.Address, Requests: w.requests(), Rate: c.Rate, Connections: c.Connections, Span: c.Span}
	result, err := a.run()
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result)
}

// runArrivals runs the generator on the other cores.
func (r *rig) runArrivals(ctx context.Context, address string, w workload, rate float64, span time.Duration) (s spread, err error) {
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	cmd := r.machine.pin(ctx, r.machine.others, self, "arrive", address, "--kind", string(w.Kind), "--products", strconv.Itoa(w.Products),
		"--connections", strconv.Itoa(w.Connections), "--rate", fmt.Sprintf("%.0f", rate), "--span", span.String())
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return s, fmt.Errorf("arrivals: %w: %s", err, bytes.TrimSpace(errs.Bytes()))
	}
	return s, json.Unmarshal(out.Bytes(), &s)
}
