//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// profileName is the file of a workload's CPU profile.
func profileName(w workload) string { return strings.ReplaceAll(w.String(), "/", "_") + ".cpu.prof" }

// profile begins to take a CPU profile of a banyan that runs with --pprof, and
// returns a function that waits until it is written.
func (p *running) profile(ctx context.Context, file string, span time.Duration) (written func() error) {
	done := make(chan error, 1)
	go func() { done <- p.takeProfile(ctx, file, span) }()
	return func() error { return <-done }
}

func (p *running) takeProfile(ctx context.Context, file string, span time.Duration) error {
	text, err := os.ReadFile(filepath.Join(p.dir, "data", "running.json"))
	if err != nil {
		return err
	}
	var says struct{ Console string }
	if err := json.Unmarshal(text, &says); err != nil {
		return err
	}
	address := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", says.Console, max(1, int(span.Seconds())))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("take a profile: %s (does this banyan know --pprof?)", resp.Status)
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, resp.Body); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
