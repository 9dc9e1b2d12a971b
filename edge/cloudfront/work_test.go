package cloudfront

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// counted returns the function with a count of statements before each of them:
// a measure of its work that is the same on every machine.
func counted(t *testing.T, function string) string {
	body := strings.TrimPrefix(function, importLine)
	program, err := parser.ParseFile(nil, "", body, 0)
	require.NoError(t, err)
	var at []int
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Interface, reflect.Pointer:
			if v.IsNil() {
				return
			}
			if block, ok := v.Interface().(*ast.BlockStatement); ok {
				for _, s := range block.List {
					at = append(at, begin(body, s))
				}
			}
			walk(v.Elem())
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			if !strings.HasSuffix(v.Type().PkgPath(), "goja/ast") {
				return
			}
			for i := range v.NumField() {
				if name := v.Type().Field(i).Name; name != "DeclarationList" && name != "File" {
					walk(v.Field(i))
				}
			}
		}
	}
	walk(reflect.ValueOf(program))
	slices.Sort(at)
	at = slices.Compact(at)
	var b strings.Builder
	done := 0
	for _, i := range at {
		b.WriteString(body[done:i] + "cf.steps++; ")
		done = i
	}
	return importLine + b.String() + body[done:]
}

// begin returns where a statement begins. The parser does not keep where an if does.
func begin(body string, s ast.Statement) int {
	if s, ok := s.(*ast.IfStatement); ok {
		return strings.LastIndex(body[:s.Test.Idx0()-1], "if (")
	}
	return int(s.Idx0()) - 1
}

// TestFunction_DoesNoMoreWorkThanItDid counts, so that a change that makes the
// function slower is seen. CloudFront gives no figure for what it allows; it
// says only how much of it was used, as a metric.
func TestFunction_DoesNoMoreWorkThanItDid(t *testing.T) {
	shop := shopTable(t, shopConfig, shopProducts)
	many := manyRoutes(t, 74)
	var b strings.Builder
	b.WriteString("statements, look-ups and hashes of the function, by request\n")
	for _, c := range []struct {
		name  string
		table *route.Table
		path  string
	}{
		{"mode all-legacy", shopTable(t, "mode: all-legacy\n"+shopConfig, shopProducts), "/checkout"},
		{"an ambiguous path", shop, "/a/../b"},
		{"no rule, 5 routes", shop, "/about"},
		{"a route, the second", shop, "/checkout/pay"},
		{"a route with two stars and a ?", shop, "/size-9/rods/muskie/chart.html"},
		{"a product on legacy", shop, "/shop/rods/tourney-casting-rod"},
		{"a product on serverless", shop, "/shop/rods/muskie-casting-rod"},
		{"a product with a share", shop, "/shop/rods/trial-reel"},
		{"a product with a schedule", shop, "/shop/rods/vintage-creel-1962"},
		{"a path to decode", shop, "/shop/%72ods/muskie%2dcasting%2drod"},
		{"a path of 4,000 segments", shop, strings.Repeat("/a", 4000)},
		{"100,000 products", bigTable(t), "/shop/rods/vintage-fishing-tackle-000001"},
		{"74 routes, no rule", many, "/about"},
		{"74 routes, the last", many, "/section-73/reviews/x"},
	} {
		a := compileTable(t, c.table)
		e := newEngine(t, counted(t, string(a.Function)))
		e.load(a.Items)
		e.eval(t, "cf.steps = 0; hashes = 0; const sum256 = sha256hex; sha256hex = function (text) { hashes++; return sum256(text); }; var hashes")
		got := e.ask(t, route.Request{Method: "GET", Path: c.path, Address: "192.0.2.1", UserAgent: "curl", Now: noon})
		fmt.Fprintf(&b, "%-32s %5d %3d %3d\n", c.name, e.eval(t, "cf.steps"), got.Gets, e.eval(t, "hashes"))
	}
	requireGolden(t, "testdata/work.golden", b.String())
}

// manyRoutes returns a table of n routes, more than fit beside the table.
func manyRoutes(t require.TestingT, n int) *route.Table {
	var b strings.Builder
	b.WriteString("origins: {legacy: {url: https://legacy.example.com}}\nroutes:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {name: section-%d, path: /section-%d/reviews/*, to: serverless}\n", i, i)
	}
	return shopTable(t, b.String(), "")
}
