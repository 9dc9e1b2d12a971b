package legacydb

import (
	"cmp"
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with the legacy section of banyan.yaml, or
// that does not fit the database: where, what, and what to write instead.
type Problem struct {
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Statement int    `json:"statement,omitempty"` // of Mapping, from 1; 0 where it is none of them
	Mapping   string `json:"mapping,omitempty"`   // the key of the statements: listings; empty: write
	Text      string `json:"text,omitempty"`      // the offending text
	Message   string `json:"message"`
	Hint      string `json:"hint,omitempty"`
}

// textBytes bounds how much of the offending text is repeated.
const textBytes = 80

// String returns "file:line: legacy.write statement n: message (text)", and the
// hint on a line of its own.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		fmt.Fprintf(&b, "%s:%d: ", p.File, p.Line)
	}
	if p.Statement > 0 {
		fmt.Fprintf(&b, "legacy.%s statement %d: ", cmp.Or(p.Mapping, "write"), p.Statement)
	}
	b.WriteString(p.Message)
	if text := strings.Join(strings.Fields(p.Text), " "); text != "" {
		if len(text) > textBytes {
			text = strings.ToValidUTF8(text[:textBytes], "") + "…"
		}
		fmt.Fprintf(&b, " (%s)", text)
	}
	if p.Hint != "" {
		b.WriteString("\n  hint: " + p.Hint)
	}
	return b.String()
}

// Problems are all that is wrong with a configuration, as one error.
type Problems []Problem

// Error says every problem on lines of its own.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// orNil returns ps as an error, or nil where there are none.
func (ps Problems) orNil() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// didYouMean returns the hint for a word that is none of known.
func didYouMean(word string, known []string) string {
	best, least := "", 1+len(word)/3
	for _, k := range known {
		if d := distance(word, k); d <= least {
			best, least = k, d-1
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "it can be " + strings.Join(known, ", ")
}

// distance is the number of letters to add, drop or change to make b of a.
func distance(a, b string) int {
	costs := make([]int, len(b)+1)
	for j := range costs {
		costs[j] = j
	}
	for i := range len(a) {
		corner := costs[0]
		costs[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = costs[j+1]
			costs[j+1] = min(change, corner+1, costs[j]+1)
		}
	}
	return costs[len(b)]
}
