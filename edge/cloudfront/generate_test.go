package cloudfront

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// generator makes tables of every shape, and requests that come close to what
// they match.
type generator struct {
	*rand.Rand
	table    *route.Table // that products are of
	products []route.Product
}

func newGenerator(seed uint64) *generator { return &generator{Rand: rand.New(rand.NewPCG(seed, 7))} }

// noon is the time around which schedules and requests are.
var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func pick[T any](g *generator, from []T) T { return from[g.IntN(len(from))] }

// some returns a number up to most, small ones and 0 more often.
func (g *generator) some(most int) int { return g.IntN(1 + g.IntN(1+most)) }

// one reports true once in n times.
func (g *generator) one(n int) bool { return g.IntN(n) == 0 }

func (g *generator) join(parts []string, most int) string {
	var b strings.Builder
	for range g.some(most) {
		b.WriteString(pick(g, parts))
	}
	return b.String()
}

var (
	methods       = []string{"GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "PURGE"}
	names         = []string{"shop", "rods", "a", "b", "A", "checkout", "x-1", "~", "v.1", "caf%C3%A9", "a=b", "a&b", "s", "l", "0", "1", "__proto__"}
	patternPieces = []string{"/", "/", "*", "*", "?", "a", "b", "ab", "shop", "checkout", ".svg", "~", "-", "A", "$", "+", "."}
	pathPieces    = []string{"/", "/", "/", "a", "b", "ab", "A", "shop", "rods", "checkout", ".svg", "~", "-", "x-1", "1", "%7E", "%61", "%2d", "%41", "%5F", "%39",
		"%C3%A9", "%20", "%25", "%3F", "%23", "$", "+", "'", "=", "&", ";", ",", ".a", "a.", "...", ":", "@", "(", "!", "|", " ", "s|b s"}
	trouble = []string{"//", "/./", "/../", "/..", "/.", "/.;x", "/..;/", "%2F", "%2f", "%2E", "%2e%2E", "%5C", "\\", "%00", "%1f", "%7F", "\x00", "\x1f", "\x7f", "\n",
		"é", "€", "😀", "\xff", "%", "%z1", "%4", "%4z", "?", "#", "?a=b", "/%2e/", "/.%2e"}
	visitors = []string{"", "", "", "ann", "bob", "0123456789abcdef0123456789abcdef", "x", "a b", "a;b", "a,b", `a"b`, `a\b`, "é", "a\n", "a\x7f",
		strings.Repeat("v", 64), strings.Repeat("v", 65), "!#$%&'()*+-./:<=>?@[]^_`{|}~", "undefined", "null"}
	addresses = []string{"192.0.2.1", "192.0.2.77", "2001:db8::7", "", "::1"}
	agents    = []string{"", "curl/8.0", "Mozilla/5.0 (X11; Linux x86_64)", "Ä gent €", "a\tb"}
)

// table returns a table, of up to so many products.
func (g *generator) newTable(t require.TestingT, products int) *route.Table {
	cfg := &route.Config{File: "banyan.yaml", Origins: route.Origins{
		Legacy:     route.Origin{URL: "https://legacy.example.com", Host: route.HostPreserve},
		Serverless: route.Origin{URL: route.Local, Host: route.HostOrigin},
	}}
	if g.one(3) {
		cfg.Origins.Serverless.URL = "https://api.example.com"
		cfg.Origins.Legacy.Host = pick(g, []string{route.HostOrigin, route.HostPreserve, "shop.internal"})
	}
	if g.one(25) {
		cfg.Mode = route.ModeAllLegacy
	}
	for range min(g.IntN(4), 1+g.IntN(3)) {
		cfg.Products.Paths = append(cfg.Products.Paths, g.template())
	}
	list := g.newProducts(products)
	routes := g.some(8)
	if g.one(10) {
		routes = 20 + g.IntN(60) // more than fit beside the table
	}
	for i := range routes {
		r := g.route(i)
		alone := *cfg
		alone.Mode, alone.Routes = "", []route.Route{r}
		if _, findings := route.Compile(&alone, nil, 1); findings.Err() == nil {
			cfg.Routes = append(cfg.Routes, r)
		}
	}
	table, findings := route.Compile(cfg, list, g.Uint64()>>g.IntN(64))
	for findings.Err() != nil && len(cfg.Routes) > 0 { // rules that hide others
		cfg.Routes = cfg.Routes[:len(cfg.Routes)-1]
		table, findings = route.Compile(cfg, list, 1)
	}
	for findings.Err() != nil && len(cfg.Products.Paths) > 0 {
		cfg.Products.Paths = cfg.Products.Paths[:len(cfg.Products.Paths)-1]
		table, findings = route.Compile(cfg, list, 1)
	}
	require.NoError(t, findings.Err())
	return table
}

func (g *generator) route(i int) route.Route {
	r := route.Route{Name: fmt.Sprintf("r%d", i), Path: g.join(patternPieces, 6), To: pick(g, []route.Target{route.ToServerless, route.ToServerless, route.ToLegacy, route.ToQueue})}
	if g.one(3) {
		for range 1 + g.IntN(3) {
			r.Methods = append(r.Methods, pick(g, methods))
		}
	}
	if r.To == route.ToServerless && g.one(4) {
		for range 1 + g.IntN(3) {
			r.FallBackOn = append(r.FallBackOn, pick(g, failoverStatuses))
		}
	}
	return r
}

func (g *generator) template() string {
	segments := make([]string, 1+g.some(3))
	for i := range segments {
		segments[i] = pick(g, []string{"shop", "a", "rods", "caf%C3%A9", "{x}", "{category}", "1", "0"})
	}
	segments[g.IntN(len(segments))] = "{product}"
	path := "/" + strings.Join(segments, "/")
	if g.one(3) {
		path += "/*"
	}
	return path
}

// slug names a product, or what a shopper takes for one.
func (g *generator) slug() string {
	if g.one(2) {
		return pick(g, names)
	}
	slug := fmt.Sprintf("%s-%d", pick(g, []string{"rod", "reel", "a~b", "caf%C3%A9", "x_y"}), g.IntN(1+g.IntN(400)))
	if g.one(20) {
		slug += strings.Repeat("-long", 20)
	}
	return slug
}

func (g *generator) newProducts(most int) (list []route.Product) {
	seen := make(map[string]bool)
	for range g.IntN(most + 1) {
		p := route.Product{Slug: g.slug(), Arm: route.Arm(min(1, g.IntN(4))), Share: route.Everyone}
		if seen[p.Slug] || route.CheckSlug(p.Slug) != nil {
			continue
		}
		seen[p.Slug] = true
		if g.one(2) {
			p.Share = route.Share(pick(g, []int{0, 1, 100, 2500, 5000, 7500, 9999, 10_000}))
		}
		if g.one(3) {
			p.From = g.moment()
		}
		if g.one(3) {
			p.Until = g.moment()
		}
		if g.one(5) {
			stock := g.IntN(3)
			p.Stock = &stock
		}
		list = append(list, p)
	}
	return list
}

func (g *generator) moment() time.Time {
	if g.one(50) {
		return pick(g, []time.Time{time.Unix(0, 0), time.Unix(-1, 0), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)})
	}
	return noon.Add(time.Duration(g.IntN(7)-3) * time.Hour)
}

// request returns a request that has something to do with the table.
func (g *generator) request(table *route.Table) route.Request {
	r := route.Request{
		Method: pick(g, methods), Path: g.path(table),
		Visitor: pick(g, visitors), Address: pick(g, addresses), UserAgent: pick(g, agents),
		Now: g.moment().Add(time.Duration(g.IntN(3)-1) * time.Millisecond),
	}
	if g.one(3) {
		r.Visitor = fmt.Sprintf("visitor-%d", g.IntN(10_000))
	}
	return r
}

func (g *generator) path(table *route.Table) (path string) {
	cfg := table.Config()
	if g.table != table {
		g.table, g.products = table, table.Products()
	}
	switch n := g.IntN(10); {
	case n < 6 && len(cfg.Products.Paths) > 0:
		path = g.productPath(pick(g, cfg.Products.Paths))
	case n < 8 && len(cfg.Routes) > 0:
		path = g.routePath(pick(g, cfg.Routes).Path)
	default:
		path = "/" + strings.TrimLeft(g.join(pathPieces, 8), "/")
	}
	if g.one(10) {
		path = g.insert(path, pick(g, trouble))
	}
	if g.one(10) {
		path = g.insert(path, pick(g, pathPieces))
	}
	if g.one(5) {
		path = g.escape(path)
	}
	return path
}

func (g *generator) insert(path, piece string) string {
	at := g.IntN(len(path) + 1)
	return path[:at] + piece + path[at:]
}

// escape writes some characters as escapes, of either case.
func (g *generator) escape(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if g.one(6) && path[i] != '/' && path[i] != '%' && path[i] != '.' {
			fmt.Fprintf(&b, pick(g, []string{"%%%02X", "%%%02x"}), path[i])
			continue
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

func (g *generator) productPath(template string) string {
	path, below := strings.CutSuffix(template, "/*")
	segments := strings.Split(path, "/")
	for i, s := range segments {
		switch {
		case s == "{product}" && len(g.products) > 0 && !g.one(4):
			segments[i] = pick(g, g.products).Slug
		case s == "{product}":
			segments[i] = g.slug()
		case strings.HasPrefix(s, "{"):
			segments[i] = pick(g, names)
		}
	}
	path = strings.Join(segments, "/")
	if below != g.one(6) {
		path += "/" + strings.TrimLeft(g.join(pathPieces, 3), "/")
	}
	return path
}

func (g *generator) routePath(pattern string) string {
	var b strings.Builder
	for _, c := range withSlash(pattern) {
		switch c {
		case '*':
			b.WriteString(g.join(pathPieces, 4))
		case '?':
			b.WriteString(pick(g, []string{"a", "b", "-", "/", "%20", "ab"}))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
