package console_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/edge/route"
)

func TestFlip_OneClickInTheListFlipsAndComesBackToTheSamePage(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	button := b.page("/products?q=rod&arm=legacy").Find("form:has(input[value='muskie-casting-rod'])")
	a := b.send(button, nil)
	require.Equal(t, http.StatusSeeOther, a.StatusCode, a.Text)
	require.Equal(t, "/products?arm=legacy&q=rod", a.Header.Get("Location"))
	require.Equal(t, []console.Flip{{Product: "muskie-casting-rod", Arm: route.Serverless, Share: route.Everyone, Who: "console"}}, c.flips)

	doc := b.page("/products?q=muskie")
	require.Equal(t, "muskie-casting-rod now goes to serverless, epoch 12.", text(doc.Find(".flash")))
	require.Equal(t, "Serverless", text(doc.Find(".arm")))
	require.Zero(t, b.page("/products").Find(".flash").Length(), "it is said once")

	b.send(doc.Find("form:has(input[value='muskie-casting-rod'])"), nil)
	require.Equal(t, "muskie-casting-rod now goes to legacy, epoch 13.", text(b.page("/products").Find(".flash")))
}

func TestFlip_DoubleClickIsOneFlip(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	button := b.page("/products").Find("form:has(input[value='muskie-casting-rod'])")
	require.Equal(t, http.StatusSeeOther, b.send(button, nil).StatusCode)
	require.Equal(t, http.StatusSeeOther, b.send(button, nil).StatusCode)
	require.Len(t, c.flips, 1)
	require.Equal(t, "muskie-casting-rod now goes to serverless, epoch 12.", text(b.page("/products").Find(".flash")))
}

func TestFlip_DetailsSetShareScheduleAndReason(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	a := b.send(b.page("/products/muskie-casting-rod").Find("form.flip"), url.Values{
		"arm": {"serverless"}, "share": {" 12.5% "}, "from": {"2026-11-28T08:00"}, "until": {"2026-11-28T20:00:30"},
		"why": {"flash sale"}, "who": {"Zoë"},
	})
	require.Equal(t, http.StatusSeeOther, a.StatusCode, a.Text)
	require.Equal(t, "/products/muskie-casting-rod", a.Header.Get("Location"))
	require.Equal(t, []console.Flip{{Product: "muskie-casting-rod", Arm: route.Serverless, Share: 1250,
		From: time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC), Until: time.Date(2026, 11, 28, 20, 0, 30, 0, time.UTC),
		Why: "flash sale", Who: "Zoë"}}, c.flips)

	doc := b.page(a.Header.Get("Location"))
	require.Equal(t, "muskie-casting-rod goes to serverless from 28 Nov 2026, 08:00 UTC until 28 Nov 2026, 20:00:30 UTC for 12.5% of shoppers, epoch 12.",
		text(doc.Find(".flash")))
	require.Equal(t, "12.5", doc.Find("#share").AttrOr("value", ""))
	require.Equal(t, "2026-11-28T08:00", doc.Find("#from").AttrOr("value", ""))
	require.Equal(t, "2026-11-28T20:00:30", doc.Find("#until").AttrOr("value", ""))
	require.Equal(t, "1", doc.Find("#until").AttrOr("step", ""), "or the browser refuses its own seconds")
	require.Equal(t, "Zoë", doc.Find("#who").AttrOr("value", ""), "the name is remembered")
	require.Contains(t, text(doc.Find(".entries")), "flash sale")
}

func TestFlip_ToLegacyLeavesShareAndScheduleBehind(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	b.send(b.page("/products/loch-leven-reel").Find("form.flip"), url.Values{"arm": {"legacy"}, "share": {"nonsense"}})
	require.Equal(t, []console.Flip{{Product: "loch-leven-reel", Share: route.Everyone, Who: "console"}}, c.flips)
}

func TestFlip_FaultStandsBesideItsField(t *testing.T) {
	for name, bad := range map[string]struct {
		field, value, fault string
	}{
		"share over 100":        {"share", "100.5", "is to be a percentage from 0 to 100, with at most two decimals"},
		"negative share":        {"share", "-1", "is to be a percentage from 0 to 100, with at most two decimals"},
		"share in words":        {"share", "<b>half</b>", "is to be a percentage from 0 to 100, with at most two decimals"},
		"from is no time":       {"from", "tomorrow", "is not a time such as 2026-11-27T08:00 (UTC)"},
		"from is no date":       {"from", "2026-02-30T08:00", "is not a time such as 2026-11-27T08:00 (UTC)"},
		"until has passed":      {"until", "2026-11-27T09:00", "has passed already; the flip would have no effect"},
		"until is now":          {"until", "2026-11-27T09:30", "has passed already; the flip would have no effect"},
		"until is no time":      {"until", "0000-00-00T00:00", "is not a time such as 2026-11-27T08:00 (UTC)"},
		"arm is unknown":        {"arm", "both", "is to be legacy or serverless"},
		"why has a line break":  {"why", "a\nb", "is to be one line, without control characters"},
		"why is too long":       {"why", strings.Repeat("é", 150), "is longer than 200 bytes"},
		"who is not valid text": {"who", "\xff", "is not valid UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			c := saleDay()
			b := open(t, c.options())
			a := b.send(b.page("/products/tourney-casting-rod").Find("form.flip"), url.Values{bad.field: {bad.value}})
			require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
			doc := a.page(t)
			require.Equal(t, bad.fault, text(doc.Find("#fault-"+bad.field)))
			require.Contains(t, text(doc.Find("#faults")), "Nothing was changed.")
			if in := doc.Find("#" + bad.field); in.Length() == 1 && bad.field != "who" {
				require.Equal(t, bad.value, in.AttrOr("value", ""), "what was written stays")
				require.Equal(t, "true", in.AttrOr("aria-invalid", ""))
				require.Contains(t, in.AttrOr("aria-describedby", ""), "fault-"+bad.field)
			}
			require.Empty(t, c.flips)
		})
	}
}

func TestFlip_UntilBeforeFromIsRefused(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	a := b.send(b.page("/products/tourney-casting-rod").Find("form.flip"), url.Values{"from": {"2026-11-30T08:00"}, "until": {"2026-11-30T08:00"}})
	require.Equal(t, "is not after “from”", text(a.page(t).Find("#fault-until")))
	require.Empty(t, c.flips)
}

func TestFlip_UnknownProductIsSaidBesideTheProduct(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	form := b.page("/flip?product=no-such-rod").Find("form.flip")

	a := b.send(form, url.Values{"product": {" "}})
	require.Equal(t, "is missing", text(a.page(t).Find("#fault-product")))

	c.refusal = console.ErrUnknownProduct
	a = b.send(form, nil)
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Equal(t, "is not a product that can be flipped", text(a.page(t).Find("#fault-product")))
	require.Equal(t, "no-such-rod", a.page(t).Find("#product").AttrOr("value", ""))

	c.refusal = &order.InvalidError{Fields: []order.FieldError{{Field: "product", Detail: "cannot hold this character"}}}
	require.Equal(t, "cannot hold this character", text(b.send(form, nil).page(t).Find("#fault-product")))

	c.refusal = nil
	require.Equal(t, http.StatusSeeOther, b.send(form, nil).StatusCode)
	require.Equal(t, "no-such-rod", c.flips[0].Product)
}

func TestFlip_FailureSaysSoAndKeepsTheReasonInTheLog(t *testing.T) {
	c := saleDay()
	c.refusal = errors.New("write /srv/products.yaml: read-only file system")
	b := open(t, c.options())
	a := b.post("/flip", url.Values{"product": {"muskie-casting-rod"}, "arm": {"serverless"}})
	require.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
	require.Contains(t, a.Text, "could not flip “muskie-casting-rod”")
	require.NotContains(t, a.Text, "read-only")
}

func TestFlip_FormDrawnBeforeSomebodyElsesFlipChangesNothing(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	stale := b.page("/products/muskie-casting-rod").Find("form.flip")
	b.post("/flip", url.Values{"product": {"muskie-casting-rod"}, "arm": {"serverless"}, "share": {"10"}, "who": {"joe"}})

	a := b.send(stale, url.Values{"arm": {"serverless"}, "share": {"1000"}})
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	a = b.send(a.page(t).Find("form.flip"), url.Values{"share": {"100"}}) // a mended fault does not make it fresh
	require.Equal(t, http.StatusConflict, a.StatusCode)
	doc := a.page(t)
	require.Contains(t, text(doc.Find(".banner.warn")), "Somebody else flipped this product meanwhile")
	require.Equal(t, "Serverless 10%", text(doc.Find("h1 + .lead .arm")))
	require.Equal(t, "100", doc.Find("#share").AttrOr("value", ""), "what was about to be set stays in the form")
	require.Len(t, c.flips, 1)

	require.Equal(t, http.StatusSeeOther, b.send(doc.Find("form.flip"), nil).StatusCode, "sent again it counts")
	require.Equal(t, route.Everyone, c.flips[1].Share)
}

func TestFlip_BackLeadsNowhereElse(t *testing.T) {
	for back, location := range map[string]string{
		"":                          "/products",
		"https://evil.example.net/": "/products?https%3A%2F%2Fevil.example.net%2F=",
		"//evil.example.net":        "/products?%2F%2Fevil.example.net=",
		"?page=3":                   "/products?page=3",
		"%zz":                       "/products",
	} {
		b := open(t, saleDay().options())
		a := b.post("/flip", url.Values{"product": {"muskie-casting-rod"}, "arm": {"serverless"}, "back": {back}})
		require.Equal(t, location, a.Header.Get("Location"), back)
	}
}

func TestFlip_JSONAnswersWithTheEntryOrTheFields(t *testing.T) {
	b := open(t, saleDay().options())
	post := func(form url.Values) answer {
		r := b.request(http.MethodPost, "/flip", form.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "application/json")
		return b.do(r)
	}
	var entry console.Entry
	require.NoError(t, json.Unmarshal([]byte(post(url.Values{"product": {"muskie-casting-rod"}, "arm": {"serverless"}, "who": {"ci"}}).Text), &entry))
	require.Equal(t, uint64(12), entry.Epoch)
	require.Equal(t, "ci", entry.Who)

	a := post(url.Values{"product": {"muskie-casting-rod"}, "arm": {"serverless"}, "share": {"200"}})
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Contains(t, a.Text, `"fields":[{"field":"share","detail":`)
}

func TestFlip_ForgedFlashIsOnlyText(t *testing.T) {
	b := open(t, saleDay().options())
	for _, value := range []string{"PHNjcmlwdD4", "not base64!", strings.Repeat("QUFB", 1000)} {
		r := b.request(http.MethodGet, "/", "")
		r.AddCookie(&http.Cookie{Name: "banyan_console_flash", Value: value})
		require.Equal(t, 1, b.do(r).page(t).Find("script").Length())
	}
}

func TestMode_AllLegacyIsConfirmedThenUndone(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	require.Equal(t, "/mode", b.page("/").Find("footer .quiet-danger").AttrOr("href", ""))
	doc := b.page("/mode")
	require.Contains(t, text(doc.Find(".consequences")), "2 products that are on serverless now go back")
	require.Empty(t, c.modes, "looking changes nothing")

	a := b.send(doc.Find("form"), url.Values{"why": {"checkout is down"}, "who": {"mia"}})
	require.Equal(t, http.StatusSeeOther, a.StatusCode, a.Text)
	require.Equal(t, []console.ModeChange{{AllLegacy: true, Why: "checkout is down", Who: "mia"}}, c.modes)
	doc = b.page("/")
	require.Equal(t, "Everything now goes to legacy, epoch 12.", text(doc.Find(".flash")))
	require.Contains(t, text(doc.Find(".banner.loud")), "Everything goes to legacy")

	b.post("/flip", url.Values{"product": {"muskie-casting-rod"}, "arm": {"serverless"}})
	require.Contains(t, text(b.page("/").Find(".flash")), "It counts as soon as all-legacy is ended.")

	b.send(b.page("/mode").Find("form"), nil)
	require.False(t, c.modes[1].AllLegacy)
	require.Equal(t, "Products and routes decide again, epoch 14.", text(b.page("/").Find(".flash")))
}

func TestMode_BadInputAndFailureChangeNothing(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	a := b.post("/mode", url.Values{"mode": {"all-serverless"}, "why": {"a\x00b"}})
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Equal(t, 2, a.page(t).Find("#faults li").Length())

	c.refusal = &order.InvalidError{Fields: []order.FieldError{{Field: "banyan.yaml", Detail: "has an error on line 3; mend it first"}}}
	a = b.post("/mode", url.Values{"mode": {"all-legacy"}})
	require.Contains(t, text(a.page(t).Find("#faults")), "banyan.yaml has an error on line 3")

	c.refusal = errors.New("read-only file system")
	require.Equal(t, http.StatusServiceUnavailable, b.post("/mode", url.Values{"mode": {"all-legacy"}}).StatusCode)
	require.Empty(t, c.modes)
}
