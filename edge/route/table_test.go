package route

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTable_GivesWhatItWasMadeOf(t *testing.T) {
	table := tableOf(t, shopConfig, shopProducts)
	require.Equal(t, uint64(7), table.Epoch())
	require.Equal(t, uint64(8), table.WithEpoch(8).Epoch())
	require.Equal(t, uint64(8), table.WithEpoch(8).Decide(Request{Path: "/"}).Epoch)
	require.Equal(t, "https://shop.example.com", table.Config().Storefront)
	products := table.Products()
	require.Len(t, products, 6)
	require.Equal(t, "drained-reel", products[0].Slug)
	products[0].Slug = "changed"
	require.Equal(t, "drained-reel", table.Products()[0].Slug, "the table never changes")
	creel, ok := table.Product("vintage-creel-1962")
	require.True(t, ok)
	require.Equal(t, 1, *creel.Stock)
	_, ok = table.Product("unknown")
	require.False(t, ok)
}

func TestProduct_JSONReadsBack(t *testing.T) {
	for _, p := range tableOf(t, shopConfig, shopProducts).Products() {
		text, err := json.Marshal(p)
		require.NoError(t, err)
		var again Product
		require.NoError(t, json.Unmarshal(text, &again))
		again.Line = p.Line
		require.Equal(t, p, again)
	}
}

func TestDiff_SaysWhatChanged(t *testing.T) {
	old := tableOf(t, shopConfig, shopProducts)
	require.Empty(t, Diff(old, old))
	changed := tableOf(t, `
mode: all-legacy
storefront: https://shop.example.com
origins: {legacy: {url: http://127.0.0.1:9001, host: origin}}
trusted_hops: [10.0.0.0/8]
products:
  paths: ["/shop/{category}/{product}", "/shop/{category}/{product}/*"]
routes:
  - {name: pictures, path: "*.svg", to: legacy}
  - {name: checkout, path: /checkout/*, methods: [POST], to: serverless}
  - {name: newsletter, path: /shop/rods/newsletter, methods: [POST, PUT], to: serverless}
  - {name: orders, path: /orders/*, to: serverless, fall_back_on: [404, 500]}
`, `
tourney-casting-rod: {arm: serverless, share: 12.5%}
newsletter: serverless
reel: legacy
vintage-creel-1962: {arm: legacy, stock: 2}
trial-reel: {arm: serverless, share: 25%}
drained-reel: {arm: serverless, share: 0%}
`)
	var words []string
	for _, d := range Diff(old, changed) {
		words = append(words, d.String())
	}
	require.Equal(t, []string{
		"mode: none → all-legacy",
		"origin legacy: http://127.0.0.1:9000 preserve → http://127.0.0.1:9001 origin",
		"trusted hops: none → 10.0.0.0/8",
		"route checkout: /checkout* to serverless fall back on [404] → POST /checkout/* to serverless",
		"route orders: none → /orders/* to serverless fall back on [404 500]",
		"order of routes: newsletter, checkout, pictures → pictures, checkout, newsletter",
		"muskie-casting-rod: serverless → none",
		"reel: none → legacy",
		"tourney-casting-rod: legacy → serverless 12.5%",
		"vintage-creel-1962: serverless from 2026-11-27T08:00:00Z until 2026-11-27T20:00:00Z stock 1 → legacy stock 2",
	}, words)
	require.Len(t, Diff(nil, old), 5+3+6)
	require.Len(t, Diff(old, nil), 5+3+6)
}

func TestShare_ReadsBack(t *testing.T) {
	for s := range Everyone + 1 {
		again, err := ParseShare(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again)
	}
	for _, text := range []string{"", "%", "25", "101%", "100.01%", "1.234%", "-1%", ".5%", "5.%", "1e2%", "٣%"} {
		_, err := ParseShare(text)
		require.ErrorIs(t, err, ErrShare, text)
	}
}

func TestReadConfig_ReadsTheDesignsExample(t *testing.T) {
	cfg, findings := ReadConfig("banyan.yaml", []byte(`
storefront: https://shop.example.com
origins:
  legacy:     {url: http://127.0.0.1:9000, host: preserve}
  serverless: {url: local}
products:
  file: products.yaml
  paths: ["/shop/{category}/{product}", "/shop/{category}/{product}/*"]
routes:
  - {name: checkout, path: /checkout*, to: serverless}
  - {name: orders,   path: "/orders/*", to: serverless}
  - {name: loyalty,  path: /loyalty/points, methods: [POST], to: queue, wait: 3s}
trusted_hops: [10.0.0.7, 2001:db8::/32, "::ffff:192.0.2.1"]
legacy:
  database: sqlite:legacy.db
  write:
    - sql: INSERT INTO orders (number) VALUES (:id) RETURNING id
      as: row
intake:
  store: local
`))
	require.NoError(t, findings.Err())
	require.Equal(t, "127.0.0.1:9000", cfg.Origins.Legacy.Address().Host)
	require.True(t, cfg.Origins.Serverless.IsLocal())
	require.Nil(t, cfg.Origins.Serverless.Address())
	require.Equal(t, HostOrigin, cfg.Origins.Serverless.Host)
	require.Equal(t, "shop.example.com", cfg.StorefrontURL().Host)
	require.Equal(t, ToQueue, cfg.Routes[2].To)
	require.Equal(t, 12, cfg.Routes[2].Line)
	require.Len(t, cfg.TrustedPrefixes(), 3)
	require.Equal(t, "192.0.2.1/32", cfg.TrustedPrefixes()[2].String())
	require.NotNil(t, cfg.Legacy)
	require.Equal(t, 15, cfg.Legacy.GetToken().Position.Line)
	require.NotNil(t, cfg.Intake)

	table, findings := Compile(cfg, nil, 1)
	require.Empty(t, findings)
	d := table.Decide(Request{Method: "POST", Path: "/loyalty/points"})
	require.Equal(t, Decision{Arm: Legacy, Reason: RouteMatched, Rule: "loyalty", Epoch: 1, Capture: true, Wait: 3 * time.Second}, d)
}

func TestReadConfig_EmptyFileIsAllLegacysDefaults(t *testing.T) {
	for _, src := range []string{"", "# nothing yet\n", "---\n"} {
		cfg, findings := ReadConfig("banyan.yaml", []byte(src))
		require.Empty(t, findings)
		require.Equal(t, "products.yaml", cfg.Products.File)
		table, findings := Compile(cfg, nil, 1)
		require.Empty(t, findings)
		require.Equal(t, NoRule, table.Decide(Request{Path: "/"}).Reason)
	}
}
