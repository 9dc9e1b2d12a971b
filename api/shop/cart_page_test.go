package shop_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCart_AddChangeRemove(t *testing.T) {
	b := visit(t, open(t))
	res := b.submit(b.open("/shop/rods/muskie-casting-rod"), "form.buy", map[string]string{"quantity": "2"})
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	require.Equal(t, "/cart", res.Header.Get("Location"))
	b.submit(b.open("/shop/apparel/guide-school-vest"), "form.buy", nil)
	doc := b.open("/cart")
	require.Equal(t, 2, doc.Find(".basketlines li").Length())
	require.Contains(t, doc.Find(".sum").Text(), "$440.00")
	require.Contains(t, doc.Find(".count").Text(), "3")
	require.Contains(t, doc.Find(".basketlines").Text(), "Guide School Vest, S")

	form := ".basketlines li:first-child form"
	require.Equal(t, http.StatusSeeOther, b.submit(doc, form, map[string]string{"quantity": "5"}).StatusCode)
	require.Contains(t, b.open("/cart").Find(".sum").Text(), "$1,007.00")
	b.submit(b.open("/cart"), form, map[string]string{"quantity": "0"})
	require.Equal(t, 1, b.open("/cart").Find(".basketlines li").Length())
	require.Equal(t, "/cart/remove", b.open("/cart").Find("button[formaction]").AttrOr("formaction", ""))
	b.send(request{http.MethodPost, "/cart/remove", "sku=guide-school-vest-s", []string{"Content-Type", "application/x-www-form-urlencoded"}})
	require.NotContains(t, b.cookies, "riverbend_cart")
	require.Contains(t, b.open("/cart").Find("main").Text(), "Nothing in it yet")
}

func TestCart_TheOnlyOneIsInItOnce(t *testing.T) {
	b := visit(t, open(t))
	for range 3 {
		b.submit(b.open("/shop/tackle/vintage-creel-1962"), "form.buy", nil)
	}
	require.Contains(t, b.open("/cart").Find(".sum").Text(), "$145.00")
}

func TestCart_SpeaksJSON(t *testing.T) {
	h := open(t)
	res := postJSON(t, h, "/cart", `{"sku":"muskie-casting-rod","quantity":2}`)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Len(t, res.Cookies(), 1)
	require.EqualValues(t, 2, decode(t, res)["count"])
}

func TestCart_RefusesWhatItCannotHold(t *testing.T) {
	h := open(t)
	for _, test := range []struct {
		path, body, kind string
		status           int
	}{
		{"/cart", "sku=none", typeForm, 422},
		{"/cart", "sku=guide-school-vest", typeForm, 422}, // a size is wanted
		{"/cart", "", typeForm, 422},
		{"/cart", "sku=muskie-casting-rod&quantity=-1", typeForm, 400},
		{"/cart", "sku=muskie-casting-rod&quantity=9999999999999999999", typeForm, 400},
		{"/cart", "sku=muskie-casting-rod&quantity=1001", typeForm, 400},
		{"/cart", "sku=muskie-casting-rod&quantity=two", typeForm, 400},
		{"/cart", "sku=leader-wallet&quantity=11", typeForm, 409},
		{"/cart/update", "sku=muskie-casting-rod", typeForm, 400},
		{"/cart", "sku=%zz", typeForm, 400},
		{"/cart", "{", "application/json", 400},
		{"/cart", `{"sku":"muskie-casting-rod","quantity":1.5}`, "application/json", 400},
		{"/cart", "sku=muskie-casting-rod", "text/plain", 415},
		{"/cart", "sku=" + strings.Repeat("x", 9000), typeForm, 413},
	} {
		res := request{http.MethodPost, test.path, test.body, []string{"Content-Type", test.kind}}.to(t, h)
		require.Equal(t, test.status, res.StatusCode, test.body[:min(60, len(test.body))])
		require.Empty(t, res.Cookies())
	}
}

const typeForm = "application/x-www-form-urlencoded"

func TestCart_IsNeverLargerThanACookie(t *testing.T) {
	b := visit(t, open(t))
	refused := 0
	for _, p := range sampleSKUs() {
		res := b.send(request{http.MethodPost, "/cart", "sku=" + p, []string{"Content-Type", typeForm}})
		if res.StatusCode != http.StatusSeeOther {
			refused++
		}
		require.LessOrEqual(t, len(b.cookies["riverbend_cart"]), 3000)
	}
	require.Zero(t, refused, "the whole sample fits")
}

func TestCart_AGarbledCookieIsAnEmptyCart(t *testing.T) {
	h := open(t)
	for _, cookie := range []string{"", "~", "....", "~~~.~1.a~", "%00%ff", `"quoted"`, "muskie-casting-rod", "muskie-casting-rod~0",
		"muskie-casting-rod~-4", "none~3", "MUSKIE-CASTING-ROD~1", "<script>~1", strings.Repeat("x~1.", 16<<10)} {
		res := get(t, h, "/cart", "Cookie", "riverbend_cart="+cookie)
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Zero(t, page(t, res).Find(".basketlines li").Length(), "%.40q", cookie)
	}
	doc := page(t, get(t, h, "/cart", "Cookie", "riverbend_cart=m.none~1.muskie-casting-rod~2.muskie-casting-rod~1.~.vintage-creel-1962~1"))
	require.Equal(t, 2, doc.Find(".basketlines li").Length(), "what is understood stays")
	require.Contains(t, doc.Find(".sum").Text(), "$712.00")
}
