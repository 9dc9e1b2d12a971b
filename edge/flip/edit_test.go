package flip

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/edge/route"
)

func TestSetProduct_ChangesOnlyTheProductsLines(t *testing.T) {
	from, until := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC), time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	plain := route.Product{Slug: "rod", Arm: route.Serverless, Share: route.Everyone}
	legacy := route.Product{Slug: "rod", Share: route.Everyone}
	trial := route.Product{Slug: "rod", Arm: route.Serverless, Share: 2500, From: from, Until: until}
	one := route.Product{Slug: "rod", Arm: route.Serverless, Share: 2500, Stock: pointer(1)}
	for _, c := range []struct {
		name    string
		product route.Product
		before  string
		after   string
	}{
		{"the arm on one line", plain, "a: legacy\nrod: legacy   # best\nb: legacy\n", "a: legacy\nrod: serverless   # best\nb: legacy\n"},
		{"no line break at the end", plain, "rod: legacy", "rod: serverless"},
		{"one line becomes several", trial, "rod: legacy # best\n# b\nb: legacy\n",
			"rod: # best\n  arm: serverless\n  share: 25%\n  from: 2026-11-27T08:00:00Z\n  until: 2026-11-28T00:00:00Z\n# b\nb: legacy\n"},
		{"one line becomes several at the end of the file", one, "rod: legacy", "rod:\n  arm: serverless\n  share: 25%\n  stock: 1\n"},
		{"values in place", trial, "rod:\n    # why\n    until: 2026-01-01T00:00:00Z  # evening\n    arm: legacy\n\nb: legacy\n",
			"rod:\n    # why\n    until: 2026-11-28T00:00:00Z  # evening\n    arm: serverless\n    share: 25%\n    from: 2026-11-27T08:00:00Z\n\nb: legacy\n"},
		{"values are taken away", legacy, "rod:\n  arm: serverless # arm\n  share: 25%\n  # kept\n  from: 2026-11-27T08:00:00Z\n", "rod:\n  arm: legacy # arm\n  # kept\n"},
		{"quoted", one, "'rod':\n  arm: \"legacy\"\n  share: \"25%\"\n  stock: 1\n", "'rod':\n  arm: serverless\n  share: \"25%\"\n  stock: 1\n"},
		{"a flow mapping is written out", one, "rod: {arm: legacy, stock: 1}  # one\nb: legacy\n", "rod:  # one\n  arm: serverless\n  share: 25%\n  stock: 1\nb: legacy\n"},
		{"an indented comment below", plain, "rod: legacy\n  # below\nb: legacy\n", "rod: serverless\n  # below\nb: legacy\n"},
		{"carriage returns", one, "rod: legacy\r\nb: legacy\r\n", "rod:\r\n  arm: serverless\r\n  share: 25%\r\n  stock: 1\r\nb: legacy\r\n"},
		{"new", plain, "# none yet\n", "# none yet\nrod: serverless\n"},
		{"new after a line without break", one, "a: legacy", "a: legacy\nrod:\n  arm: serverless\n  share: 25%\n  stock: 1\n"},
		{"new in an empty file", plain, "", "rod: serverless\n"},
		{"a longer slug is another product", plain, "rod-2: legacy\nrod: legacy\n", "rod-2: legacy\nrod: serverless\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := setProduct([]byte(c.before), c.product)
			require.Equal(t, c.after, string(got))
			products, findings := route.ReadProducts("products.yaml", got)
			require.NoError(t, findings.Err())
			for _, p := range products {
				if p.Slug == "rod" {
					require.True(t, same(p, c.product), "%+v", p)
				}
			}
		})
	}
}

func TestSetMode_SetAndDroppedLeavesTheFileAsItWas(t *testing.T) {
	for _, before := range []string{shopConfig, "", "---\nstorefront: https://shop.example.com\n", "routes: []\r\n"} {
		set := setMode([]byte(before), route.ModeAllLegacy)
		cfg, findings := route.ReadConfig("banyan.yaml", set)
		require.NoError(t, findings.Err(), string(set))
		require.Equal(t, route.ModeAllLegacy, cfg.Mode)
		require.Equal(t, string(set), string(setMode(set, route.ModeAllLegacy)))
		require.Equal(t, before, string(setMode(set, "")))
	}
}

// Whatever is flipped to whatever, the file says it and the rest stands.
func TestSetProduct_RandomFlipsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := shopProducts
		slugs := []string{"muskie-casting-rod", "tourney-casting-rod", "vintage-creel-1962", "new", "123", "null", "it's", "caf%C3%A9", "~x", "-x", "a:b"}
		for range rapid.IntRange(1, 8).Draw(t, "flips") {
			c := Change{Product: rapid.SampledFrom(slugs).Draw(t, "slug"), Arm: rapid.SampledFrom([]route.Arm{route.Legacy, route.Serverless}).Draw(t, "arm")}
			if c.Arm == route.Serverless && rapid.Bool().Draw(t, "trial") {
				c.Share = pointer(route.Share(rapid.IntRange(0, 10_000).Draw(t, "share")))
			}
			if c.Arm == route.Serverless && rapid.Bool().Draw(t, "timed") {
				c.From = pointer(noon.Add(time.Duration(rapid.IntRange(0, 1e6).Draw(t, "from")) * time.Second))
			}
			before := contentWith(src)
			old := find(before, c.Product)
			p, err := c.apply(old)
			require.NoError(t, err)
			next := contentWith(string(setProduct([]byte(src), p)))
			require.NoError(t, onlyChanged(before, next, p), "%s\n%s", src, next.products)
			src = string(next.products)
			for _, comment := range []string{"# the bestseller", "# one of one", "# from the estate sale", "# rods"} {
				require.Contains(t, src, comment)
			}
			require.True(t, strings.HasPrefix(src, "# products.yaml"))
		}
	})
}

func contentWith(products string) *content {
	cfg, _ := route.ReadConfig("banyan.yaml", []byte(shopConfig))
	return &content{cfg: cfg, products: []byte(products)}
}

func find(c *content, slug string) route.Product {
	products, _ := route.ReadProducts("products.yaml", c.products)
	for _, p := range products {
		if p.Slug == slug {
			return p
		}
	}
	return route.Product{}
}
