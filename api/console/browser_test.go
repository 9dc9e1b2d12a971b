package console_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/api/order"
)

// chromium returns a tab of a real browser.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(browserProfile(t)), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// sale is a shop in which an order comes in when the test says so.
type sale struct {
	*canned
	mu sync.Mutex
}

func (s *sale) Ledger(ctx context.Context) (console.LedgerView, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.canned.Ledger(ctx)
}

func (s *sale) List(ctx context.Context, f console.OrderFilter) ([]order.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.canned.List(ctx, f)
}

func (s *sale) order() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.Accepted, s.ledger.Waiting = 1205, 21
	s.orders = append([]order.Record{bought(10, "zoe@example.com", order.Record{})}, s.orders...)
}

func TestBrowser_OverviewFollowsAnOrderAndAFlipIsAClick(t *testing.T) {
	ctx := chromium(t)
	s := &sale{canned: saleDay()}
	o := s.options()
	o.Ledger, o.Orders = s, s
	server := httptest.NewServer(console.New(o))
	t.Cleanup(server.Close)

	var before string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(server.URL+"/"),
		chromedp.Text(".tiles .figure", &before),
		chromedp.WaitVisible("[data-spark]"), // the script runs under the content policy
	))
	require.Equal(t, "1,204", before)
	s.order()
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Poll(`document.querySelector(".tiles .figure").textContent === "1,205"`, nil),
		chromedp.Poll(`document.querySelector("#last-orders").textContent.includes("z…@example.com")`, nil),
	))

	var number, said string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(server.URL+"/products/brass-spinner-set"),
		chromedp.Evaluate(`{const s = document.querySelector("[data-share]"); s.value = 60; s.dispatchEvent(new Event("input"));}`, nil),
		chromedp.Value("#share", &number),
		chromedp.Click("button.primary"),
		chromedp.Text(".flash", &said),
	))
	require.Equal(t, "60", number)
	require.Equal(t, "brass-spinner-set now goes to serverless for 60% of shoppers, epoch 12.", said)
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
