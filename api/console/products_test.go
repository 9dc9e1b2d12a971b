package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/edge/route"
)

// catalogue is a shop with n products, every tenth of them on serverless.
func catalogue(n int) *canned {
	c := &canned{}
	c.table = console.Table{Epoch: 1, Products: make([]console.Product, n)}
	for i := range c.table.Products {
		c.table.Products[i] = console.Product{Slug: fmt.Sprintf("product-%06d", i), Share: route.Everyone}
		if i%10 == 0 {
			c.table.Products[i].Arm = route.Serverless
		}
	}
	return c
}

func TestProducts_ShowWhoAnswersNow(t *testing.T) {
	doc := open(t, saleDay().options()).page("/products")
	for slug, want := range map[string][3]string{
		"bamboo-fly-rod-1948": {"Legacy", "All shoppers", "Flip to serverless"},
		"brass-spinner-set":   {"Serverless 25%", "25% of shoppers; the others get legacy", "Flip to legacy"},
		"loch-leven-reel": {"Legacy", "Until 28 Nov 2026, 09:30 UTC, then serverless until 28 Nov 2026, 21:30 UTC",
			"Cancel the schedule"},
		"muskie-casting-rod":  {"Legacy", "All shoppers", "Flip to serverless"},
		"tourney-casting-rod": {"Serverless", "All shoppers", "Flip to legacy"},
		"vintage-creel-1962":  {"Legacy", "All shoppers; the serverless time ended 27 Nov 2026, 08:30 UTC", "Flip to serverless"},
	} {
		row := doc.Find("tr:has(a[href='/products/" + slug + "'])")
		require.Equal(t, want, [3]string{text(row.Find(".arm")), text(row.Find(".whom")), text(row.Find("button"))}, slug)
	}
	require.Equal(t, "4 of 6 products are flipped to serverless. Shoppers see the same pages either way.", text(doc.Find(".lead")))
}

func TestProducts_AllLegacyOverrulesThemAndSaysSo(t *testing.T) {
	c := saleDay()
	c.table.AllLegacy = true
	doc := open(t, c.options()).page("/products")
	require.Contains(t, text(doc.Find(".banner.loud")), "Everything goes to legacy")
	require.Zero(t, doc.Find(".arm[data-arm=serverless]").Length())
	require.Equal(t, "All shoppers, because everything is; set to serverless for 25%",
		text(doc.Find("tr:has(a[href='/products/brass-spinner-set']) .whom")))
}

func TestProducts_AreFoundBySlugAndArm(t *testing.T) {
	b := open(t, saleDay().options())
	for query, slugs := range map[string][]string{
		"?q=ROD":                {"bamboo-fly-rod-1948", "muskie-casting-rod", "tourney-casting-rod"},
		"?q=rod&arm=serverless": {"tourney-casting-rod"},
		"?arm=legacy":           {"bamboo-fly-rod-1948", "muskie-casting-rod"},
		"?arm=nonsense&q=creel": {"vintage-creel-1962"},
		"?q=nothing":            {},
	} {
		var v struct{ Products []struct{ Slug string } }
		b.json("/products"+query, &v)
		got := []string{}
		for _, p := range v.Products {
			got = append(got, p.Slug)
		}
		require.Equal(t, slugs, got, query)
	}
	empty := b.page("/products?q=new-rod").Find(".empty")
	require.Contains(t, text(empty), "No product here matches “new-rod”")
	require.Equal(t, "/flip?product=new-rod", empty.Find("a").AttrOr("href", ""))
}

func TestProducts_JSONSaysSettingAndStanding(t *testing.T) {
	a := open(t, saleDay().options())
	var v struct {
		Table struct {
			Epoch int
			Mode  string
		}
		Total, Page, Pages int
		Products           []map[string]any
	}
	a.json("/products?q=creel", &v)
	require.Equal(t, 11, v.Table.Epoch)
	require.Equal(t, "normal", v.Table.Mode)
	require.Equal(t, []int{1, 1, 1}, []int{v.Total, v.Page, v.Pages})
	require.Equal(t, map[string]any{"slug": "vintage-creel-1962", "arm": "serverless", "share": "50%", "until": "2026-11-27T08:30:00Z",
		"standing": "over", "words": "All shoppers; the serverless time ended 27 Nov 2026, 08:30 UTC"}, v.Products[0])
}

func TestProducts_EmptyTableInvitesTheFirstFlip(t *testing.T) {
	doc := open(t, (&canned{}).options()).page("/products")
	require.Contains(t, text(doc.Find(".empty")), "none has been flipped yet")
	require.Equal(t, "/flip", doc.Find(".empty a").AttrOr("href", ""))
}

func TestProducts_AHundredThousandComePageByPage(t *testing.T) {
	b := open(t, catalogue(100_000).options())
	doc := b.page("/products?page=2")
	require.Equal(t, 50, doc.Find("tbody tr").Length())
	require.Equal(t, "product-000050", text(doc.Find("tbody th").First()))
	require.Equal(t, "Page 2 of 2,000 · 100,000 products", text(doc.Find(".pager span")))
	require.Equal(t, "/products", doc.Find("a[rel=prev]").AttrOr("href", ""))
	require.Equal(t, "/products?page=3", doc.Find("a[rel=next]").AttrOr("href", ""))

	last := b.page("/products?page=999999&arm=serverless")
	require.Equal(t, "product-099990", text(last.Find("tbody th").Last()))
	require.Zero(t, last.Find("a[rel=next]").Length())
	require.Equal(t, "/products?arm=serverless&page=199", last.Find("a[rel=prev]").AttrOr("href", ""))

	var v struct{ Products []struct{ Slug string } }
	b.json("/products?per=5000&page=-3", &v)
	require.Len(t, v.Products, 1000)
}

func TestProducts_AreSortedWhereTheTableIsNot(t *testing.T) {
	c := catalogue(3)
	p := c.table.Products
	p[0], p[2] = p[2], p[0]
	doc := open(t, c.options()).page("/products")
	require.Equal(t, "product-000000", text(doc.Find("tbody th").First()))
	require.Equal(t, "product-000002", p[0].Slug, "the table itself is left alone")
}

func TestProduct_UnlistedIsExplained(t *testing.T) {
	b := open(t, saleDay().options())
	a := b.do(b.request(http.MethodGet, "/products/no-such-rod", ""))
	require.Equal(t, http.StatusNotFound, a.StatusCode)
	require.Contains(t, text(a.page(t).Find(".refusal")), "/flip?product=no-such-rod")
}

func TestProduct_SlugWithEscapesHasAPageOfItsOwn(t *testing.T) {
	c := saleDay()
	c.table.Products = []console.Product{{Slug: "caf%C3%A9-mug"}, {Slug: "a+b&c=d;e'f"}}
	b := open(t, c.options())
	for _, p := range c.table.Products {
		href, _ := b.page("/products").Find("tr:has(input[value=\"" + p.Slug + "\"]) th a").Attr("href")
		require.Equal(t, p.Slug, text(b.page(href).Find("h1")), href)
	}
}

func TestPages_EscapeWhateverAStrangerWrote(t *testing.T) {
	evil := `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	c := saleDay()
	c.table.Products = append(c.table.Products, console.Product{Slug: evil, Note: evil})
	c.table.Problems = []string{evil}
	c.entries[0].Why, c.entries[0].What, c.entries[0].Who, c.entries[0].Product = evil, evil, evil, evil
	c.ledger.Note, c.ledger.Breakers[0].Name = evil, evil
	o := &c.orders[0]
	o.Customer.Name, o.Customer.Address, o.Customer.Email, o.Lines[0].SKU, o.Cause, o.Key = evil, evil, evil, evil, evil, evil
	b := open(t, c.options())
	for _, path := range []string{"/", "/products", "/orders", "/orders/" + o.ID, "/history",
		"/products?q=%3Cscript%3Ealert(1)%3C/script%3E", "/orders?id=%3Cscript%3E"} {
		doc := b.do(b.request(http.MethodGet, path, "")).page(t)
		require.Equal(t, 1, doc.Find("script").Length(), path)
		require.Zero(t, doc.Find("[onerror], img[src=x]").Length(), path)
	}
}

func BenchmarkProducts_PageOf100000(b *testing.B) {
	handler := console.New(catalogue(100_000).options())
	for _, query := range []string{"", "?page=1000", "?q=0999"} {
		b.Run("query="+query, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/products"+query, nil)
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
