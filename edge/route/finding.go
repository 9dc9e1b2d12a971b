package route

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a finding stops a table from being used.
type Severity uint8

// The severities. Error is the zero value, so that a finding counts until
// somebody says otherwise.
const (
	Error   Severity = iota // the files cannot be used
	Warning                 // they can, but the author should look
)

// String returns the severity's word.
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// MarshalText writes the severity's word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is one thing that is wrong in banyan.yaml or products.yaml, said so
// that its author can mend it: where, what, and what to write instead.
type Finding struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Text     string   `json:"text,omitempty"` // the offending text
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
	Severity Severity `json:"severity"`
}

// textBytes bounds how much of the offending text a message repeats.
const textBytes = 80

// String returns "file:line:column: message (text)", and the hint on a line of
// its own.
func (f Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", f.File, f.Line, f.Column)
	if f.Severity == Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(f.Message)
	if f.Text != "" {
		fmt.Fprintf(&b, " (%s)", shorten(f.Text))
	}
	if f.Hint != "" {
		b.WriteString("\n  hint: " + f.Hint)
	}
	return b.String()
}

// shorten keeps a text on one line and of a bearable length.
func shorten(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > textBytes {
		text = strings.ToValidUTF8(text[:textBytes], "") + "…"
	}
	return text
}

// Findings are what reading and compiling found, in the order of the files.
type Findings []Finding

// ErrFindings is what Err's error is, for callers that only ask whether the
// files could be used.
var ErrFindings = errors.New("the configuration has errors")

// Err returns nil where no finding is an error, and otherwise one error that
// says them all.
func (fs Findings) Err() error {
	if !slices.ContainsFunc(fs, func(f Finding) bool { return f.Severity == Error }) {
		return nil
	}
	return &findingsError{fs}
}

type findingsError struct{ findings Findings }

func (e *findingsError) Error() string { return e.findings.String() }
func (e *findingsError) Unwrap() error { return ErrFindings }

// String returns the findings, one after another, a line or two each.
func (fs Findings) String() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the findings by file, line and column.
func (fs Findings) sorted() Findings {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return fs
}
