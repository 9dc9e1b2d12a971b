package replay_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/edge/route"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
	"github.com/banyan-edge/banyan/legacy-adapter/replay/local"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		os.Exit(runChild(path))
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// patience is how long a test waits for what must happen before it fails.
const patience = 20 * time.Second

// shop is a legacy that does to each request what the request's header X-Do
// says, one word a sending: the first sending gets the first word, and so on;
// the last word stays.
type shop struct {
	t       *testing.T
	address string

	mu       sync.Mutex
	server   *http.Server
	served   sync.WaitGroup
	sendings map[string]int      // by body
	orders   map[string]int      // committed, by body
	arrived  []string            // bodies in the order they came
	seen     map[string][]header // of each sending, by body
	open     int
	most     int           // requests in hand at once
	gate     chan struct{} // what is told to wait waits for this
}

type header struct {
	http.Header
	line, host, remote string
}

func openShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, sendings: map[string]int{}, orders: map[string]int{}, seen: map[string][]header{}, gate: make(chan struct{})}
	s.listen("127.0.0.1:0")
	t.Cleanup(s.close)
	return s
}

func (s *shop) listen(address string) {
	l, err := net.Listen("tcp", address)
	require.NoError(s.t, err)
	s.address = l.Addr().String()
	s.server = &http.Server{Handler: s}
	s.served.Go(func() { _ = s.server.Serve(l) })
}

// close refuses connections from now on.
func (s *shop) close() {
	_ = s.server.Close()
	s.served.Wait()
}

func (s *shop) reopen() { s.listen(s.address) }

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if key, asks := strings.CutPrefix(r.URL.Path, "/find/"); asks {
		s.find(w, key)
		return
	}
	conn := func() net.Conn {
		c, _, err := http.NewResponseController(w).Hijack()
		require.NoError(s.t, err)
		return c
	}
	if r.Header.Get("X-Do") == "close-unread" {
		_ = conn().Close()
		return
	}
	body, _ := io.ReadAll(r.Body)
	do := s.enter(r, string(body))
	leave := sync.OnceFunc(s.leave)
	defer leave()
	hangUp := func() {
		c := conn()
		leave() // the lease is given back as soon as the connection is closed
		_ = c.Close()
	}
	switch do {
	case "cut-before":
		hangUp()
	case "cut-after":
		s.commit(string(body))
		hangUp()
	case "half":
		s.commit(string(body))
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half of it")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case "500-after":
		s.commit(string(body))
		http.Error(w, "Cart not found", http.StatusInternalServerError)
	case "500-before":
		http.Error(w, "out of memory", http.StatusInternalServerError)
	case "502", "503":
		status, _ := strconv.Atoi(do)
		http.Error(w, "somebody else answers for the shop", status)
	case "429":
		w.Header().Set("Retry-After", "0")
		http.Error(w, "slow down", http.StatusTooManyRequests)
	case "409":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"error":{"message":"ann@example.com has ordered already"}}`)
	case "wait":
		<-s.gate
		s.commit(string(body))
		_, _ = io.WriteString(w, "ok "+string(body))
	case "redirect":
		s.commit(string(body))
		w.Header().Add("Set-Cookie", "sid=new; Path=/")
		w.Header().Add("Set-Cookie", "cart=; Max-Age=0")
		w.Header().Set("Location", "../thanks?order=7")
		w.WriteHeader(http.StatusFound)
	default:
		s.commit(string(body))
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Set-Cookie", "sid=new; Path=/")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "ok "+string(body))
	}
}

func (s *shop) enter(r *http.Request, body string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	words := strings.Split(r.Header.Get("X-Do"), ",")
	do := words[min(s.sendings[body], len(words)-1)]
	s.sendings[body]++
	s.arrived = append(s.arrived, body)
	s.seen[body] = append(s.seen[body], header{r.Header.Clone(), r.Method + " " + r.RequestURI, r.Host, r.RemoteAddr})
	s.open++
	s.most = max(s.most, s.open)
	return do
}

func (s *shop) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
}

func (s *shop) commit(body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders[body]++
}

func (s *shop) find(w http.ResponseWriter, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.orders[form(body)] == 0 {
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *shop) count(of map[string]int, body string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return of[body]
}

// leases is a relay.Budget as the replay sees it.
type leases struct{ *relay.Budget }

func (l leases) Sync(ctx context.Context, work string) (func(error), error) {
	return l.Lease(ctx, relay.Sync, relay.Work{Kind: work})
}

func (l leases) Drain(ctx context.Context, work string) (func(error), error) {
	return l.Lease(ctx, relay.Drain, relay.Work{Kind: work})
}

// front is what shoppers reach: a replay and nothing else.
type front struct {
	*replay.Replay
	t      *testing.T
	store  *local.Store
	server *httptest.Server
	route  route.Route
	wait   time.Duration
	budget *relay.Budget
}

// found is the route's lookup in most tests: by request.
var found = &route.Lookup{Request: "GET /find/{form.body}"}

func sqlLookup(sql string) *route.Lookup { return &route.Lookup{SQL: sql} }

// openFront puts a front before a shop. It sends nothing that nobody waits for
// until run is called.
func openFront(t *testing.T, s *shop, edit ...func(*replay.Options)) *front {
	t.Helper()
	return openFrontAt(t, s, filepath.Join(t.TempDir(), "replay.db"), edit...)
}

func openFrontAt(t *testing.T, s *shop, path string, edit ...func(*replay.Options)) *front {
	t.Helper()
	store, err := local.Open(t.Context(), local.Options{Path: path, NoSync: true})
	require.NoError(t, err)
	f := &front{t: t, store: store, route: route.Route{Name: "checkout"}, wait: patience, budget: relay.NewBudget(4)}
	o := replay.Options{
		Store: store, Legacy: replay.Origin{URL: &url.URL{Scheme: "http", Host: s.address}}, Budget: leases{f.budget},
		Route:       func(name string) (route.Route, bool) { return f.route, name == f.route.Name },
		BackoffBase: time.Millisecond, BackoffCap: 10 * time.Millisecond, BreakerRest: 10 * time.Millisecond, Grace: time.Nanosecond,
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, e := range edit {
		e(&o)
	}
	if b, ok := o.Budget.(leases); ok {
		f.budget = b.Budget
	}
	f.Replay, err = replay.New(o)
	require.NoError(t, err)
	f.server = httptest.NewServer(f)
	f.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	t.Cleanup(func() {
		f.server.Close()
		ended, stop := context.WithCancel(context.Background())
		stop()
		require.NoError(t, f.Run(ended))
		require.NoError(t, store.Close())
	})
	return f
}

// run sends what waits, until the test ends.
func (f *front) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(f.t, <-done)
	})
	f.t.Cleanup(stop)
	return stop
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, replay.FollowPath) {
		f.Follow(w, r)
		return
	}
	f.Replay.Capture(w, r, route.Decision{Reason: route.RouteMatched, Rule: "checkout", Epoch: 7, Capture: true, Wait: f.wait})
}

// answer is what a shopper sees.
type answer struct {
	status int
	header http.Header
	body   string
}

// shopper sends requests with a session of its own.
type shopper struct {
	f      *front
	cookie string
	key    string
	accept string
}

func (f *front) shopper(name string) *shopper { return &shopper{f: f, cookie: "sid=" + name} }

// post sends a body, and has the shop do to it what is said.
func (s *shopper) post(body, do string) answer {
	s.f.t.Helper()
	return s.ask(s.request(http.MethodPost, "/shop/orders?from=cart", "body="+url.QueryEscape(body), do))
}

func (s *shopper) request(method, target, body, do string) *http.Request {
	req, err := http.NewRequest(method, s.f.server.URL+target, strings.NewReader(body))
	require.NoError(s.f.t, err)
	req.Header.Set("X-Do", do)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range map[string]string{"Cookie": s.cookie, "Idempotency-Key": s.key, "Accept": s.accept} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	return req
}

func (s *shopper) ask(req *http.Request) answer {
	s.f.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	require.NoError(s.f.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(s.f.t, err)
	return answer{res.StatusCode, res.Header, string(body)}
}

func (s *shopper) get(path string) answer {
	s.f.t.Helper()
	return s.ask(s.request(http.MethodGet, path, "", ""))
}

// form is the body that a shopper's post sends.
func form(body string) string { return "body=" + url.QueryEscape(body) }

// ends waits until a capture has ended and returns it.
func (f *front) ends(location string) replay.Record {
	f.t.Helper()
	id := strings.TrimPrefix(location, replay.FollowPath)
	require.True(f.t, order.ValidID(id), "%q", location)
	var record replay.Record
	require.Eventually(f.t, func() bool {
		var err error
		record, err = f.store.Find(context.Background(), id)
		require.NoError(f.t, err)
		return record.State.Ended()
	}, patience, time.Millisecond)
	return record
}

// requireLedger requires the counts, and that they balance.
func (f *front) requireLedger(want order.Ledger) {
	f.t.Helper()
	got, err := f.store.Ledger(context.Background())
	require.NoError(f.t, err)
	require.True(f.t, got.Balanced(), "%+v", got)
	require.Equal(f.t, want, got)
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, time.Millisecond, what)
}
