package replay_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
	"github.com/banyan-edge/banyan/legacy-adapter/replay/local"
)

// The variables by which a test starts this test binary as another process: on
// which store, and before which shop.
const (
	childPath = "BANYAN_TEST_REPLAY"
	childShop = "BANYAN_TEST_SHOP"
)

// runChild is the child's main: a front, until it is killed.
func runChild(path string) int {
	err := serveChild(path)
	fmt.Fprintln(os.Stderr, "child:", err)
	return 1
}

func serveChild(path string) error {
	ctx := context.Background()
	store, err := local.Open(ctx, local.Options{Path: path})
	if err != nil {
		return err
	}
	rule := route.Route{Name: "checkout", FoundBy: found}
	r, err := replay.New(replay.Options{
		Store: store, Legacy: replay.Origin{URL: &url.URL{Scheme: "http", Host: os.Getenv(childShop)}},
		Budget: leases{relay.NewBudget(3)}, Route: func(string) (route.Route, bool) { return rule, true },
		BackoffBase: time.Millisecond, BackoffCap: 20 * time.Millisecond, BreakerRest: 10 * time.Millisecond,
		Grace: 100 * time.Millisecond, // the shop takes less
	})
	if err != nil {
		return err
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, replay.FollowPath) {
			r.Follow(w, req)
			return
		}
		r.Capture(w, req, route.Decision{Rule: "checkout", Capture: true, Wait: 30 * time.Millisecond})
	}))
	fmt.Println(server.URL)
	return r.Run(ctx)
}

// startChild starts a front in another process and returns its address.
func startChild(t *testing.T, s *shop, path string) (address string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childPath+"="+path, childShop+"="+s.address)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line), kill
}

// TestReplay_KilledAtAnyPointLosesNothingAndDoublesNothing is the promise: what
// got an answer is at legacy exactly once, however often the process dies and
// whatever legacy does.
func TestReplay_KilledAtAnyPointLosesNothingAndDoublesNothing(t *testing.T) {
	s := openShop(t)
	path := filepath.Join(t.TempDir(), "captures.db")
	const rounds, shoppers = 8, 12
	answered := map[string]bool{}
	var mu sync.Mutex
	for round := range rounds {
		address, kill := startChild(t, s, path)
		ctx, cancel := context.WithCancel(t.Context())
		var crowd sync.WaitGroup
		for n := range shoppers {
			crowd.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					body := fmt.Sprintf("%d-%d-%d", round, n, i)
					if !send(address, fmt.Sprintf("%d-%d", round, n%6), body) {
						return // the process is gone
					}
					mu.Lock()
					answered[body] = true
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(60+rand.IntN(120)) * time.Millisecond) // a random moment is what is tested
		kill()
		cancel()
		crowd.Wait()
	}

	f := openFrontAt(t, s, path, func(o *replay.Options) { o.Grace = 100 * time.Millisecond; o.Logger = slog.New(slog.DiscardHandler) })
	f.route.FoundBy = found
	f.run()
	eventually(t, "everything ends", func() bool {
		l, err := f.store.Ledger(context.Background())
		return err == nil && l.Waiting == 0
	})
	l, err := f.store.Ledger(t.Context())
	require.NoError(t, err)
	t.Logf("%d kills, %d answered, ledger %+v", rounds, len(answered), l)
	require.True(t, l.Balanced())
	require.Zero(t, l.Dead)
	require.GreaterOrEqual(t, l.Accepted, int64(len(answered)))
	require.NotEmpty(t, answered)
	s.mu.Lock()
	defer s.mu.Unlock()
	for body := range answered {
		require.Equal(t, 1, s.orders[form(body)], "%s", body)
	}
	for body, n := range s.orders {
		require.Equal(t, 1, n, "%s", body)
	}
	require.EqualValues(t, l.Written, len(s.orders))
}

// misdeeds are what the shop does to the first sending of a body.
var misdeeds = []string{"ok", "ok", "ok", "500-after,ok", "500-before,ok", "cut-after,ok", "cut-before,ok", "half,ok", "429,ok", "502,ok"}

// send posts a body and reports whether it was answered.
func send(address, session, body string) bool {
	req, err := http.NewRequest(http.MethodPost, address+"/orders", strings.NewReader(form(body)))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Cookie", "sid="+session)
	req.Header.Set("X-Do", misdeeds[rand.IntN(len(misdeeds))])
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err == nil
}
