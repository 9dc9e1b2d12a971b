package cloudfront

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// requestsToTry is how many requests the equality tests make: 20,000, or
// EQUAL_REQUESTS.
func requestsToTry(t testing.TB) int {
	text := os.Getenv("EQUAL_REQUESTS")
	if text == "" {
		return 20_000
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "EQUAL_REQUESTS is a number")
	return n
}

// seed is where the generator begins: the same each time, or EQUAL_SEED.
func seed(t testing.TB) uint64 {
	text := os.Getenv("EQUAL_SEED")
	if text == "" {
		return 1
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, "EQUAL_SEED is a number")
	return n
}

// requestsPerTable is how many requests are tried on one generated table.
const requestsPerTable = 200

func TestFunction_DecidesAsTheTableDoes(t *testing.T) {
	tables, workers := (requestsToTry(t)+requestsPerTable-1)/requestsPerTable, runtime.GOMAXPROCS(0)
	var mu sync.Mutex
	seen := make(map[string]int) // reasons, with the arm
	t.Run("workers", func(t *testing.T) {
		for w := range workers {
			t.Run(strconv.Itoa(w), func(t *testing.T) {
				t.Parallel()
				var e *engine
				mine := make(map[string]int)
				for i := w; i < tables; i += workers {
					e = tryTable(t, e, newGenerator(seed(t)+uint64(i)), mine)
				}
				mu.Lock()
				defer mu.Unlock()
				for reason, n := range mine {
					seen[reason] += n
				}
			})
		}
	})
	t.Log(seen)
	for _, reason := range []string{"legacy no-rule", "legacy all-legacy", "legacy ambiguous-path", "legacy route", "serverless route",
		"serverless product", "legacy outside-schedule", "serverless inside-share", "legacy outside-share"} {
		require.NotZero(t, seen[reason], "no request was decided so: %s", reason)
	}
}

// tryTable asks table and function about requestsPerTable requests.
func tryTable(t *testing.T, e *engine, g *generator, seen map[string]int) *engine {
	table := g.newTable(t, pick(g, []int{5, 60, 600}))
	a := compileTable(t, table)
	if e == nil {
		e = newEngine(t, string(a.Function))
	}
	e.load(a.Items)
	for range requestsPerTable {
		r := g.request(table)
		got := e.ask(t, r)
		requireEqual(t, table, r, got)
		seen[got.Arm+" "+got.Reason]++
	}
	return e
}

// bigTable has 100,000 products, one in ten of them with a share and a
// schedule; half of them are flipped.
func bigTable(t require.TestingT) *route.Table {
	cfg, findings := route.ReadConfig("banyan.yaml", []byte(shopConfig))
	require.NoError(t, findings.Err())
	products := make([]route.Product, 100_000)
	for i := range products {
		p := route.Product{Slug: fmt.Sprintf("vintage-fishing-tackle-%06d", i), Arm: route.Arm(i % 2), Share: route.Everyone}
		if i%10 == 3 {
			p.Share, p.From, p.Until = 2500, noon.Add(-time.Hour), noon.Add(time.Hour)
		}
		products[i] = p
	}
	table, findings := route.Compile(cfg, products, 1)
	require.NoError(t, findings.Err())
	return table
}

func TestFunction_DecidesAsTheTableDoesWith100000Products(t *testing.T) {
	table, g := bigTable(t), newGenerator(seed(t))
	a := compileTable(t, table)
	e := newEngine(t, string(a.Function))
	e.load(a.Items)
	serverless := 0
	for range requestsToTry(t) / 20 {
		r := g.request(table)
		got := e.ask(t, r)
		requireEqual(t, table, r, got)
		serverless += strings.Count(got.Arm, "serverless")
	}
	require.NotZero(t, serverless)
}

const shopConfig = `
storefront: https://shop.example.com
origins:
  legacy: {url: https://legacy.example.com}
products:
  paths: ["/shop/{category}/{product}", "/shop/{category}/{product}/*"]
routes:
  - {name: newsletter, path: /shop/rods/newsletter, methods: [POST, PUT], to: serverless}
  - {name: checkout, path: /checkout*, to: serverless, fall_back_on: [404]}
  - {name: loyalty, path: /loyalty/points, methods: [POST], to: queue, wait: 3s}
  - {name: pictures, path: "*.svg", to: legacy}
  - {name: sizes, path: "/size-?/*/chart*", to: serverless}
`

const shopProducts = `
muskie-casting-rod: serverless
tourney-casting-rod: legacy
newsletter: serverless
vintage-creel-1962:
  arm: serverless
  from: 2026-11-27T08:00:00Z
  until: 2026-11-27T20:00:00Z
  stock: 1
trial-reel: {arm: serverless, share: 25%}
drained-reel: {arm: serverless, share: 0%}
caf%C3%A9-mug: serverless
`

// FuzzFunction looks for a request that function and table read differently.
func FuzzFunction(f *testing.F) {
	for _, path := range []string{"/", "/checkout", "/check%6Fut/pay", "/shop/rods/muskie-casting-rod", "/shop/rods/trial-reel/x", "/a/../b", "/shop/rods/caf%C3%A9-mug",
		"/size-9/a/chart/chart", "/x.svg", "/shop/rods/vintage-creel-1962", "/shop//x", "/%2e%2e/", "/shop/rods/a s|b", "*"} {
		f.Add(uint8(0), "GET", path, "", "curl", int64(0))
		f.Add(uint8(0), "POST", path, "ann", "", noon.UnixMilli())
	}
	tables := []*route.Table{shopTable(f, shopConfig, shopProducts)}
	for i := range uint64(50) {
		tables = append(tables, newGenerator(i).newTable(f, 60))
	}
	var items [][]Item
	for _, table := range tables {
		items = append(items, compileTable(f, table).Items)
	}
	e := newEngine(f, string(squeeze(functionSource)))
	f.Fuzz(func(t *testing.T, which uint8, method, path, visitor, agent string, now int64) {
		r := route.Request{Method: strings.ToValidUTF8(method, ""), Path: path, Visitor: strings.ToValidUTF8(visitor, "é"), Address: "192.0.2.1",
			UserAgent: strings.ToValidUTF8(agent, ""), Now: time.UnixMilli(now % (1 << 50))}
		i := int(which) % len(tables)
		e.load(items[i])
		requireEqual(t, tables[i], r, e.ask(t, r))
	})
}
