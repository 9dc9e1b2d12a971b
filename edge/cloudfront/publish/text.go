package publish

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// textChanges bounds how many items a plan spells out for people.
const textChanges = 20

// Text writes the plan for people to read.
func (p Plan) Text(w io.Writer) error {
	fmt.Fprintln(w, p)
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	left := textChanges
	for _, list := range []struct {
		sign    string
		changes []Change
	}{{"+", p.Added}, {"~", p.Changed}, {"-", p.Removed}} {
		for _, c := range list.changes[:min(left, len(list.changes))] {
			fmt.Fprintf(tw, "  %s %s\t%s\n", list.sign, c.Key, c.words())
		}
		left -= min(left, len(list.changes))
	}
	if more := p.Items() - textChanges; more > 0 {
		fmt.Fprintf(tw, "  … and %d more\n", more)
	}
	row := func(name, format string, args ...any) {
		fmt.Fprintf(tw, "  %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	if p.Resumes {
		row("resumes", "a publish was cut short; this one ends it")
	}
	for _, c := range p.Edits[:min(textChanges, len(p.Edits))] {
		row("by hand", "%s: %s", c.Key, c.words())
	}
	if len(p.Deploy) > 0 {
		row("deploy", "%s: not as deployed, and a publish does not change that; run banyan deploy", strings.Join(p.Deploy, " and "))
	}
	if len(p.Unknown) > 0 {
		row("deploy", "%s: nobody knows what is deployed; --stack asks the stack", strings.Join(p.Unknown, " and "))
	}
	q := p.Quota
	row("store", "%d of %d bytes (%.1f%%), %d keys, greatest value %d of %d bytes", q.Bytes, StoreBytes, 100*float64(q.Bytes)/StoreBytes, q.Keys, q.BiggestValue, ValueBytes)
	if q.Peak > StoreBytes {
		row("", "old and new do not fit together: what goes is taken away first, and a product that moves is legacy's for a moment")
	}
	if !p.Nothing() {
		c := p.Calls
		row("calls", "%d (%d to read, %d to write, %d to verify), %s at the prices of %s", c.Total(), c.Read, c.Write, c.Verify, c.Cost, Prices.AsOf)
	}
	for _, problem := range p.Problems {
		row("problem", "%s", problem.Message)
		if problem.Hint != "" {
			row("hint", "%s", problem.Hint)
		}
	}
	return tw.Flush()
}

// words says what becomes of an item.
func (c Change) words() string {
	const bytes = 60
	switch {
	case c.Before == "":
		return shorten(c.After, bytes)
	case c.After == "":
		return shorten(c.Before, bytes) + " → none"
	}
	return shorten(c.Before, bytes) + " → " + shorten(c.After, bytes)
}
