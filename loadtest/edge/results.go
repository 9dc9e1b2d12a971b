//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// results turns samples into the page of figures.
type results struct {
	samples []sample
}

// of returns the samples of a contender in a workload, one a round.
func (r results) of(w workload, contender string) []sample {
	var some []sample
	for _, s := range r.samples {
		if s.Workload == w && s.Contender == contender {
			some = append(some, s)
		}
	}
	return some
}

// workloads returns what was measured, in order.
func (r results) workloads() []workload {
	var all []workload
	for _, s := range r.samples {
		if !slices.Contains(all, s.Workload) {
			all = append(all, s.Workload)
		}
	}
	return all
}

// contenders returns who was measured in a workload, in the order of the table.
func (r results) contenders(w workload) []string {
	var all []string
	for _, name := range []string{"banyan", "nginx", "haproxy", "caddy"} {
		if len(r.of(w, name)) > 0 {
			all = append(all, name)
		}
	}
	return all
}

// ratio returns the median over the rounds of a contender's requests a second
// to those of the best of the others in the same round; 0 where there is none.
// Rounds are compared within themselves because the machine changes between
// them.
func (r results) ratio(w workload, contender string, others ...string) float64 {
	var ratios []float64
	for _, s := range r.of(w, contender) {
		best := 0.0
		for _, other := range others {
			for _, o := range r.of(w, other) {
				if o.Round == s.Round {
					best = max(best, o.PerSecond)
				}
			}
		}
		if best > 0 {
			ratios = append(ratios, s.PerSecond/best)
		}
	}
	return median(ratios)
}

// peers are those that Banyan is held against.
var peers = []string{"nginx", "haproxy"}

// summary writes one line a workload: the goal beside what was reached.
func (r results) summary(out io.Writer) {
	fmt.Fprintln(out, "| workload | banyan/s | nginx/s | HAProxy/s | Caddy/s | to the best peer | to Caddy | CPU a request, to the best peer | p99 at half load: banyan | best peer |")
	fmt.Fprintln(out, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, w := range r.workloads() {
		cells := []string{w.String()}
		for _, name := range []string{"banyan", "nginx", "haproxy", "caddy"} {
			cells = append(cells, count(medianOf(r.of(w, name), perSecond)))
		}
		cells = append(cells, times(r.ratio(w, "banyan", peers...)), times(r.ratio(w, "banyan", "caddy")), times(r.cost(w)))
		cells = append(cells, micros(medianOf(r.of(w, "banyan"), halfP99)))
		fmt.Fprintf(out, "| %s |\n", strings.Join(append(cells, micros(r.leastOfPeers(w, halfP99))), " | "))
	}
}

// leastOfPeers returns the lowest median of the peers, 0 where there is none.
func (r results) leastOfPeers(w workload, of func(sample) float64) (least float64) {
	for _, name := range peers {
		if m := medianOf(r.of(w, name), of); m > 0 && (least == 0 || m < least) {
			least = m
		}
	}
	return least
}

// cost returns the processor time that a request costs Banyan to what it costs
// the thriftier peer. Other work on the machine changes it least.
func (r results) cost(w workload) float64 {
	if least := r.leastOfPeers(w, cpu); least > 0 {
		return medianOf(r.of(w, "banyan"), cpu) / least
	}
	return 0
}

// details writes one line a workload and contender.
func (r results) details(out io.Writer) {
	fmt.Fprintln(out, "| workload | proxy | requests/s | lowest–highest | to the best peer | p50, p99, p99.9 flooded | at half load, of requests/s | p50, p99, p99.9 | CPU s per million | RSS MB | proxy's core, others busy |")
	fmt.Fprintln(out, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, w := range r.workloads() {
		for _, name := range r.contenders(w) {
			some := r.of(w, name)
			rates := values(some, perSecond)
			half, rate := "–", "–"
			if measured := slices.DeleteFunc(slices.Clone(some), func(s sample) bool { return s.Half == nil }); len(measured) > 0 {
				rate = count(medianOf(measured, func(s sample) float64 { return s.Half.Rate }))
				half = threeMicros(measured, func(s sample) (p50, p99, p999 int64) { return s.Half.P50, s.Half.P99, s.Half.P999 })
			}
			fmt.Fprintf(out, "| %s | %s | %s | %s–%s | %s | %s | %s | %s | %.1f | %.0f | %.0f %%, %.0f %% |\n",
				w, name, count(median(rates)), count(slices.Min(rates)), count(slices.Max(rates)), times(r.ratio(w, name, without(peers, name)...)),
				threeMicros(some, func(s sample) (p50, p99, p999 int64) { return s.Flood.P50, s.Flood.P99, s.Flood.P999 }),
				rate, half, medianOf(some, cpu), medianOf(some, func(s sample) float64 { return float64(s.RSS) / (1 << 20) }),
				100*medianOf(some, func(s sample) float64 { return s.ProxyBusy }), 100*medianOf(some, func(s sample) float64 { return s.OtherBusy }))
		}
	}
}

// without returns the names but one; a peer is held against the other.
func without(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
}

func perSecond(s sample) float64 { return s.PerSecond }
func cpu(s sample) float64       { return s.CPU }

func halfP99(s sample) float64 {
	if s.Half == nil {
		return 0
	}
	return float64(s.Half.P99)
}

func values(some []sample, of func(sample) float64) []float64 {
	all := make([]float64, len(some))
	for i, s := range some {
		all[i] = of(s)
	}
	return all
}

// medianOf leaves out zeros, which stand for what was not measured.
func medianOf(some []sample, of func(sample) float64) float64 {
	return median(slices.DeleteFunc(values(some, of), func(v float64) bool { return v == 0 }))
}

// median returns the middle value, 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func count(n float64) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", n)
}

func times(ratio float64) string {
	if ratio == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f×", ratio)
}

func micros(n float64) string {
	switch {
	case n == 0:
		return "–"
	case n < 10_000:
		return fmt.Sprintf("%.0f µs", n)
	}
	return fmt.Sprintf("%.1f ms", n/1000)
}

func threeMicros(some []sample, of func(sample) (p50, p99, p999 int64)) string {
	p50 := medianOf(some, func(s sample) float64 { v, _, _ := of(s); return float64(v) })
	p99 := medianOf(some, func(s sample) float64 { _, v, _ := of(s); return float64(v) })
	p999 := medianOf(some, func(s sample) float64 { _, _, v := of(s); return float64(v) })
	return micros(p50) + ", " + micros(p99) + ", " + micros(p999)
}
