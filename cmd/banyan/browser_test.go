package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// screenshots is where the walk's pictures are kept; empty keeps none.
var screenshots = os.Getenv("BANYAN_SCREENSHOTS")

// visitor is a shopper with a real browser.
type visitor struct {
	t   *testing.T
	ctx context.Context
}

func newShopper(t *testing.T) *visitor {
	var chromium string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			chromium = path
			break
		}
	}
	if chromium == "" {
		t.Skip("skipped: no browser here; install one (Debian: apt-get install chromium)")
	}
	profile, err := os.MkdirTemp("", "banyan-browser-")
	require.NoError(t, err)
	t.Cleanup(func() { // the browser's last processes may still write when it has ended
		for range 50 {
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile),
		chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-sync", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return &visitor{t: t, ctx: ctx}
}

func (s *visitor) do(actions ...chromedp.Action) {
	s.t.Helper()
	require.NoError(s.t, chromedp.Run(s.ctx, actions...))
}

// look keeps a picture of the page and returns its text, as the shopper reads it.
func (s *visitor) look(name string) string {
	s.t.Helper()
	var text string
	var picture []byte
	s.do(chromedp.Evaluate(`document.title + "\n" + document.body.innerText`, &text), chromedp.FullScreenshot(&picture, 100))
	if screenshots != "" {
		require.NoError(s.t, os.WriteFile(filepath.Join(screenshots, name+".png"), picture, 0o644))
	}
	return text
}

// walk buys one tourney rod: home → category → product → cart → checkout →
// order page. It returns the text of every page.
func (s *visitor) walk(storefront, name string) []string {
	s.t.Helper()
	var pages []string
	see := func(page string) { pages = append(pages, s.look(name+"-"+page)) }
	s.do(chromedp.Navigate(storefront), chromedp.WaitVisible(`main`))
	see("1-home")
	s.do(chromedp.Click(`a[href="/shop/rods"]`), chromedp.WaitVisible(`a[href="/shop/rods/tourney-casting-rod"]`))
	s.do(chromedp.Click(`a[href="/shop/rods/tourney-casting-rod"]`), chromedp.WaitVisible(`form[action="/cart"] button`))
	see("2-product")
	s.do(chromedp.Click(`form[action="/cart"] button`), chromedp.WaitVisible(`a[href="/checkout"]`))
	see("3-cart")
	s.do(chromedp.Click(`a[href="/checkout"]`), chromedp.WaitVisible(`[name=email]`))
	see("4-checkout")
	s.do(
		chromedp.SendKeys(`[name=email]`, "ann@example.com"),
		chromedp.SendKeys(`[name=name]`, "Ann Angler"),
		chromedp.SendKeys(`[name=address]`, "1 Main St, Albany NY 12207"),
		chromedp.Click(`form[action="/checkout"] button[type=submit]`),
		chromedp.WaitVisible(`[data-status=written]`))
	see("5-order")
	return pages
}

// changes are what differs between two orders by themselves: ids and times.
var changes = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{26}\b|\b\d{1,2}:\d{2}(:\d{2})?\b`)

func TestBrowser_TheShopperSeesNoSeam(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"))
	before := newShopper(t).walk(s.Storefront, "before")

	s.banyan("flip", "tourney-casting-rod", "serverless", "--why", "the walk")
	require.Contains(t, string(s.banyan("explain", "--json", "/shop/rods/tourney-casting-rod")), `"arm": "serverless"`)
	after := newShopper(t).walk(s.Storefront, "after")

	require.Equal(t, len(before), len(after))
	for i := range before {
		require.Equal(t, changes.ReplaceAllString(before[i], "…"), changes.ReplaceAllString(after[i], "…"), "page %d", i+1)
	}
	l := s.drained()
	require.EqualValues(t, 2, l.Written)
	require.True(t, l.Balanced)
}

func TestBrowser_AMerchantFlipsInTheConsoleWithoutScript(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"))
	b := newShopper(t)
	b.do(emulation.SetScriptExecutionDisabled(true))
	require.Contains(t, string(s.banyan("explain", "--json", "/shop/rods/tourney-casting-rod")), `"arm": "legacy"`)
	b.do(chromedp.Navigate(s.Console), chromedp.WaitVisible(`main`))
	b.look("console-1-overview")
	b.do(chromedp.Navigate(s.Console+"/products?q=tourney"), chromedp.WaitVisible(`form[action^="/flip"] button`))
	b.look("console-2-products")
	b.do(chromedp.Click(`form[action^="/flip"] button`), chromedp.WaitVisible(`[role=status]`))
	require.Contains(t, b.look("console-3-flipped"), "tourney-casting-rod now goes to serverless")
	require.Contains(t, string(s.banyan("explain", "--json", "/shop/rods/tourney-casting-rod")), `"arm": "serverless"`)
}
