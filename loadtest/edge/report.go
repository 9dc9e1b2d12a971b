//go:build linux

package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// report is RESULTS.md: the figures, and on what they were taken.
type report struct {
	results
	command  string
	rounds   int
	span     time.Duration
	versions []string
	ceilings []string
	skipped  map[string]string
	load     string // of the machine, before
}

const reportText = `# Banyan's edge beside nginx, HAProxy and Caddy

Written by ` + "`make bench-edge`" + `; do not edit. Only ratios within this run mean anything: another machine, or the same one on a
busier day, gives other figures.

Each proxy has one core to itself; the generator and one origin, which answers from memory with a single thread, share the rest.
All have the same routes and look up the same products, keep connections alive on both sides, send Host, X-Forwarded-For, -Proto,
-Host and Forwarded on (seen by the origin before each run), write an access log of a line a request, and keep metrics. Requests
ask for 2,048 products all over the catalogue, none of them flipped, so all are passed through.

- **Requests/s** and *flooded* percentiles: wrk, closed model, as much as the proxy takes.
- **At half load**: requests arrive at random (Poisson) at half of what the better of nginx and HAProxy took in the same round; the
  time counts from when a request was due, so a stall is charged with all that waited (no coordinated omission). A proxy that cannot
  take that rate is given half of its own.
- **To the best peer**: median over the rounds of the ratio to the better of nginx and HAProxy in the same round; for one of these, to the other.
- **CPU**: the processes' own time, by /proc, flooded. Where the proxy's core was not busy, the rig was the limit.
- nginx writes its log in blocks of 64 KB, HAProxy a line at a time to a file, Caddy and Banyan as they come. Caddy compares its
  map's entries one by one: with more than 10 products it goes without the map, which is in its favour.
- TLS: a self-made ECDSA P-256 certificate, HTTP/1.1, connections kept; no half load.
`

// markdown returns the page.
func (p report) markdown() []byte {
	var out bytes.Buffer
	out.WriteString(reportText)
	fmt.Fprintf(&out, "\n## On what\n\n")
	fmt.Fprintf(&out, "- %s, %d rounds of %s each: `%s`\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"), p.rounds, p.span, p.command)
	fmt.Fprintf(&out, "- %s, %d cores, Linux %s; load before: %s\n", processor(), runtime.NumCPU(), kernel(), p.load)
	for _, v := range p.versions {
		fmt.Fprintf(&out, "- %s\n", v)
	}
	for _, c := range p.ceilings {
		fmt.Fprintf(&out, "- without a proxy, generator and origin on the other cores: %s\n", c)
	}
	for _, what := range slices.Sorted(maps.Keys(p.skipped)) {
		fmt.Fprintf(&out, "- left out: %s: %s\n", what, p.skipped[what])
	}
	fmt.Fprintf(&out, "\n## In short\n\n")
	p.summary(&out)
	fmt.Fprintf(&out, "\n## Everything\n\n")
	p.details(&out)
	return out.Bytes()
}

// firstLine returns the first line of what a program says of itself.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(text))
}

// loadNow returns how busy the machine is.
func loadNow() string {
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.2f", float64(info.Loads[0])/(1<<16))
}
