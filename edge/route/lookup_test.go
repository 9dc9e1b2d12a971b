package route

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLookup_QueryIsCutAtItsPlaceholdersAlone(t *testing.T) {
	l := Lookup{SQL: `SELECT ':no', ":no", a[1:2], x::text /* :no */ FROM "order" WHERE c = :body.lines.0.sku AND d=:key -- :no
		AND e = :cookie.PHPSESSID.`}
	s := l.Query()
	require.Equal(t, []Field{"body.lines.0.sku", "key", "cookie.PHPSESSID"}, s.Fields)
	require.Len(t, s.Pieces, 4)
	require.Equal(t, `SELECT ':no', ":no", a[1:2], x::text /* :no */ FROM "order" WHERE c = $1 AND d=$2 -- :no
		AND e = $3.`, s.Render(func(n int) string { return fmt.Sprintf("$%d", n) }))
}

func TestLookup_RequestIsCutAtItsBraces(t *testing.T) {
	l := Lookup{Request: "GET /orders/{path.2}?cart={body.cart_id}"}
	method, s := l.Target()
	require.Equal(t, "GET", method)
	require.Equal(t, Stencil{Pieces: []string{"/orders/", "?cart=", ""}, Fields: []Field{"path.2", "body.cart_id"}}, s)
}

func TestLookup_OpenQuotationEndsWithTheText(t *testing.T) {
	for _, sql := range []string{"SELECT ':key", `SELECT ":key`, "SELECT 1 -- :key", "SELECT /* :key", ":", "::", ":-"} {
		require.Empty(t, (&Lookup{SQL: sql}).Query().Fields, sql)
	}
}

const queueConfig = `
session_cookies: [sid]
legacy: {database: postgres://shop@127.0.0.1/shop}
routes:
  - name: checkout
    path: /api/orders
    to: queue
    wait: 3s
    found_by: {sql: SELECT 1 FROM orders WHERE cart = :body.cart_id}
  - {name: returns, path: /returns*, methods: [POST], to: queue, repeat: safe}
`

func TestTable_RouteToTheQueueCapturesOnlyWhatMayWrite(t *testing.T) {
	cfg, findings := ReadConfig("banyan.yaml", []byte(queueConfig))
	require.Empty(t, findings)
	table, findings := Compile(cfg, nil, 1)
	require.Empty(t, findings)
	require.Equal(t, []string{"sid"}, cfg.SessionCookies)

	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "BUY"} {
		d := table.Decide(Request{Method: method, Path: "/api/orders"})
		require.True(t, d.Capture, method)
		require.Equal(t, 3*time.Second, d.Wait)
		require.Equal(t, Legacy, d.Arm)
	}
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE"} {
		d := table.Decide(Request{Method: method, Path: "/api/orders"})
		require.False(t, d.Capture, method)
		require.Zero(t, d.Wait)
		require.Equal(t, "checkout", d.Rule)
	}
	cfg.Mode = ModeAllLegacy
	require.False(t, table.Decide(Request{Method: "POST", Path: "/api/orders"}).Capture, "on the bad day nothing is kept")
}

func TestExplain_SaysWhatIsKept(t *testing.T) {
	cfg, _ := ReadConfig("banyan.yaml", []byte(queueConfig))
	table, _ := Compile(cfg, nil, 1)
	last := func(method, path string) Step {
		steps := table.Explain(Request{Method: method, Path: path}).Steps
		return steps[len(steps)-1]
	}
	require.Equal(t, Step{"capture", "kept durably, then replayed to legacy; the shopper is held 3s for its answer, then told 202"}, last("POST", "/api/orders"))
	require.Equal(t, Step{"capture", "no: GET only reads, and goes to legacy at once"}, last("GET", "/api/orders"))
	require.Equal(t, Step{"capture", "kept durably and told 202, then replayed to legacy"}, last("POST", "/returns/1"))
	require.True(t, table.Explain(Request{Method: "POST", Path: "/returns"}).Capture)
}

func TestDiff_SaysHowACapturedRequestIsFound(t *testing.T) {
	before, _ := ReadConfig("banyan.yaml", []byte(queueConfig))
	a, _ := Compile(before, nil, 1)
	after, _ := ReadConfig("banyan.yaml", []byte(`
routes:
  - {name: checkout, path: /api/orders, to: queue, wait: 3s, found_by: {request: "GET /orders/{body.cart_id}"}}
  - {name: returns, path: /returns*, methods: [POST], to: queue}
`))
	b, findings := Compile(after, nil, 2)
	require.Empty(t, findings)
	var said []string
	for _, d := range Diff(a, b) {
		said = append(said, d.String())
	}
	require.Equal(t, []string{
		"session cookies: sid → none",
		"route checkout: /api/orders to queue wait 3s found by SELECT 1 FROM orders WHERE cart = :body.cart_id → /api/orders to queue wait 3s found by GET /orders/{body.cart_id}",
		"route returns: POST /returns* to queue repeat safe → POST /returns* to queue",
	}, said)
}

func TestConfig_RouteIsFoundByItsName(t *testing.T) {
	cfg, _ := ReadConfig("banyan.yaml", []byte(queueConfig))
	r, ok := cfg.Route("returns")
	require.True(t, ok)
	require.Equal(t, RepeatSafe, r.Repeat)
	_, ok = cfg.Route("gone")
	require.False(t, ok)
}
