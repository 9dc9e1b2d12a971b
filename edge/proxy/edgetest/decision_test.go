package edgetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/proxy"
	"github.com/banyan-edge/banyan/edge/route"
)

// The arithmetic of shares and schedules is proved in edge/route, over 100,000
// visitors. What is proved here is that an edge asks it for every request, with
// the very path, cookie and time of that request.

const saleConfig = `
storefront: https://shop.example
origins:
  legacy: {url: http://127.0.0.1:9000}
products:
  paths: ["/shop/{category}/{product}"]
routes:
  - {name: checkout, path: /checkout*, to: serverless}
`

const saleProducts = `
half: {arm: serverless, share: 50%}
drained: {arm: serverless, share: 0%}
timed: {arm: serverless, from: 2026-11-27T08:00:00Z, until: 2026-11-27T20:00:00Z}
`

// saleTable compiles the table of a sale.
func saleTable(t *testing.T, products string) *route.Table {
	t.Helper()
	config, findings := route.ReadConfig("banyan.yaml", []byte(saleConfig))
	require.NoError(t, findings.Err())
	list, findings := route.ReadProducts("products.yaml", []byte(products))
	require.NoError(t, findings.Err())
	table, findings := route.Compile(config, list, 1)
	require.NoError(t, findings.Err())
	return table
}

// sale is an edge before a table, with a clock that is set by hand.
type sale struct {
	*viewer
	t     *testing.T
	table atomic.Pointer[route.Table]
	now   atomic.Pointer[time.Time]
}

func startSale(t *testing.T, e engine) *sale {
	origin := startRecorder(t, nil)
	s := &sale{t: t}
	s.table.Store(saleTable(t, saleProducts))
	noon := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	s.now.Store(&noon)
	edge := e.startEdge(t, proxy.Options{
		Table: func() proxy.Table { return s.table.Load() }, Legacy: origin.origin(), Serverless: proxy.Serverless{Handler: answering()},
		RevealArm: true, Now: func() time.Time { return *s.now.Load() },
	})
	s.viewer = edge.dial(t)
	return s
}

// arm asks for something and returns the arm that answered.
func (s *sale) arm(target string, fields ...string) string {
	s.t.Helper()
	return s.ask(s.t, request("GET "+target, fields...)).Header.Get("X-Banyan-Arm")
}

func TestEdge_ShareIsStickyOnBothArmsAndOnlyMovesForward(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		s := startSale(t, e)
		const visitors = 400
		before := map[string]string{}
		serverless := 0
		for i := range visitors {
			cookie := fmt.Sprintf("Cookie: a=b; banyan_visitor=v%d", i)
			arm := s.arm("/shop/reels/half", cookie)
			require.Equal(t, arm, s.arm("/shop/reels/half", cookie), "sticky")
			require.Equal(t, "legacy", s.arm("/shop/reels/drained", cookie), "0 drains at once")
			if before[cookie] = arm; arm == "serverless" {
				serverless++
			}
		}
		require.InDelta(t, visitors/2, serverless, visitors/8)
		s.table.Store(saleTable(t, "half: {arm: serverless, share: 80%}"))
		for cookie, arm := range before {
			if arm == "serverless" {
				require.Equal(t, arm, s.arm("/shop/reels/half", cookie), "nobody moves back")
			}
		}
		s.table.Store(saleTable(t, "half: {arm: serverless, share: 0%}"))
		for cookie := range before {
			require.Equal(t, "legacy", s.arm("/shop/reels/half", cookie), "0 drains at once")
		}
	})
}

func TestEdge_FirstRequestAndSecondAgree(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		s := startSale(t, e)
		for i := range 50 {
			agent := fmt.Sprintf("User-Agent: browser/%d", i)
			first := s.ask(t, request("GET /shop/reels/half", agent))
			cookies := first.Cookies()
			require.Len(t, cookies, 1)
			require.Equal(t, first.Header.Get("X-Banyan-Arm"), s.arm("/shop/reels/half", agent, "Cookie: banyan_visitor="+cookies[0].Value))
		}
	})
}

func TestEdge_ScheduleIsKeptToTheSecond(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		s := startSale(t, e)
		for at, arm := range map[string]string{
			"2026-11-27T07:59:59Z": "legacy", "2026-11-27T08:00:00Z": "serverless", "2026-11-27T19:59:59Z": "serverless", "2026-11-27T20:00:00Z": "legacy",
		} {
			now, err := time.Parse(time.RFC3339, at)
			require.NoError(t, err)
			s.now.Store(&now)
			require.Equal(t, arm, s.arm("/shop/reels/timed"), at)
		}
	})
}

func TestEdge_AmbiguousPathsAreLegacysUntouched(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		s := startSale(t, e)
		require.Equal(t, "serverless", s.arm("/checkout"))
		require.Equal(t, "serverless", s.arm("/check%6Fut?a=%2f"))
		for _, target := range []string{
			"/checkout%2fpay", "/checkout%2Fpay", "/checkout%5cpay", "/checkout\\pay", "/checkout/../admin", "/checkout/./a", "/checkout/%2e%2e/admin",
			"/checkout//a", "//checkout", "/checkout%00", "/checkout/caf\xc3\xa9", "/checkout/%2E", "/checkout;a=b/../x",
		} {
			a := s.ask(t, request("GET "+target))
			require.Equal(t, "legacy", a.Header.Get("X-Banyan-Arm"), target)
			require.Equal(t, "GET "+target, a.body, "untouched")
		}
	})
}
