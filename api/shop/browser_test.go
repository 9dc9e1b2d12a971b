package shop_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop"
)

// TestOrderPage_FollowsTheOrderInABrowser runs order.js where it will run.
func TestOrderPage_FollowsTheOrderInABrowser(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no browser (apt-get install --no-install-recommends chromium)")
	}
	var asked atomic.Int32
	h := shop.New(shop.Options{Orders: orders{find: func(context.Context, string) (order.Record, error) {
		switch n := asked.Add(1); {
		case n == 2:
			return order.Record{}, order.ErrUnavailable // away for a moment
		case n < 4:
			return standing(order.Accepted, ""), nil
		default:
			return standing(order.Written, ""), nil
		}
	}}})
	server := httptest.NewServer(h)
	defer server.Close()

	var heading, title, step string
	ctx := tab(t, path)
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(server.URL+"/orders/"+someID),
		chromedp.WaitVisible(`.standing[data-status=written]:not([data-follow])`),
		chromedp.Text("h1", &heading), chromedp.Title(&title), chromedp.Text("[data-step]", &step)))
	require.Equal(t, []string{"Confirmed", "Confirmed · Riverbend Resale", "Confirmed"}, []string{heading, title, step})
	require.EqualValues(t, 4, asked.Load(), "it stops asking once there is nothing more to hear")
}

// tab opens a browser with an empty profile that talks to nobody else.
func tab(t *testing.T, path string) context.Context {
	profile, err := os.MkdirTemp("", "browser")
	require.NoError(t, err)
	t.Cleanup(func() { // the browser's children outlive it by a moment and still write
		require.Eventually(t, func() bool { return os.RemoveAll(profile) == nil }, 10*time.Second, 50*time.Millisecond)
	})
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(profile), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the browser to end
		cancel()
	})
	return ctx
}
