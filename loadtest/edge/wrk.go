//go:build linux

package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

//go:embed wrk.lua
var wrkScript []byte

// flood is what wrk saw: as many requests as the contender would take.
type flood struct {
	Requests int64 `json:"requests"`
	Micros   int64 `json:"micros"`
	Errors   int64 `json:"errors"`
	P50      int64 `json:"p50"` // microseconds, as the others
	P99      int64 `json:"p99"`
	P999     int64 `json:"p999"`
}

// perSecond returns requests a second.
func (f flood) perSecond() float64 { return float64(f.Requests) / (float64(f.Micros) / 1e6) }

// writeRequests writes requests for wrk.lua and returns the file.
func writeRequests(dir string, requests [][]byte) (string, error) {
	var text bytes.Buffer
	for _, r := range requests {
		fmt.Fprintf(&text, "%d\n%s", len(r), r)
	}
	file := filepath.Join(dir, "requests")
	return file, os.WriteFile(file, text.Bytes(), 0o644)
}

// runWrk floods address with the requests for so long.
func (r *rig) runWrk(ctx context.Context, address string, w workload, requests string, span time.Duration) (flood, error) {
	script := filepath.Join(r.dir, "wrk.lua")
	if err := os.WriteFile(script, wrkScript, 0o644); err != nil {
		return flood{}, err
	}
	seconds := strconv.Itoa(max(1, int(span.Round(time.Second).Seconds())))
	cmd := r.machine.pin(ctx, r.machine.others, "wrk", "-t1", "-c", strconv.Itoa(w.Connections), "-d", seconds, "--timeout", "10",
		"-s", script, address, "--", requests)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return flood{}, fmt.Errorf("wrk: %w: %s%s", err, out.Bytes(), errs.Bytes())
	}
	return parseWrk(out.Bytes())
}

// parseWrk finds the script's line in what wrk printed.
func parseWrk(out []byte) (f flood, err error) {
	for line := range bytes.Lines(out) {
		if bytes.HasPrefix(line, []byte("{")) {
			err = json.Unmarshal(line, &f)
			if err == nil && f.Micros <= 0 {
				err = fmt.Errorf("wrk measured no time: %s", line)
			}
			return f, err
		}
	}
	return f, fmt.Errorf("wrk printed no figures: %s", out)
}
