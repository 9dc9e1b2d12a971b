package legacydb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// ParseConfig reads the legacy section strictly. Its error is Problems: an
// unknown key, an unknown placeholder or a value of the wrong kind, each with
// its line. file is the name they give.
func ParseConfig(file string, section ast.Node) (Config, error) {
	r := &reader{file: file}
	c := Config{File: file, Line: lineOf(section), Connections: DefaultConnections}
	r.mapping(section, "legacy", map[string]func(ast.Node){
		"database":    func(n ast.Node) { c.Database = r.text(n, "legacy.database") },
		"connections": func(n ast.Node) { c.Connections = r.count(n, "legacy.connections", 1) },
		"adapt":       func(n ast.Node) { c.FixedBudget = !r.yes(n, "legacy.adapt") },
		"stock":       func(n ast.Node) { c.Stock = r.text(n, "legacy.stock") },
		"write":       func(n ast.Node) { c.Write = r.statements(n, "legacy.write") },
		"listings":    func(n ast.Node) { c.Listings = r.statements(n, "legacy.listings") },
	})
	if len(r.problems) == 0 {
		_, _, r.problems = compileAll(c, nil)
	}
	return c, r.problems.orNil()
}

// reader walks the YAML and keeps what it finds wrong.
type reader struct {
	file     string
	problems Problems
}

func (r *reader) problem(n ast.Node, hint, format string, args ...any) {
	p := Problem{File: r.file, Line: lineOf(n), Message: fmt.Sprintf(format, args...), Hint: hint}
	if n != nil && n.GetToken() != nil {
		p.Text = n.GetToken().Value
	}
	r.problems = append(r.problems, p)
}

func lineOf(n ast.Node) int {
	switch n := n.(type) {
	case nil:
		return 0
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			return lineOf(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return lineOf(n.Key)
	}
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		return tk.Position.Line
	}
	return 0
}

// mapping reads the keys of n, each by its own reader and each once.
func (r *reader) mapping(n ast.Node, what string, keys map[string]func(ast.Node)) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.problem(n, "", "%s must be keys and values", what)
		return
	}
	known := make([]string, 0, len(keys))
	for k := range keys {
		known = append(known, k)
	}
	slices.Sort(known)
	seen := make(map[string]int)
	for _, v := range values {
		name := v.Key.GetToken().Value
		read, ok := keys[name]
		line, twice := seen[name]
		switch {
		case !ok:
			r.problem(v.Key, didYouMean(name, known), "unknown key in %s", what)
		case twice:
			r.problem(v.Key, "keep one of them", "%s has this key already at line %d", what, line)
		default:
			seen[name] = lineOf(v.Key)
			read(v.Value)
		}
	}
}

// text returns a scalar as it is written.
func (r *reader) text(n ast.Node, what string) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value
	case nil, *ast.NullNode:
		r.problem(n, "", "%s is empty", what)
	default:
		r.problem(n, "write the value itself", "%s must be a single value", what)
	}
	return ""
}

func (r *reader) count(n ast.Node, what string, least int) int {
	value, err := strconv.Atoi(r.text(n, what))
	if err != nil || value < least {
		r.problem(n, fmt.Sprintf("write a number from %d on", least), "%s is not a number that can be used", what)
		return least
	}
	return value
}

func (r *reader) yes(n ast.Node, what string) bool {
	value, err := strconv.ParseBool(r.text(n, what))
	if err != nil {
		r.problem(n, "write true or false", "%s is neither true nor false", what)
	}
	return value
}

func (r *reader) statements(n ast.Node, what string) []Statement {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.problem(n, "write \"- sql: INSERT …\", a line with a dash for each statement", "%s must be a list of statements", what)
		return nil
	}
	statements := make([]Statement, len(list.Values))
	for i, item := range list.Values {
		s := &statements[i]
		s.Line = lineOf(item)
		r.mapping(item, fmt.Sprintf("%s statement %d", what, i+1), map[string]func(ast.Node){
			"sql":  func(n ast.Node) { s.SQL, s.Line = r.text(n, "sql"), lineOf(n) },
			"as":   func(n ast.Node) { s.As = r.text(n, "as") },
			"each": func(n ast.Node) { s.Each = r.text(n, "each") },
			"else": func(n ast.Node) { s.Else = r.text(n, "else") },
			"rows": func(n ast.Node) {
				rows := r.count(n, "rows", 0)
				s.Rows = &rows
			},
		})
	}
	return statements
}
