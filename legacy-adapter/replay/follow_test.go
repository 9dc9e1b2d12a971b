package replay_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/legacy-adapter/replay"
)

const browser = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"

func pageOf(t *testing.T, a answer) *goquery.Document {
	t.Helper()
	require.Equal(t, "text/html; charset=utf-8", a.header.Get("Content-Type"))
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.body))
	require.NoError(t, err)
	return doc
}

func TestFollow_BrowserIsTakenToLegacysAnswer(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.wait = 0
	ann := f.shopper("ann")
	ann.accept = browser
	a := ann.post("rod", "redirect")
	require.Equal(t, http.StatusAccepted, a.status)
	follow := a.header.Get("Location")
	doc := pageOf(t, a)
	require.Equal(t, "We have your request", doc.Find("h1").Text())
	require.Equal(t, follow, doc.Find("main").AttrOr("data-status", ""))
	require.Equal(t, follow, doc.Find("a#follow").AttrOr("href", ""))
	require.Equal(t, 1, doc.Find("script").Length())
	require.Contains(t, doc.Find("noscript").Text(), "url="+follow, "also without script")
	nonce := doc.Find("script").AttrOr("nonce", "")
	require.NotEmpty(t, nonce)
	require.Contains(t, a.header.Get("Content-Security-Policy"), "script-src 'nonce-"+nonce+"'")
	require.Equal(t, "no-referrer", a.header.Get("Referrer-Policy"))
	require.Equal(t, http.StatusOK, ann.get(follow).status)

	f.run()
	f.ends(follow)
	done := ann.get(follow)
	require.Equal(t, http.StatusSeeOther, done.status)
	require.Equal(t, follow+"/answer", done.header.Get("Location"))
	last := ann.get(follow + "/answer")
	require.Equal(t, http.StatusSeeOther, last.status, "a GET follows, whatever the first method was")
	require.Equal(t, "/thanks?order=7", last.header.Get("Location"), "as seen from where the request was sent")
	require.Equal(t, []string{"sid=new; Path=/", "cart=; Max-Age=0"}, last.header["Set-Cookie"])
	require.Equal(t, "no-store", last.header.Get("Cache-Control"))

	ann.accept = "application/json"
	require.Contains(t, ann.get(follow).body, `"location":"/thanks?order=7"`)
}

func TestFollow_PageGoesOnByItselfInABrowser(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	s := openShop(t)
	f := openFront(t, s)
	f.wait = 20 * time.Millisecond
	follow := f.shopper("ann").post("rod", "wait").header.Get("Location")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(browserProfile(t)), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	defer stop()
	ctx, cancel := chromedp.NewContext(ctx)
	defer cancel()
	ctx, give := context.WithTimeout(ctx, time.Minute)
	defer give()

	var heading, background, last string
	require.NoError(t, chromedp.Run(ctx, chromedp.Navigate(f.server.URL+follow), chromedp.Text("h1", &heading),
		chromedp.Evaluate("getComputedStyle(document.body).backgroundColor", &background)))
	require.Equal(t, "We have your request", heading)
	require.Equal(t, "rgb(246, 245, 240)", background, "the policy lets the page's own style through")
	close(s.gate)
	eventually(t, "the page goes on", func() bool {
		at := ""
		return chromedp.Run(ctx, chromedp.Location(&at)) == nil && strings.HasSuffix(at, "/answer")
	})
	require.NoError(t, chromedp.Run(ctx, chromedp.Text("body", &last)))
	require.Equal(t, "ok "+form("rod"), last)
}

func TestFollow_AnothersSessionIsNotHandedOut(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.wait = 0
	follow := f.shopper("ann").post("rod", "ok").header.Get("Location")
	f.run()
	f.ends(follow)
	stranger := f.shopper("eve").get(follow + "/answer")
	require.Equal(t, http.StatusCreated, stranger.status)
	require.Empty(t, stranger.header["Set-Cookie"], "a link logs nobody in as somebody else")
}

func TestFollow_WhatIsNotThereIsNotFound(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.wait = 0
	ann := f.shopper("ann")
	follow := ann.post("rod", "ok").header.Get("Location")
	for _, path := range []string{"x", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "../x", ""} {
		require.Equal(t, http.StatusNotFound, ann.get(replay.FollowPath+path).status, path)
	}
	require.Equal(t, http.StatusNotFound, ann.get(follow+"/else").status)
	early := ann.get(follow + "/answer")
	require.Equal(t, http.StatusSeeOther, early.status)
	require.Equal(t, follow, early.header.Get("Location"))
	a := ann.ask(ann.request(http.MethodPost, follow, "", ""))
	require.Equal(t, http.StatusMethodNotAllowed, a.status)
	require.Equal(t, "GET, HEAD", a.header.Get("Allow"))
}

func TestFollow_AnswerThatWasLostIsSaid(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.route.FoundBy = found
	f.wait = 0
	ann := f.shopper("ann")
	ann.accept = browser
	follow := ann.post("rod", "cut-after").header.Get("Location")
	f.run()
	f.ends(follow)
	doc := pageOf(t, ann.get(follow))
	require.Equal(t, "Your request has been carried out", doc.Find("h1").Text())
	require.Contains(t, doc.Find("#message").Text(), "lost on the way")
	require.Zero(t, doc.Find("script").Length())
}

func TestReplay_MultipartIsKeptByteForByteAndLookedInto(t *testing.T) {
	s := openShop(t)
	db := &database{}
	f := openFront(t, s, func(o *replay.Options) { o.Database = db })
	f.route.FoundBy = sqlLookup("SELECT 1 WHERE :form.email")
	f.run()
	body := "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\r\n\x89PNG\x00\xff\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nann@example.com\r\n--b--\r\n"
	ann := f.shopper("ann")
	req := ann.request(http.MethodPost, "/returns", body, "cut-after")
	req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	require.Equal(t, http.StatusOK, ann.ask(req).status)
	require.Equal(t, []string{"ann@example.com"}, db.values)
	require.Equal(t, 1, s.orders[body])
}

func TestReplay_JSONIsLookedInto(t *testing.T) {
	s := openShop(t)
	db := &database{}
	f := openFront(t, s, func(o *replay.Options) { o.Database = db })
	f.route.FoundBy = sqlLookup("SELECT 1 WHERE :body.cart.lines.1.sku :body.n :body.ok :path.1")
	f.run()
	ann := f.shopper("ann")
	req := ann.request(http.MethodPost, "/caf%C3%A9/orders", `{"cart":{"lines":[{},{"sku":"rod"}]},"n":12345678901234567890,"ok":true}`, "cut-after")
	req.Header.Set("Content-Type", "application/json")
	require.Equal(t, http.StatusOK, ann.ask(req).status)
	require.Equal(t, []string{"rod", "12345678901234567890", "true", "café"}, db.values)
}

func TestReplay_PlatformsSessionsAreKnown(t *testing.T) {
	for cookie, alike := range map[string]string{
		"PHPSESSID=1; _ga_SESS=2":               "PHPSESSID=1; _ga_SESS=3",
		"connect.sid=1; theme=dark":             "connect.sid=1; theme=light",
		"wp_woocommerce_session_abc=1":          "theme=x; wp_woocommerce_session_abc=1",
		"__stripe_sid=9; laravel_session=1":     "__stripe_sid=8; laravel_session=1",
		"banyan_visitor=v; unknown=1":           "banyan_visitor=v; unknown=1",
		"JSESSIONID=1; ASP.NET_SessionId=2; a=": "ASP.NET_SessionId=2; JSESSIONID=1",
	} {
		s := openShop(t)
		f := openFront(t, s)
		ann, again := f.shopper(""), f.shopper("")
		ann.cookie, again.cookie = cookie, alike
		ann.post("rod", "ok")
		again.post("rod", "ok")
		require.Equal(t, 1, s.sendings[form("rod")], cookie)
	}
}

func TestReplay_ConfiguredSessionCookiesCountAlone(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s, func(o *replay.Options) { o.SessionCookies = func() []string { return []string{"basket"} } })
	ann, again, bob := f.shopper(""), f.shopper(""), f.shopper("")
	ann.cookie, again.cookie, bob.cookie = "sid=1; basket=7", "sid=2; basket=7", "sid=1; basket=8"
	ann.post("rod", "ok")
	again.post("rod", "ok")
	require.Equal(t, 1, s.sendings[form("rod")])
	bob.post("rod", "ok")
	require.Equal(t, 2, s.sendings[form("rod")])
}

func TestNew_SaysWhatItLacks(t *testing.T) {
	_, err := replay.New(replay.Options{})
	require.ErrorContains(t, err, "no store")
	s := openShop(t)
	f := openFront(t, s)
	_, err = replay.New(replay.Options{Store: f.store, Budget: leases{f.budget}, Route: nil})
	require.ErrorContains(t, err, "no routes")
}

// browserProfile is a folder for the browser. Its children outlive it by a
// moment and still write, which t.TempDir does not forgive.
func browserProfile(t *testing.T) string {
	profile, err := os.MkdirTemp("", "banyan-browser-")
	require.NoError(t, err)
	t.Cleanup(func() {
		require.Eventually(t, func() bool { return os.RemoveAll(profile) == nil }, 10*time.Second, 50*time.Millisecond)
	})
	return profile
}
