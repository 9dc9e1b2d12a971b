package orders

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// table collects figures by name over the rounds.
type table struct {
	out   io.Writer
	names []string // in the order they came
	units map[string]string
	all   map[string][]float64
}

func newTable(out io.Writer) *table {
	return &table{out: out, units: map[string]string{}, all: map[string][]float64{}}
}

// add notes a figure and prints it as a line that benchstat reads.
func (t *table) add(name, unit string, value float64) {
	if _, seen := t.all[name]; !seen {
		t.names = append(t.names, name)
		t.units[name] = unit
	}
	t.all[name] = append(t.all[name], value)
	fmt.Fprintf(t.out, "BenchmarkOrders/%s 1 %.1f %s\n", name, value, unit)
}

// median returns the middle figure of a name, 0 where there is none.
func (t *table) median(name string) float64 {
	values := slices.Sorted(slices.Values(t.all[name]))
	if len(values) == 0 {
		return 0
	}
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// best returns the highest median of the names with a prefix, and its name.
func (t *table) best(prefix string) (name string, value float64) {
	for _, n := range t.names {
		if m := t.median(n); strings.HasPrefix(n, prefix) && m > value {
			name, value = n, m
		}
	}
	return name, value
}

// print writes the medians with their range, then the ratios.
func (t *table) print() {
	fmt.Fprintf(t.out, "# %10s %10s %10s  unit\n", "median", "lowest", "highest")
	for _, name := range t.names {
		values := t.all[name]
		fmt.Fprintf(t.out, "# %10.1f %10.1f %10.1f  %-8s  %s\n", t.median(name), slices.Min(values), slices.Max(values), t.units[name], name)
	}
	for _, m := range []mix{manySKUs, hotSKUs} {
		t.ratio("accept", m, "banyan", 5, "legacy", "river")
		t.ratio("accept", m, "banyan", 5, "legacy") // both over HTTP
		t.ratio("accept", m, "intake", 5, "river")  // both called as a library
		t.ratio("drain", m, "banyan", 1.2, "pgbench")
		t.ratio("drain", m, "banyan", 1, "river")
	}
}

// ratio holds the best of ours against the best of the others.
func (t *table) ratio(what string, m mix, ours string, goal float64, others ...string) {
	_, us := t.best(what + "/" + m.name + "/" + ours)
	if us == 0 {
		return
	}
	other, them := "", 0.0
	for _, o := range others {
		if name, value := t.best(what + "/" + m.name + "/" + o); value > them {
			other, them = name, value
		}
	}
	verdict := "met"
	if us < goal*them {
		verdict = "MISSED"
	}
	fmt.Fprintf(t.out, "# %s/%s/%s: %.2f times %s (goal %.1f: %s)\n", what, m.name, ours, us/them, other, goal, verdict)
}
