package route

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// document walks the YAML of one file and keeps what it finds wrong. Everything
// is read strictly: an unknown key, a key written twice, an anchor or a tag is
// a finding, because each of them has hidden a mistake in somebody's shop.
type document struct {
	file     string
	offset   int // lines before the text that was parsed
	lines    int // of that text
	findings Findings
}

// The bounds of what is handed to the YAML parser, which recurses on nesting.
const (
	lineBytes    = 64 << 10
	nestingDepth = 500
)

// parse returns the body of the one document in src, or nil where it is empty
// or cannot be read; then there is a finding.
func (d *document) parse(src []byte) ast.Node {
	d.lines = bytes.Count(src, []byte("\n")) + 1
	if !d.bearable(src) {
		return nil
	}
	file, err := parseYAML(src)
	if err != nil {
		d.syntaxError(err)
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if doc.Body.Type() == ast.DirectiveType || body != nil {
			d.add(doc.Body, "keep one document in the file", "more than one YAML document")
			return nil
		}
		body = doc.Body
	}
	return body
}

// withoutMark drops the byte order mark that some editors write.
func withoutMark(src []byte) []byte { return bytes.TrimPrefix(src, []byte("\ufeff")) }

// parseYAML parses src. The parser of the library panics on some malformed
// texts; to the author of a file that is a syntax error like any other.
func parseYAML(src []byte) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			file, err = nil, errors.New("this is not YAML")
		}
	}()
	return parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
}

// bearable reports whether src can be parsed without exhausting the stack.
func (d *document) bearable(src []byte) bool {
	line, begin, depth := 1, 0, 0
	for i, c := range src {
		switch c {
		case '\n':
			line, begin = line+1, i+1
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		}
		if depth > nestingDepth || i-begin > lineBytes {
			d.findings = append(d.findings, Finding{File: d.file, Line: d.offset + line, Column: 1,
				Message: "the line is too long or too deeply nested to be read", Hint: "break it up"})
			return false
		}
	}
	return true
}

// syntaxError turns the parser's error into a finding.
func (d *document) syntaxError(err error) {
	f := Finding{File: d.file, Line: d.offset + 1, Column: 1, Message: err.Error(), Hint: "see whether the lines around it are indented alike"}
	var at interface {
		GetMessage() string
		GetToken() *token.Token
	}
	if errors.As(err, &at) {
		f.Message = at.GetMessage()
		if tk := at.GetToken(); tk != nil {
			f.Line, f.Column = d.position(tk)
			f.Text = tk.Value
		}
	}
	d.findings = append(d.findings, f)
}

// position returns where a token is. The parser may place what follows a broken
// text behind its end.
func (d *document) position(tk *token.Token) (line, column int) {
	if tk == nil || tk.Position == nil {
		return d.offset + 1, 1
	}
	return d.offset + min(max(1, tk.Position.Line), d.lines), max(1, tk.Position.Column)
}

// place returns where a node begins.
func (d *document) place(n ast.Node) place {
	line, column := d.position(first(n))
	return place{line, column}
}

// first returns the token that n begins with; the token of a block mapping is
// the colon after its first key.
func first(n ast.Node) *token.Token {
	switch n := n.(type) {
	case nil:
		return nil
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return n.GetToken()
}

// add keeps an error about a node.
func (d *document) add(n ast.Node, hint, format string, args ...any) {
	at := d.place(n)
	f := Finding{File: d.file, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...), Hint: hint}
	if tk := first(n); tk != nil && strings.Trim(tk.Value, "{}[]&*!|>?:-") != "" {
		f.Text = tk.Value
	}
	d.findings = append(d.findings, f)
}

// field is one entry of a mapping.
type field struct {
	name  string
	key   ast.Node
	value ast.Node
}

// fields returns the entries of the mapping n, each name once, in their order.
// Where known is not nil, any other name is a finding.
func (d *document) fields(n ast.Node, what string, known []string) []field {
	values, ok := d.entries(n, what)
	if !ok {
		return nil
	}
	seen := make(map[string]int, len(values))
	fields := make([]field, 0, len(values))
	for _, v := range values {
		name, ok := d.name(v.Key, what)
		if !ok {
			continue
		}
		line, twice := seen[name]
		switch {
		case known != nil && !slices.Contains(known, name):
			d.add(v.Key, suggest(name, known), "unknown key in %s", what)
		case known != nil && twice:
			d.add(v.Key, "keep one of them", "%s has this key already at line %d", what, line)
		default:
			seen[name] = d.place(v.Key).line
			fields = append(fields, field{name, v.Key, valueOf(v)})
		}
	}
	return fields
}

// valueOf returns an entry's value. One that is not there stands, for findings,
// where its key does.
func valueOf(v *ast.MappingValueNode) ast.Node {
	if v.Value == nil || v.Value.Type() == ast.NullType {
		return ast.Null(v.Key.GetToken())
	}
	return v.Value
}

// name returns a key as it is written; null is a word like any other.
func (d *document) name(key ast.Node, what string) (string, bool) {
	if n, ok := key.(*ast.NullNode); ok {
		return n.GetToken().Value, true
	}
	return d.text(key, "a key of "+what)
}

func (d *document) entries(n ast.Node, what string) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return nil, true
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	d.add(n, "", "%s must be keys and values", what)
	return nil, false
}

// items returns the elements of the sequence n.
func (d *document) items(n ast.Node, what string) []ast.Node {
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		return n.Values
	}
	d.add(n, "write [one, two], or a line with a dash for each", "%s must be a list", what)
	return nil
}

// text returns the scalar n as it is written: 1.10 stays 1.10 and no word is a
// truth value, because what these files hold are names and amounts.
func (d *document) text(n ast.Node, what string) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		if n.Value != nil {
			return strings.TrimSpace(n.Value.Value), true
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	case nil, *ast.NullNode:
		d.add(n, "", "%s is empty", what)
		return "", false
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		d.add(n, "write the value itself", "anchors, aliases, merges and tags are not read here")
		return "", false
	}
	d.add(n, "", "%s must be a single value", what)
	return "", false
}

// suggest returns the hint for a word that is not one of known.
func suggest(word string, known []string) string {
	best, distance := "", 3
	if len(word) < 5 {
		distance = 2 // of a short word two letters are half
	}
	for _, k := range known {
		if n := edits(word, k); n < distance {
			best, distance = k, n
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "it can be " + strings.Join(known, ", ")
}

// edits returns how many letters must be changed, added or dropped to make b of
// a, or 3 where it is more than a slip.
func edits(a, b string) int {
	if len(a) > len(b)+2 || len(b) > len(a)+2 {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return min(row[len(b)], 3)
}
