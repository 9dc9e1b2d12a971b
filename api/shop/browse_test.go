package shop_test

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/shop"
)

// TestSite_EveryLinkOnEveryPageResolves walks the whole shop, with an empty cart
// and with a full one, and looks at each page as it goes.
func TestSite_EveryLinkOnEveryPageResolves(t *testing.T) {
	for name, cart := range map[string]string{"empty cart": "", "full cart": "m.muskie-casting-rod~2.vintage-creel-1962~1.guide-school-vest-m~1"} {
		t.Run(name, func(t *testing.T) {
			b := visit(t, open(t))
			if cart != "" {
				b.cookies["riverbend_cart"] = cart
			}
			seen, queue := map[string]bool{"/": true}, []string{"/"}
			for len(queue) > 0 {
				path := queue[0]
				queue = queue[1:]
				for _, link := range look(t, b, path) {
					if !seen[link] {
						seen[link] = true
						queue = append(queue, link)
					}
				}
			}
			for _, p := range shop.Sample().Products() {
				require.True(t, seen[p.Path()], "nothing links to %s", p.Path())
			}
		})
	}
}

// look opens a page or file and returns what it links to.
func look(t *testing.T, b *browser, path string) (links []string) {
	res := b.send(request{path: path})
	require.Equal(t, http.StatusOK, res.StatusCode, path)
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		require.Contains(t, res.Header.Get("Cache-Control"), "immutable", path)
		return nil
	}
	doc := page(t, res)
	lint(t, path, doc)
	doc.Find("[href], [src], form[action]").Each(func(_ int, s *goquery.Selection) {
		link := s.AttrOr("href", s.AttrOr("src", s.AttrOr("action", "")))
		u, err := url.Parse(link)
		require.NoError(t, err)
		require.Empty(t, u.Host, "%s links to another host: %s", path, link)
		switch {
		case u.Path == "":
			require.Equal(t, 1, doc.Find("[id='"+u.Fragment+"']").Length(), "%s: nothing has the id of %s", path, link)
		case s.AttrOr("method", "get") == "post":
		default:
			require.True(t, strings.HasPrefix(u.Path, "/"), "%s: %s", path, link)
			links = append(links, u.Path)
		}
	})
	return links
}

// lint holds what every page must be: one heading, names for everything, and
// nothing that the content policy would refuse.
func lint(t *testing.T, path string, doc *goquery.Document) {
	require.Equal(t, 1, doc.Find("h1").Length(), path)
	require.NotEmpty(t, doc.Find("title").Text(), path)
	require.Equal(t, "en", doc.Find("html").AttrOr("lang", ""), path)
	require.Zero(t, doc.Find("[style], style, [onclick], [onload], script:not([src])").Length(), "%s has something inline", path)
	require.Zero(t, doc.Find("img:not([alt])").Length(), path)
	ids := map[string]bool{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		id := s.AttrOr("id", "")
		require.False(t, ids[id], "%s has two of #%s", path, id)
		ids[id] = true
	})
	doc.Find("input:not([type=hidden]), textarea").Each(func(_ int, s *goquery.Selection) {
		id, inLabel := s.AttrOr("id", "-"), s.ParentsFiltered("label").Length() > 0
		require.True(t, inLabel || doc.Find("label[for='"+id+"']").Length() == 1, "%s: a field has no label", path)
	})
	doc.Find("[aria-describedby]").Each(func(_ int, s *goquery.Selection) {
		for _, id := range strings.Fields(s.AttrOr("aria-describedby", "")) {
			require.True(t, ids[id], "%s: nothing has the id %s", path, id)
		}
	})
}

func TestProduct_EveryOneHasItsOwnPicture(t *testing.T) {
	h := open(t)
	pictures := map[string]string{}
	for _, p := range shop.Sample().Products() {
		doc := page(t, get(t, h, p.Path()))
		require.Equal(t, p.Name, doc.Find("h1").Text())
		require.Contains(t, doc.Find(".product .price").Text(), p.Price.String())
		src := doc.Find(".product > .picture img").AttrOr("src", "")
		res := get(t, h, src)
		require.Equal(t, http.StatusOK, res.StatusCode, src)
		require.Equal(t, "image/svg+xml", res.Header.Get("Content-Type"))
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, xml.Unmarshal(body, new(struct {
			XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
		})))
		require.Empty(t, pictures[string(body)], "%s looks like another", p.Slug)
		pictures[string(body)] = p.Slug
	}
}

func TestProduct_OnAnotherShelfIsNowhere(t *testing.T) {
	h := open(t)
	for _, path := range []string{"/shop/reels/muskie-casting-rod", "/shop/rods/none", "/shop/none", "/shop/none/muskie-casting-rod",
		"/shop/rods/muskie-casting-rod/", "//shop", "/shop/../shop", "/shop/rods/MUSKIE-CASTING-ROD", "/assets/none.css", "/assets/..%2fshop.go", "/orders/none", "/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV"} {
		require.Equal(t, http.StatusNotFound, get(t, h, path).StatusCode, path)
	}
}

func TestProduct_SoldOutSaysSoAndCannotBeAdded(t *testing.T) {
	h := shop.New(shop.Options{Orders: orders{left: func(context.Context, string) (int, error) { return 0, nil }}})
	for _, path := range []string{"/shop/tackle/vintage-creel-1962", "/shop/apparel/guide-school-vest"} {
		doc := page(t, get(t, h, path))
		require.Contains(t, doc.Find(".notice").Text(), "Sold")
		require.Zero(t, doc.Find("form.buy").Length())
		require.Equal(t, true, decode(t, get(t, h, path, "Accept", "application/json"))["sold_out"])
	}
	res := postForm(t, h, "/cart", "sku=vintage-creel-1962")
	require.Equal(t, http.StatusConflict, res.StatusCode)
	require.Empty(t, res.Cookies())
	require.Contains(t, page(t, res).Find("main").Text(), "Vintage Creel, 1962 is sold out")
	require.NotZero(t, page(t, get(t, h, "/shop/tackle")).Find(".card.gone .badge.sold").Length())
}

func TestProduct_ASoldOutSizeCannotBeChosen(t *testing.T) {
	h := shop.New(shop.Options{Orders: orders{left: func(_ context.Context, sku string) (int, error) {
		if sku == "guide-school-vest-s" {
			return 0, nil
		}
		return 3, nil
	}}})
	doc := page(t, get(t, h, "/shop/apparel/guide-school-vest"))
	require.Equal(t, 1, doc.Find("input[name=sku][disabled]").Length())
	require.Equal(t, "guide-school-vest-m", doc.Find("input[name=sku][checked]").AttrOr("value", ""))
}

func TestProduct_IsShownWhileTheDatabaseIsAway(t *testing.T) {
	h := shop.New(shop.Options{Orders: orders{left: func(context.Context, string) (int, error) { return 0, errors.New("away") }}})
	for _, path := range []string{"/", "/shop/rods", "/shop/tackle/vintage-creel-1962"} {
		doc := page(t, get(t, h, path))
		require.Zero(t, doc.Find(".badge.sold").Length(), path)
	}
	require.Equal(t, 1, page(t, get(t, h, "/shop/tackle/vintage-creel-1962")).Find("form.buy").Length())
}

func TestProduct_DoesNotWaitLongForASlowDatabase(t *testing.T) {
	h := shop.New(shop.Options{Orders: orders{left: func(ctx context.Context, _ string) (int, error) {
		<-ctx.Done() // ends only because the page gives up on it
		return 0, ctx.Err()
	}}})
	require.Equal(t, 1, page(t, get(t, h, "/shop/tackle/vintage-creel-1962")).Find("form.buy").Length())
}

func TestSearch_FindsEveryWordAnywhere(t *testing.T) {
	h := open(t)
	for query, want := range map[string]string{"vintage creel": "Vintage Creel, 1962", "COPPER": "Hammered Copper Spoons", "brook rod waxed": "", "split willow ruler": "Vintage Creel, 1962"} {
		doc := page(t, get(t, h, "/search?q="+url.QueryEscape(query)))
		require.Equal(t, query, doc.Find("input[name=q]").AttrOr("value", ""))
		if want == "" {
			require.Zero(t, doc.Find(".card").Length(), query)
			continue
		}
		require.Contains(t, doc.Find(".card h3").Text(), want)
	}
	require.Zero(t, page(t, get(t, h, "/search")).Find(".card").Length())
	require.Less(t, len(page(t, get(t, h, "/search?q="+strings.Repeat("釣", 5000))).Find("h1").Text()), 200)
}

func TestSearch_WordsOfAShopperAreNeverMarkup(t *testing.T) {
	h := open(t)
	nasty := `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	doc := page(t, get(t, h, "/search?q="+url.QueryEscape(nasty)))
	lint(t, "/search", doc)
	require.Zero(t, doc.Find("script, img[onerror]").Length())
	require.Contains(t, doc.Find("h1").Text(), nasty)
}

func TestPages_AreJSONForWhoeverPrefersIt(t *testing.T) {
	h := open(t)
	for path, key := range map[string]string{"/": "categories", "/shop": "products", "/shop/rods": "products", "/shop/rods/muskie-casting-rod": "price",
		"/search?q=rod": "products", "/cart": "total", "/checkout": "total", "/healthz": "status"} {
		res := get(t, h, path, "Accept", "application/json")
		require.Equal(t, http.StatusOK, res.StatusCode, path)
		require.Equal(t, "application/json", res.Header.Get("Content-Type"))
		require.Contains(t, res.Header.Get("Vary"), "Accept", path)
		require.Contains(t, decode(t, res), key, path)
	}
	muskie := decode(t, get(t, h, "/shop/rods/muskie-casting-rod", "Accept", "application/json"))
	require.Equal(t, map[string]any{"amount": 18900.0, "currency": "USD"}, muskie["price"])
	require.Equal(t, "/problem+json", strings.TrimPrefix(get(t, h, "/none", "Accept", "application/json").Header.Get("Content-Type"), "application"))
}

func TestPages_AnswerHEADAsGETWithoutBody(t *testing.T) {
	h := open(t)
	paths := []string{"/", "/shop", "/shop/rods/muskie-casting-rod", "/cart", "/checkout", "/healthz", "/none"}
	for _, path := range paths {
		full, head := get(t, h, path), request{method: http.MethodHead, path: path}.to(t, h)
		body, _ := io.ReadAll(head.Body)
		require.Empty(t, body, path)
		require.Equal(t, full.StatusCode, head.StatusCode, path)
		require.Equal(t, full.Header.Get("Content-Length"), head.Header.Get("Content-Length"), path)
	}
}

func TestPages_AreCachedOnlyWhileTheyAreNobodys(t *testing.T) {
	h := open(t)
	for _, path := range []string{"/", "/shop/rods", "/shop/rods/muskie-casting-rod", "/search?q=x"} {
		anyone := get(t, h, path)
		require.Contains(t, anyone.Header.Get("Cache-Control"), "public, max-age=", path)
		require.Empty(t, anyone.Cookies(), path)
		require.Equal(t, "Accept, Cookie", anyone.Header.Get("Vary"))
		for _, cookie := range []string{"riverbend_cart=m.muskie-casting-rod~1", "riverbend_session=x"} {
			require.Equal(t, "private, no-cache", get(t, h, path, "Cookie", cookie).Header.Get("Cache-Control"), path)
		}
	}
	for _, path := range []string{"/cart", "/checkout", "/healthz", "/none"} {
		require.Equal(t, "no-store", get(t, h, path).Header.Get("Cache-Control"), path)
	}
	stale := get(t, h, "/assets/shop-000000000000.css")
	require.Equal(t, http.StatusOK, stale.StatusCode)
	require.Equal(t, "public, max-age=60", stale.Header.Get("Cache-Control"))
}

func TestCatalogue_IsAsItIsKnownElsewhere(t *testing.T) {
	c := shop.Sample()
	require.GreaterOrEqual(t, len(c.Products()), 42)
	require.Len(t, c.Categories(), 5)
	price, known := c.Price("muskie-casting-rod")
	require.True(t, known)
	require.Equal(t, "$189.00", price.String())
	stock := map[string]int{}
	for _, s := range c.Stocks() {
		stock[s.SKU] = s.OnHand
	}
	require.Equal(t, 100_000, stock["muskie-casting-rod"])
	require.Equal(t, 100_000, stock["tourney-casting-rod"])
	require.Equal(t, 1, stock["vintage-creel-1962"])
	ones := slices.DeleteFunc(slices.Clone(c.Products()), func(p shop.Product) bool { return !p.OneOfOne })
	require.Greater(t, len(ones), len(c.Products())/2)
	_, known = c.Price("guide-school-vest")
	require.False(t, known, "only its sizes can be bought")
}

func TestCatalogue_RefusesWhatIsTakenOrMalformed(t *testing.T) {
	shelves := []shop.Category{{Slug: "rods"}}
	for name, products := range map[string][]shop.Product{
		"no such shelf": {{Slug: "a", Category: "none"}},
		"slug twice":    {{Slug: "a", Category: "rods"}, {Slug: "a", Category: "rods"}},
		"malformed":     {{Slug: "A b", Category: "rods"}},
		"SKU twice":     {{Slug: "a", Category: "rods"}, {Slug: "b", Category: "rods", Variants: []shop.Variant{{SKU: "a"}}}},
	} {
		_, err := shop.NewCatalogue(shelves, products)
		require.Error(t, err, name)
	}
}
