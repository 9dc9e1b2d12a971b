//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// rig runs the contenders, one at a time, in front of one origin.
type rig struct {
	machine    machine
	dir        string // in memory where the machine has such a place
	out        io.Writer
	span       time.Duration
	contenders []contender
	profile    string // folder for CPU profiles of banyan; empty: none
	half       bool   // measure at half load too

	origin   string
	keys     certificate
	samples  []sample
	skipped  map[string]string // what was left out or failed, and why
	failures int
}

// sample is what one contender did in one round of one workload.
type sample struct {
	Contender string   `json:"contender"`
	Workload  workload `json:"workload"`
	Round     int      `json:"round"`
	Flood     flood    `json:"flood"`
	PerSecond float64  `json:"per_second"`
	CPU       float64  `json:"cpu_seconds_per_million"`
	RSS       int64    `json:"rss_bytes"`
	ProxyBusy float64  `json:"proxy_core_busy"`
	OtherBusy float64  `json:"other_cores_busy"`
	Half      *spread  `json:"half_load,omitempty"`
}

// shm is memory that looks like a disk: logs go there, so that no contender
// waits for the disk of the machine.
const shm = "/dev/shm"

// open makes the working folder and starts the origin.
func (r *rig) open(ctx context.Context) (closing func(), err error) {
	parent := ""
	if info, err := os.Stat(shm); err == nil && info.IsDir() {
		parent = shm
	}
	if r.dir, err = os.MkdirTemp(parent, "banyan-bench-edge-"); err != nil {
		return nil, err
	}
	os.Chmod(r.dir, 0o755) // nginx's worker is another user
	if r.keys, err = newCertificate(r.dir); err != nil {
		return nil, err
	}
	p, address, err := r.startOrigin(ctx)
	if err != nil {
		return nil, err
	}
	r.origin, r.skipped = address, map[string]string{}
	return func() { p.stop(); os.RemoveAll(r.dir) }, nil
}

// round lets each contender have its turn at the workload, and then, at half of
// what the better peer did, its turn at arrivals.
func (r *rig) round(ctx context.Context, w workload, number int) error {
	order := slices.Clone(r.contenders)
	if number%2 == 0 { // whoever comes last has the warmest machine
		slices.Reverse(order)
	}
	requests, err := writeRequests(r.dir, w.requests())
	if err != nil {
		return err
	}
	best := 0.0
	begin := len(r.samples)
	for _, c := range order {
		s, err := r.turn(ctx, c, w, requests)
		if err != nil {
			if err = r.failed(ctx, c, w, err); err != nil {
				return err
			}
		}
		if s == nil {
			continue
		}
		s.Round = number
		r.samples = append(r.samples, *s)
		if c.peer {
			best = max(best, s.PerSecond)
		}
		fmt.Fprintf(r.out, "%-34s round %d  %-8s %8.0f/s  p50 %5dµs  p99 %6dµs  cpu %5.1f s/M  rss %4d MB  cores %3.0f%% %3.0f%%\n",
			w, number, c.name, s.PerSecond, s.Flood.P50, s.Flood.P99, s.CPU, s.RSS>>20, 100*s.ProxyBusy, 100*s.OtherBusy)
	}
	if w.TLS || best == 0 || !r.half {
		return nil
	}
	return r.halfLoads(ctx, r.samples[begin:], best/2)
}

// failed notes that a contender could not be measured, and lets the run go on:
// an hour's figures are not thrown away for one. It returns the error where
// the run itself is to end.
func (r *rig) failed(ctx context.Context, c contender, w workload, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	what := c.name + " " + w.String()
	r.failures++
	r.skipped[what], _, _ = strings.Cut(err.Error(), "\n")
	fmt.Fprintf(r.out, "%s: %v\n", what, err)
	return nil
}

// halfLoads gives every contender the same rate. One that cannot take it is
// given half of what it can, which its rate in the table shows.
func (r *rig) halfLoads(ctx context.Context, samples []sample, rate float64) error {
	for i := range samples {
		s := &samples[i]
		c := r.contenders[slices.IndexFunc(r.contenders, func(c contender) bool { return c.name == s.Contender })]
		own := rate
		if s.PerSecond < 1.25*rate {
			own = s.PerSecond / 2
		}
		if err := r.atRate(ctx, c, s, own); err != nil {
			if err = r.failed(ctx, c, s.Workload, fmt.Errorf("at %.0f a second: %w", own, err)); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(r.out, "%-34s round %d  %-8s %8.0f/s  p50 %5dµs  p99 %6dµs  p99.9 %6dµs  (arrivals; generator late by %dµs)\n",
			s.Workload, s.Round, c.name, s.Half.Rate, s.Half.P50, s.Half.P99, s.Half.P999, s.Half.Late)
	}
	return nil
}

// running is a contender that is ready.
type running struct {
	*process
	address string
}

// raise starts a contender and sees that it forwards as it should.
func (r *rig) raise(ctx context.Context, c contender, w workload) (*running, error) {
	dir, err := os.MkdirTemp(r.dir, c.name+"-")
	if err != nil {
		return nil, err
	}
	os.Chmod(dir, 0o755)
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	argv, err := c.prepare(setup{workload: w, Dir: dir, Origin: r.origin, Listen: address,
		Certificate: r.keys.certificate, Key: r.keys.key, Bundle: r.keys.bundle})
	if err != nil {
		return nil, err
	}
	p, err := r.start(ctx, r.machine.proxy, dir, argv)
	if err != nil {
		return nil, err
	}
	if err = p.ready(ctx, address); err == nil {
		err = forwards(ctx, address, w)
	}
	if err != nil {
		err = fmt.Errorf("%w: %s", err, p.said())
		p.stop()
		return nil, err
	}
	return &running{p, address}, nil
}

// turn floods one contender: a second to warm up, then for the span.
func (r *rig) turn(ctx context.Context, c contender, w workload, requests string) (*sample, error) {
	if c.lacks != nil {
		if why := c.lacks(w); why != "" {
			r.skipped[c.name+" "+w.String()] = why
			return nil, nil
		}
	}
	p, err := r.raise(ctx, c, w)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	address := "http://" + p.address
	if w.TLS {
		address = "https://" + p.address
	}
	if _, err := r.runWrk(ctx, address, w, requests, time.Second); err != nil {
		return nil, err
	}
	stopProfile := func() error { return nil }
	if r.profile != "" && c.name == "banyan" {
		stopProfile = p.profile(ctx, filepath.Join(r.profile, profileName(w)), r.span)
	}
	s := &sample{Contender: c.name, Workload: w}
	if err := r.measure(ctx, p, s, func() (err error) {
		s.Flood, err = r.runWrk(ctx, address, w, requests, r.span)
		return err
	}); err != nil {
		return nil, err
	}
	s.PerSecond = s.Flood.perSecond()
	s.CPU /= float64(s.Flood.Requests) / 1e6
	if s.Flood.Errors > 0 {
		return nil, fmt.Errorf("%d of %d requests failed: %s", s.Flood.Errors, s.Flood.Requests, p.said())
	}
	return s, stopProfile()
}

// measure notes what the contender used while the load ran.
func (r *rig) measure(ctx context.Context, p *running, s *sample, load func() error) error {
	before, err := usageOf(p.pid())
	if err != nil {
		return err
	}
	proxyBefore, othersBefore, err := cores()
	if err != nil {
		return err
	}
	if err := load(); err != nil {
		return err
	}
	proxyAfter, othersAfter, err := cores()
	if err != nil {
		return err
	}
	after, err := usageOf(p.pid())
	if err != nil {
		return fmt.Errorf("%w: %s", err, p.said())
	}
	s.CPU, s.RSS = (after.cpu - before.cpu).Seconds(), after.rss
	s.ProxyBusy, s.OtherBusy = proxyAfter.since(proxyBefore), othersAfter.since(othersBefore)
	return ctx.Err()
}

// atRate lets requests arrive at a rate.
func (r *rig) atRate(ctx context.Context, c contender, s *sample, rate float64) error {
	p, err := r.raise(ctx, c, s.Workload)
	if err != nil {
		return err
	}
	defer p.stop()
	if _, err := r.runArrivals(ctx, p.address, s.Workload, rate, time.Second); err != nil {
		return err
	}
	result, err := r.runArrivals(ctx, p.address, s.Workload, rate, r.span)
	if err == nil && result.Bad > 0 {
		err = fmt.Errorf("%d answers were not 200", result.Bad)
	}
	if err == nil {
		s.Half = &result
	}
	return err
}

// ceiling is what generator and origin do without a proxy between them.
func (r *rig) ceiling(ctx context.Context, w workload) (float64, error) {
	requests, err := writeRequests(r.dir, w.requests())
	if err != nil {
		return 0, err
	}
	f, err := r.runWrk(ctx, "http://"+r.origin, w, requests, r.span)
	return f.perSecond(), err
}
