package route

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const shopConfig = `
storefront: https://shop.example.com
origins:
  legacy: {url: http://127.0.0.1:9000}
products:
  paths: ["/shop/{category}/{product}", "/shop/{category}/{product}/*"]
routes:
  - {name: newsletter, path: /shop/rods/newsletter, methods: [POST, PUT], to: serverless}
  - {name: checkout, path: /checkout*, to: serverless, fall_back_on: [404]}
  - {name: pictures, path: "*.svg", to: legacy}
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
`

var (
	opening = time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	closing = time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC)
)

type fataler interface {
	require.TestingT
	Helper()
}

func tableOf(t fataler, config, products string) *Table {
	t.Helper()
	cfg, findings := ReadConfig("banyan.yaml", []byte(config))
	require.NoError(t, findings.Err())
	list, findings := ReadProducts("products.yaml", []byte(products))
	require.NoError(t, findings.Err())
	table, findings := Compile(cfg, list, 7)
	require.NoError(t, findings.Err())
	return table
}

func TestDecide_TakesTheStepsInOrder(t *testing.T) {
	table := tableOf(t, shopConfig, shopProducts)
	for _, c := range []struct {
		method, path string
		want         Decision
	}{
		{"GET", "/", Decision{}},
		{"GET", "/checkout", Decision{Arm: Serverless, Reason: RouteMatched, Rule: "checkout", FallBackOn: []int{404}}},
		{"POST", "/checkout/pay", Decision{Arm: Serverless, Reason: RouteMatched, Rule: "checkout", FallBackOn: []int{404}}},
		{"GET", "/check%6Fut", Decision{Arm: Serverless, Reason: RouteMatched, Rule: "checkout", FallBackOn: []int{404}}},
		{"GET", "/checkout/../admin", Decision{Reason: AmbiguousPath}},
		{"GET", "/checkout%2fpay", Decision{Reason: AmbiguousPath}},
		{"OPTIONS", "*", Decision{Reason: AmbiguousPath}},
		{"GET", "/shop/rods/muskie-casting-rod", Decision{Arm: Serverless, Reason: ProductArm, Rule: "muskie-casting-rod", Product: "muskie-casting-rod"}},
		{"GET", "/shop/rods/muskie%2Dcasting-rod/reviews", Decision{Arm: Serverless, Reason: ProductArm, Rule: "muskie-casting-rod", Product: "muskie-casting-rod"}},
		{"GET", "/shop/rods/muskie-casting-rod/front.svg", Decision{Reason: RouteMatched, Rule: "pictures"}},
		{"GET", "/shop/rods/tourney-casting-rod", Decision{Reason: ProductArm, Rule: "tourney-casting-rod", Product: "tourney-casting-rod"}},
		{"GET", "/shop/rods/unknown-rod", Decision{}},
		{"POST", "/shop/rods/newsletter", Decision{Arm: Serverless, Reason: RouteMatched, Rule: "newsletter"}},
		{"GET", "/shop/rods/newsletter", Decision{Arm: Serverless, Reason: ProductArm, Rule: "newsletter", Product: "newsletter"}},
		{"GET", "/shop/rods/drained-reel", Decision{Reason: OutsideShare, Rule: "drained-reel", Product: "drained-reel", Visitor: "v"}},
	} {
		c.want.Epoch = 7
		got := table.Decide(Request{Method: c.method, Path: c.path, Visitor: "v", Now: opening})
		require.Equal(t, c.want, got, "%s %s", c.method, c.path)
	}
}

func TestDecide_AllLegacyWinsOverEverything(t *testing.T) {
	table := tableOf(t, "mode: all-legacy\n"+shopConfig, shopProducts)
	for _, path := range []string{"/checkout", "/shop/rods/muskie-casting-rod", "/a/../b", ""} {
		require.Equal(t, Decision{Reason: AllLegacy, Epoch: 7}, table.Decide(Request{Path: path}))
	}
}

func TestDecide_ScheduleIsKeptToTheSecond(t *testing.T) {
	table := tableOf(t, shopConfig, shopProducts)
	for _, c := range []struct {
		now time.Time
		arm Arm
	}{
		{opening.Add(-time.Nanosecond), Legacy}, {opening, Serverless}, {opening.In(time.FixedZone("NY", -5*3600)), Serverless},
		{closing.Add(-time.Nanosecond), Serverless}, {closing, Legacy}, {time.Time{}, Legacy},
	} {
		d := table.Decide(Request{Path: "/shop/creels/vintage-creel-1962", Now: c.now})
		require.Equal(t, c.arm, d.Arm, c.now)
		if c.arm == Legacy {
			require.Equal(t, OutsideSchedule, d.Reason)
		}
	}
}

func TestDecide_AllocatesNothing(t *testing.T) {
	table := tableOf(t, shopConfig, shopProducts)
	for _, path := range []string{"/", "/checkout", "/shop/rods/muskie-casting-rod", "/shop/reels/trial-reel", "/a/../b"} {
		r := Request{Method: "GET", Path: path, Visitor: DeriveVisitor("192.0.2.1", "curl")}
		require.Zero(t, testing.AllocsPerRun(100, func() { table.Decide(r) }), path)
	}
}

func TestDecide_DerivedVisitorAgreesWithTheCookieItBecomes(t *testing.T) {
	table := tableOf(t, shopConfig, shopProducts)
	rapid.Check(t, func(t *rapid.T) {
		r := Request{Path: "/shop/reels/trial-reel", Address: rapid.String().Draw(t, "address"), UserAgent: rapid.String().Draw(t, "agent"),
			Visitor: rapid.SampledFrom([]string{"", "a b", "a;b", "a\nb", "é", string(make([]byte, 65))}).Draw(t, "no cookie")}
		first := table.Decide(r)
		require.True(t, first.NewVisitor)
		require.Len(t, first.Visitor, 32)
		r.Visitor = first.Visitor
		second := table.Decide(r)
		require.False(t, second.NewVisitor)
		second.NewVisitor = true
		require.Equal(t, first, second)
	})
}

// trialAt is a table with one product at a share.
func trialAt(t fataler, share Share) *Table {
	t.Helper()
	cfg, findings := ReadConfig("banyan.yaml", []byte(shopConfig))
	require.NoError(t, findings.Err())
	table, findings := Compile(cfg, []Product{{Slug: "trial-reel", Arm: Serverless, Share: share}}, 1)
	require.NoError(t, findings.Err())
	return table
}

func TestShare_RaisingItOnlyMovesShoppersForward(t *testing.T) {
	tables := make(map[Share]*Table)
	rapid.Check(t, func(t *rapid.T) {
		low := Share(rapid.IntRange(0, 10_000).Draw(t, "low"))
		high := Share(rapid.IntRange(int(low), 10_000).Draw(t, "high"))
		r := Request{Path: "/shop/reels/trial-reel", Visitor: rapid.StringMatching(`[a-z0-9]{1,32}`).Draw(t, "visitor")}
		for _, s := range []Share{low, high} {
			if tables[s] == nil {
				tables[s] = trialAt(t, s)
			}
		}
		before, after := tables[low].Decide(r), tables[high].Decide(r)
		require.Equal(t, before, tables[low].Decide(r), "sticky")
		require.GreaterOrEqual(t, after.Arm, before.Arm, "nobody moves back")
	})
}

func TestShare_IsKeptOver100000Visitors(t *testing.T) {
	for _, share := range []Share{0, 100, 2500, 5000, 9900, 10_000} {
		table, serverless := trialAt(t, share), 0
		for i := range 100_000 {
			d := table.Decide(Request{Path: "/shop/reels/trial-reel", Visitor: fmt.Sprintf("visitor-%d", i)})
			serverless += int(d.Arm)
		}
		require.InDelta(t, float64(share)/100, float64(serverless)/1000, 0.5, "share %s", share)
	}
	require.Zero(t, int(trialAt(t, 0).Decide(Request{Path: "/shop/reels/trial-reel"}).Arm), "0 drains at once")
}

func TestBucket_IsTheOneOtherLanguagesCompute(t *testing.T) {
	// printf 'VISITOR\nPRODUCT' | sha256sum, the first 8 digits, mod 10,000
	for _, c := range []struct {
		visitor, product string
		bucket           int
	}{{"0123456789abcdef0123456789abcdef", "muskie-casting-rod", 6981}, {"ann", "trial-reel", 323}} {
		require.Equal(t, c.bucket, Bucket(c.visitor, c.product))
	}
	require.Equal(t, "b0766db3d77b5eec85e088d2fd33f447", DeriveVisitor("192.0.2.1", "curl/8.0"))
}

func TestExplain_SaysWhatDecideSays(t *testing.T) {
	table := tableOf(t, shopConfig, shopProducts)
	rapid.Check(t, func(t *rapid.T) {
		r := Request{
			Method: rapid.SampledFrom([]string{"GET", "POST"}).Draw(t, "method"),
			Path: rapid.SampledFrom([]string{"/", "/checkout", "/a//b", "/x.svg", "/shop/rods/newsletter", "/shop/rods/unknown", "/shop/reels/trial-reel",
				"/shop/reels/vintage-creel-1962/x", "/shop/rods/tourney-casting-rod"}).Draw(t, "path"),
			Address: "192.0.2.1", UserAgent: "curl", Now: opening.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "hour")) * time.Hour),
		}
		d, e := table.Decide(r), table.Explain(r)
		require.Equal(t, d, Decision{Arm: e.Arm, Rule: e.Rule, Reason: d.Reason, Epoch: e.Epoch, Product: e.Product, Visitor: e.Visitor, NewVisitor: d.NewVisitor, FallBackOn: d.FallBackOn})
		require.Equal(t, d.Reason.String(), e.Reason)
		last := e.Steps[len(e.Steps)-1]
		switch d.Reason {
		case NoRule:
			require.Equal(t, Step{"otherwise", "legacy"}, last)
		case AmbiguousPath:
			require.Contains(t, last.Said, "ambiguous")
		case RouteMatched:
			require.Equal(t, "route "+d.Rule, last.Asked)
		case OutsideSchedule:
			require.Contains(t, last.Said, "outside")
		case InsideShare, OutsideShare:
			require.Contains(t, last.Said, "bucket")
		}
	})
}
