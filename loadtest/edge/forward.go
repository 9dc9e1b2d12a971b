//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// forwarded are the headers that the origin gets from every contender, so that
// all do the same work.
func forwarded(w workload) map[string]string {
	scheme := "http"
	if w.TLS {
		scheme = "https"
	}
	return map[string]string{
		"Host":              storefrontHost,
		"X-Forwarded-For":   "127.0.0.1",
		"X-Forwarded-Proto": scheme,
		"X-Forwarded-Host":  storefrontHost,
		"Forwarded":         "",
	}
}

// forwards asks a contender for the echo of a request and sees that it sent on
// what it should, and none of what a viewer made up.
func forwards(ctx context.Context, address string, w workload) error {
	scheme := forwarded(w)["X-Forwarded-Proto"]
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+address+productPath(0)+"?echo", nil)
	if err != nil {
		return err
	}
	req.Host = storefrontHost
	req.Header.Set("X-Forwarded-For", "192.0.2.1")
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // self-made, on loopback
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	head, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("asked for an echo: %s, %v", resp.Status, err)
	}
	seen := map[string][]string{}
	for line := range bytes.Lines(head) {
		name, value, _ := strings.Cut(strings.TrimSpace(string(line)), ":")
		name = http.CanonicalHeaderKey(name)
		seen[name] = append(seen[name], strings.TrimSpace(value))
	}
	for name, want := range forwarded(w) {
		if got := seen[name]; len(got) != 1 || want != "" && got[0] != want {
			return fmt.Errorf("the origin was sent %s: %q, not %q; all of it:\n%s", name, got, want, head)
		}
	}
	return nil
}
