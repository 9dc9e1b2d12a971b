package cloudfront

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// shopEngine has the shop's table loaded, and an event() to change: a GET of a
// product on the serverless arm.
func shopEngine(t *testing.T, o Options) (*engine, *Artifact) {
	a, err := Compile(shopTable(t, shopConfig, shopProducts), o)
	require.NoError(t, err)
	e := newEngine(t, string(a.Function))
	e.load(a.Items)
	e.eval(t, `var event = eventOf('GET', '/shop/rods/muskie-casting-rod', '', '192.0.2.1', 'curl');
		async function handled() { const request = await handler(event); return JSON.stringify(request.headers) + ' ' + cf.origin; }`)
	return e, a
}

func TestFunction_RemovesWhatTheViewerClaims(t *testing.T) {
	e, _ := shopEngine(t, Options{})
	e.eval(t, `event.request.headers = {host: {value: 'shop.example.com'}, 'X-Banyan-Secret': {value: 'x'}, x_banyan_arm: {value: 'serverless'},
		'x-banyan_epoch': {value: '9'}, 'x-forwarded_host': {value: 'evil.example'}, 'x-forwarded-host': {value: 'evil.example'}, 'x-other': {value: 'kept'}}`)
	require.Equal(t, `{"host":{"value":"shop.example.com"},"x-other":{"value":"kept"},"x-banyan-arm":{"value":"serverless"},"x-banyan-epoch":{"value":"7"},`+
		`"x-forwarded-host":{"value":"shop.example.com"}} serverless>legacy on 502,503,504`, e.eval(t, "handled()"))
}

// A request that fails anywhere goes to legacy: the behaviour's own origin,
// which needs nothing of the function.
func TestFunction_SendsARequestToLegacyWhateverFails(t *testing.T) {
	for name, fault := range map[string]string{
		"no key-value store":      "cf.kvs = function () { throw new Error('no store'); }",
		"an empty store":          "cf.lookup = function () { return undefined; }",
		"a table cut short":       "cf.lookup = function () { return '{\"epoch\":\"7\",\"shards\":'; }",
		"a table of another kind": "cf.lookup = function () { return '[]'; }",
		"null for a table":        "cf.lookup = function () { return 'null'; }",
		"no origin to select":     "cf.groups = false; cf.selectRequestOriginById = function () { throw new Error('unknown origin'); }",
		"no path":                 "event.request.uri = undefined",
		"no hash":                 "crypto.createHash = function () { throw new Error('no sha256'); }",
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := shopEngine(t, Options{})
			e.eval(t, fault)
			headers := e.eval(t, "handled()").(string)
			require.Contains(t, headers, `"x-banyan-arm":{"value":"legacy"}`)
			require.NotContains(t, headers, "spoofed")
			require.True(t, strings.HasSuffix(headers, "} "), "no origin is selected: %s", headers)
			if name != "no path" { // which is ambiguous
				require.NotZero(t, e.eval(t, "logged.length"), "it is logged")
			}
		})
	}
}

func TestFunction_WithoutOriginGroupsStillReachesTheServerlessArm(t *testing.T) {
	e, _ := shopEngine(t, Options{ServerlessHost: "api.example.com"})
	e.eval(t, "cf.groups = false")
	require.Contains(t, e.eval(t, "handled()"), `"x-banyan-arm":{"value":"serverless"}`)
	require.Equal(t, "serverless@api.example.com", e.eval(t, "cf.origin"))
}

func TestFunction_ARequestWithABodyIsNeverSentTwice(t *testing.T) {
	for _, header := range []string{`'content-length': {value: '12'}`, `'transfer-encoding': {value: 'chunked'}`} {
		e, _ := shopEngine(t, Options{})
		e.eval(t, "event.request.headers = {"+header+"}")
		e.eval(t, "handled()")
		require.Equal(t, "serverless", e.eval(t, "cf.origin"), header)
	}
	e, _ := shopEngine(t, Options{})
	e.eval(t, "event.request.headers = {'content-length': {value: '0'}}")
	e.eval(t, "handled()")
	require.Equal(t, "serverless>legacy on 502,503,504", e.eval(t, "cf.origin"))
}

// The API takes 10,240 bytes of request line and headers, and CloudFront twice
// as many: what is between the two would be refused, so it stays on legacy.
func TestFunction_ARequestThatTheAPICannotTakeStaysOnLegacy(t *testing.T) {
	for name, grow := range map[string]string{
		"one header":              "event.request.headers.big = {value: 'x'.repeat(N)}",
		"many headers":            "for (let i = 0; i < N / 10; i++) { event.request.headers['h' + i] = {value: '1234567'}; }",
		"a header many times":     "event.request.headers.big = {value: 'x', multiValue: Array(N / 10).fill({value: '1234567890'})}",
		"cookies":                 "for (let i = 0; i < N / 10; i++) { event.request.cookies['c' + i] = {value: '1234567'}; }",
		"a query":                 "event.request.rawQueryString = function () { return 'q'.repeat(N); }",
		"a query, read otherwise": "event.request.querystring = {q: {value: 'q'.repeat(N)}}",
		"other than ASCII":        "event.request.headers.big = {value: 'é'.repeat(N / 4)}",
	} {
		for _, c := range []struct {
			n    int
			want string
		}{{9_200, "legacy"}, {4_000, "serverless"}} {
			e, _ := shopEngine(t, Options{})
			e.eval(t, fmt.Sprintf("const N = %d; %s", c.n, grow))
			require.Contains(t, e.eval(t, "handled()"), fmt.Sprintf(`"x-banyan-arm":{"value":%q}`, c.want), "%s of %d", name, c.n)
			require.Equal(t, c.want == "legacy", e.eval(t, "cf.origin") == "", "%s of %d", name, c.n)
		}
	}
}

func TestFunction_TakesTheFirstOfSeveralCookies(t *testing.T) {
	table := shopTable(t, shopConfig, shopProducts)
	e, _ := shopEngine(t, Options{})
	e.eval(t, "event.request.uri = '/shop/reels/trial-reel'; event.request.cookies = {banyan_visitor: {value: 'bob', multiValue: [{value: 'ann'}, {value: 'bob'}]}}")
	e.eval(t, "handled()")
	want := table.Decide(route.Request{Path: "/shop/reels/trial-reel", Visitor: "ann", Now: noon})
	require.Equal(t, want.Visitor, e.eval(t, "cf.decision.visitor"))
}

// A shop of a store that is behind the table: what the other shards say holds,
// and the product whose shard is missing is legacy's.
func TestFunction_AProductWhoseShardIsMissingIsLegacys(t *testing.T) {
	table := shopTable(t, shopConfig, shopProducts)
	e, _ := shopEngine(t, Options{})
	delete(e.items, ProductKey(table, "muskie-casting-rod"))
	got := e.ask(t, route.Request{Method: "GET", Path: "/shop/rods/muskie-casting-rod", Now: noon})
	require.Equal(t, "legacy", got.Arm)
	require.Equal(t, "7", got.Epoch)
}

// responseEngine runs the viewer-response function on an event() to change.
func responseEngine(t *testing.T, reveal bool) *engine {
	e := newVM(t)
	_, err := e.vm.RunScript("response.js", "'use strict';\n"+string(responseFunction(reveal)))
	require.NoError(t, err)
	e.eval(t, `var event = {viewer: {ip: '192.0.2.1'},
		request: {headers: {'x-banyan-arm': {value: 'serverless'}, 'user-agent': {value: 'curl/8.0'}}, cookies: {}},
		response: {statusCode: 200, headers: {'content-type': {value: 'text/html'}, 'x-banyan-secret': {value: 'x'}}, cookies: {session: {value: 'kept'}}}};
		function answered() { return JSON.stringify(handler(event)); }`)
	return e
}

const visitorAttributes = `Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure`

func TestResponseFunction_SetsTheVisitorThatWasDerived(t *testing.T) {
	e := responseEngine(t, false)
	visitor := route.DeriveVisitor("192.0.2.1", "curl/8.0")
	plain := `{"statusCode":200,"headers":{"content-type":{"value":"text/html"}},"cookies":{"session":{"value":"kept"}}}`
	require.JSONEq(t, plain, e.eval(t, "answered()").(string), "no share was in play")

	e.eval(t, fmt.Sprintf("event.request.headers['x-banyan-visitor'] = {value: '%s'}", visitor))
	withCookie := fmt.Sprintf(`{"statusCode":200,"headers":{"content-type":{"value":"text/html"}},"cookies":{"session":{"value":"kept"},"banyan_visitor":{"value":%q,"attributes":%q}}}`, visitor, visitorAttributes)
	require.JSONEq(t, withCookie, e.eval(t, "answered()").(string))

	e.eval(t, "delete event.response.headers; delete event.response.cookies")
	require.JSONEq(t, fmt.Sprintf(`{"statusCode":200,"headers":{},"cookies":{"banyan_visitor":{"value":%q,"attributes":%q}}}`, visitor, visitorAttributes), e.eval(t, "answered()").(string), "an answer without headers")

	e = responseEngine(t, false)
	e.eval(t, "delete event.request.headers['x-banyan-arm']")
	require.JSONEq(t, withCookie, e.eval(t, "answered()").(string), "where the request is seen as the viewer sent it, the visitor is derived again")
	e = responseEngine(t, false)
	e.eval(t, "delete event.request.headers['x-banyan-arm']; event.request.cookies = {banyan_visitor: {value: 'ann'}}")
	require.JSONEq(t, plain, e.eval(t, "answered()").(string), "who has one keeps it")
}

func TestResponseFunction_SetsNothingThatIsNoVisitor(t *testing.T) {
	for _, claim := range []string{"x", strings.Repeat("0", 33), "0123456789abcdef0123456789abcde;", "0123456789ABCDEF0123456789ABCDEF"} {
		e := responseEngine(t, false)
		e.eval(t, fmt.Sprintf("event.request.headers['x-banyan-visitor'] = {value: '%s'}", claim))
		require.NotContains(t, e.eval(t, "answered()"), "banyan_visitor", claim)
	}
}

func TestResponseFunction_RevealsTheArmOnlyWhereItIsAskedTo(t *testing.T) {
	require.NotContains(t, responseEngine(t, false).eval(t, "answered()"), "x-banyan")
	require.Contains(t, responseEngine(t, true).eval(t, "answered()"), `"x-banyan-arm":{"value":"serverless"}`)
}

func TestResponseFunction_LeavesTheAnswerWhateverFails(t *testing.T) {
	for _, fault := range []string{"delete event.request", "event.request.headers['x-banyan-visitor'] = {value: '0'.repeat(32)}; Object.freeze(event.response.cookies)", "delete event.viewer; event.request.headers = {}"} {
		e := responseEngine(t, false)
		e.eval(t, fault)
		require.Contains(t, e.eval(t, "answered()"), `"statusCode":200`, fault)
		require.NotZero(t, e.eval(t, "logged.length"), fault)
	}
}

func TestFunction_ReadsASchedulePreciserThanItsClock(t *testing.T) {
	cfg, findings := route.ReadConfig("banyan.yaml", []byte(shopConfig))
	require.NoError(t, findings.Err())
	for _, bound := range []time.Time{time.Unix(0, 1), noon, noon.Add(time.Nanosecond), noon.Add(999_999), time.Unix(-5, 1)} {
		products := []route.Product{{Slug: "from", Arm: route.Serverless, Share: route.Everyone, From: bound}, {Slug: "until", Arm: route.Serverless, Share: route.Everyone, Until: bound}}
		table, findings := route.Compile(cfg, products, 1)
		require.NoError(t, findings.Err())
		a := compileTable(t, table)
		e := newEngine(t, string(a.Function))
		e.load(a.Items)
		for _, slug := range []string{"from", "until"} {
			for d := range int64(5) {
				r := route.Request{Method: "GET", Path: "/shop/rods/" + slug, Now: time.UnixMilli(bound.UnixMilli() + d - 2)}
				requireEqual(t, table, r, e.ask(t, r))
			}
		}
	}
}
