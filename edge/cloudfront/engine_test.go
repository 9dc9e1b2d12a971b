package cloudfront

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// outcome is what the function did with a request.
type outcome struct {
	Arm, Epoch, VisitorHeader string
	Origin                    string // as selected; "" is the behaviour's own, legacy
	Reason, Rule, Visitor     string
	Derived                   bool
	Gets                      int  // look-ups in the key-value store
	Untouched                 bool // the path is what it was, and the viewer's x-banyan-* are gone
}

func readOutcome(text string) (o outcome) {
	f := strings.Split(text, "\n")
	gets, _ := strconv.Atoi(f[8])
	return outcome{f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7] == "true", gets, f[9] == "true"}
}

// engine runs the compiled function in goja, with what CloudFront gives it.
type engine struct {
	vm    *goja.Runtime
	run   goja.Callable
	items map[string]string
}

// importLine is how a function gets at CloudFront; goja has no modules.
const importLine = "import cf from 'cloudfront';\n"

func testFile(t require.TestingT, name string) string {
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return string(text)
}

// newEngine returns an engine with a function and no items.
func newEngine(t require.TestingT, function string) *engine {
	body, ok := strings.CutPrefix(function, importLine)
	require.True(t, ok, "the import is the first line")
	e := newVM(t)
	script := "'use strict';\n" + strings.Replace(testFile(t, "cloudfront.js"), "export default", "const cf =", 1) + body + testFile(t, "driver.js")
	_, err := e.vm.RunScript("function.js", script)
	require.NoError(t, err)
	_, err = e.vm.RunString("cf.lookup = lookup")
	require.NoError(t, err)
	e.run, ok = goja.AssertFunction(e.vm.Get("run"))
	require.True(t, ok)
	return e
}

// newVM returns an engine without a function.
func newVM(t require.TestingT) *engine {
	e := &engine{vm: goja.New()}
	e.shim(t)
	return e
}

// shim gives goja what CloudFront's runtime has beyond the language.
func (e *engine) shim(t require.TestingT) {
	require.NoError(t, e.vm.Set("sha256hex", func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}))
	require.NoError(t, e.vm.Set("lookup", func(key string) goja.Value {
		if value, ok := e.items[key]; ok {
			return e.vm.ToValue(value)
		}
		return goja.Undefined()
	}))
	_, err := e.vm.RunString(`
		var console = {log: function (text) { logged.push(text); }}, logged = [];
		function require(module) {
			if (module !== 'crypto') { throw new Error('no module ' + module); }
			return {createHash: function (algorithm) {
				if (algorithm !== 'sha256') { throw new Error('no ' + algorithm); }
				let all = '';
				return {
					update: function (text) { all += text; return this; },
					digest: function (form) { if (form !== 'hex') { throw new Error(form); } return sha256hex(all); }
				};
			}};
		}`)
	require.NoError(t, err)
}

// load fills the key-value store.
func (e *engine) load(items []Item) {
	e.items = make(map[string]string, len(items))
	for _, i := range items {
		e.items[i.Key] = i.Value
	}
}

// ask runs the function for one request.
func (e *engine) ask(t require.TestingT, r route.Request) outcome {
	v, err := e.run(goja.Undefined(), e.vm.ToValue(r.Method), e.vm.ToValue(r.Path), e.vm.ToValue(r.Visitor),
		e.vm.ToValue(r.Address), e.vm.ToValue(r.UserAgent), e.vm.ToValue(r.Now.UnixMilli()))
	require.NoError(t, err)
	promise := v.Export().(*goja.Promise)
	require.Equal(t, goja.PromiseStateFulfilled, promise.State(), "%v", promise.Result())
	return readOutcome(promise.Result().String())
}

// eval runs an expression, and waits where it is a promise.
func (e *engine) eval(t testing.TB, expression string) any {
	t.Helper()
	v, err := e.vm.RunString(expression)
	require.NoError(t, err)
	if promise, ok := v.Export().(*goja.Promise); ok {
		require.Equal(t, goja.PromiseStateFulfilled, promise.State(), "%v", promise.Result())
		return promise.Result().Export()
	}
	return v.Export()
}

// wanted is what the function is to do where the table decides d of r.
func wanted(table *route.Table, r route.Request, d route.Decision) outcome {
	o := outcome{Arm: d.Arm.String(), Epoch: strconv.FormatUint(d.Epoch, 10), Reason: d.Reason.String(), Rule: d.Rule, Visitor: d.Visitor, Derived: d.NewVisitor, Untouched: true}
	if d.NewVisitor {
		o.VisitorHeader = d.Visitor
	}
	if d.Reason == route.RouteMatched {
		for i, route := range table.Config().Routes {
			if route.Name == d.Rule {
				o.Rule = strconv.Itoa(i)
			}
		}
	}
	o.Origin = wantedOrigin(table.Config().Origins, r, d)
	return o
}

func wantedOrigin(origins route.Origins, r route.Request, d route.Decision) string {
	legacy, serverless := "legacy"+at(hostHeader(origins.Legacy)), "serverless"+at(hostHeader(origins.Serverless))
	switch {
	case d.Arm == route.Legacy && legacy == "legacy":
		return "" // the behaviour's own
	case d.Arm == route.Legacy:
		return legacy
	case r.Method != "GET" && r.Method != "HEAD":
		return serverless
	}
	codes := "502,503,504"
	seen := map[int]bool{502: true, 503: true, 504: true}
	for _, status := range d.FallBackOn {
		if !seen[status] {
			codes += "," + strconv.Itoa(status)
			seen[status] = true
		}
	}
	return serverless + ">" + legacy + " on " + codes
}

func at(host string) string {
	if host == "" {
		return ""
	}
	return "@" + host
}

// requireEqual fails where the function did otherwise than the table decides.
// It does not know the products that are on the legacy arm: to it, as to
// whoever asks, such a path is legacy's like any other.
func requireEqual(t require.TestingT, table *route.Table, r route.Request, got outcome) {
	d := table.Decide(r)
	if d.Reason == route.ProductArm && d.Arm == route.Legacy && got.Reason == route.NoRule.String() {
		d.Reason, d.Rule = route.NoRule, ""
	}
	want := wanted(table, r, d)
	want.Gets = got.Gets
	if want != got {
		require.Equal(t, want, got, "%s %q visitor %q address %q agent %q at %s\n%s", r.Method, r.Path, r.Visitor, r.Address, r.UserAgent, r.Now.Format(time.RFC3339Nano), describe(table))
	}
}

// describe shows a table in a failure.
func describe(table *route.Table) string {
	var b strings.Builder
	for _, d := range route.Diff(nil, table) {
		if b.Len() < 4000 {
			b.WriteString(d.String() + "\n")
		}
	}
	return b.String()
}

// compileTable compiles a table and has the engine load it.
func compileTable(t require.TestingT, table *route.Table) *Artifact {
	a, err := Compile(table, Options{})
	require.NoError(t, err)
	return a
}

// shopTable reads a table as an engineer and a merchant write it.
func shopTable(t require.TestingT, config, products string) *route.Table {
	cfg, findings := route.ReadConfig("banyan.yaml", []byte(config))
	require.NoError(t, findings.Err())
	list, findings := route.ReadProducts("products.yaml", []byte(products))
	require.NoError(t, findings.Err())
	table, findings := route.Compile(cfg, list, 7)
	require.NoError(t, findings.Err())
	return table
}
