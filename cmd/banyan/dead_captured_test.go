package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// backOffice is a legacy that refuses some requests, until it is told not to.
type backOffice struct {
	mu      sync.Mutex
	refuses bool
	taken   []string
}

func (b *backOffice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	switch {
	case r.Method == http.MethodGet:
		fmt.Fprintln(w, "a shop")
	case b.refuses && strings.Contains(string(body), "Nowhere"):
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		io.WriteString(w, `{"message":"there is no such city"}`)
	default:
		b.taken = append(b.taken, string(body))
		fmt.Fprintln(w, "ok")
	}
}

func (b *backOffice) set(refuses bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuses = refuses
}

func (b *backOffice) has() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.taken...)
}

const capturingYAML = `
storefront: http://127.0.0.1
origins:
  legacy: {url: %q, host: preserve}
  serverless: {url: local}
products: {file: products.yaml, paths: ["/shop/{category}/{product}"]}
routes:
  - {name: bookings, path: /bookings, methods: [POST], to: queue}
`

// frontOf puts Banyan before a legacy whose bookings are captured.
func frontOf(t *testing.T, b *backOffice) (*storefront, []string) {
	legacy := httptest.NewServer(b)
	t.Cleanup(legacy.Close)
	folder := t.TempDir()
	config := filepath.Join(folder, "banyan.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, capturingYAML, legacy.URL), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "products.yaml"), nil, 0o600))
	flags := []string{"--config", config, "--legacy", legacy.URL}
	return up(t, filepath.Join(folder, "data"), flags...), flags
}

// book sends a booking and returns the captured request's id.
func (s *storefront) book(city string) string {
	s.t.Helper()
	resp, err := http.Post(s.Storefront+"/bookings", "application/json", strings.NewReader(fmt.Sprintf(`{"city":%q}`, city)))
	require.NoError(s.t, err)
	defer resp.Body.Close()
	require.Equal(s.t, http.StatusAccepted, resp.StatusCode)
	return resp.Header.Get("Location")[strings.LastIndex(resp.Header.Get("Location"), "/")+1:]
}

func (s *storefront) dies(n int64) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.ledger().Dead == n }, 20*time.Second, 50*time.Millisecond, "%s", s.logged())
}

func TestDead_CapturedRequestsAreMendedLikeOrders(t *testing.T) {
	b := &backOffice{refuses: true}
	s, flags := frontOf(t, b)
	first, second, third := s.book("Nowhere"), s.book("Nowhere on Hudson"), s.book("Nowhere upon Tyne")
	s.dies(3)

	require.Regexp(t, `3 +bookings request: legacy answered 422 Unprocessable Entity: there is no such city`, string(s.banyan("dead")))
	var list deadList
	require.NoError(t, json.Unmarshal(s.banyan("dead", "list", "--cause", "no such city", "--json"), &list))
	require.Equal(t, []string{first, second, third}, []string{list.Orders[0].ID, list.Orders[1].ID, list.Orders[2].ID})
	shown := string(s.banyan("dead", "show", first))
	require.Regexp(t, `asks +POST /bookings\nstate +dead\ncause +legacy answered 422`, shown)
	require.Contains(t, shown, `{"city":"Nowhere"}`)
	require.Regexp(t, `refused +by legacy`, shown)

	require.Contains(t, string(s.banyan("dead", "check", first, "--who", "joe")), "legacy refused it and did nothing; redriven, it is sent again")
	require.Contains(t, s.fails(3, "dead", "redrive", "--cause", "NO SUCH CITY", "--stop-after", "2"), "2 in a row died again of the same cause")
	s.dies(3)

	t.Setenv("VISUAL", "")
	t.Setenv("EDITOR", "sed -i -e s/Nowhere/Albany/")
	require.Contains(t, s.fails(2, "dead", "edit", first, "--set", "customer.name=Ann"), "this is a captured request")
	s.banyan("dead", "edit", first, "--who", "joe", "--why", "she called")
	require.Contains(t, string(s.banyan("dead", "redrive", first, "--json")), `"redriven":1,"written":1,"refused":0`)
	require.Equal(t, []string{`{"city":"Albany"}`}, b.has())
	require.Contains(t, s.fails(1, "dead", "drop", first, "--why", "too late"), "is no dead letter")

	require.Contains(t, string(s.banyan("dead", "drop", second, "--who", "mia", "--why", "nobody lives there")), "is given up")
	require.Regexp(t, `dropped +by mia +nobody lives there`, string(s.banyan("dead", "show", second)))
	require.Contains(t, s.fails(1, "dead", "drop", "01KA0000000000000000000000", "--why", "x"), "there is no order 01KA")

	// Also where no process runs.
	require.Equal(t, 0, s.stop(), "%s", s.logged())
	require.Contains(t, s.fails(1, "dead", "check", third), "legacy can be asked about a captured request only while banyan up runs")
	require.Contains(t, string(s.banyan("dead", "redrive", "--all", "--json")), `"redriven":1,"written":0,"refused":0,"waiting":1`)
	b.set(false)
	again := up(t, s.Data, flags...)
	l := again.drained()
	require.Equal(t, ledger{Accepted: 3, Written: 2, Cancelled: 1, Balanced: true}, l)
	require.Len(t, b.has(), 2)
	require.NotContains(t, string(s.logged()), "Nowhere", "what the shopper sent is in no log")
}

// TestDead_LettersArePutBackAndGivenUpInTheConsole sends the console's forms as
// its own pages do.
func TestDead_LettersArePutBackAndGivenUpInTheConsole(t *testing.T) {
	b := &backOffice{refuses: true}
	s, _ := frontOf(t, b)
	s.book("Nowhere")
	s.book("Nowhere on Hudson")
	last := s.book("Nowhere upon Tyne")
	s.dies(3)
	var page struct {
		Causes []struct {
			Cause   string
			Letters int
		}
		Redriving struct {
			Written, Refused int
			Ended            bool
			Stopped          string
		}
	}
	look := func() {
		req, err := http.NewRequest(http.MethodGet, s.Console+"/dead", nil)
		require.NoError(t, err)
		req.Header.Set("Accept", "application/json")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&page))
	}
	send := func(path string, form url.Values) int {
		req, err := http.NewRequest(http.MethodPost, s.Console+path, strings.NewReader(form.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Accept", "application/json")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		return resp.StatusCode
	}
	look()
	require.Len(t, page.Causes, 1)
	require.Equal(t, 3, page.Causes[0].Letters)
	cause := page.Causes[0].Cause

	require.Equal(t, http.StatusOK, send("/dead/redrive", url.Values{"cause": {cause}, "who": {"joe"}}))
	require.Eventually(t, func() bool { look(); return page.Redriving.Ended }, 20*time.Second, 50*time.Millisecond)
	require.Equal(t, 3, page.Redriving.Refused)
	require.Contains(t, page.Redriving.Stopped, "3 in a row died again of the same cause")

	require.Equal(t, http.StatusUnprocessableEntity, send("/dead/drop", url.Values{"id": {last}}))
	require.Equal(t, http.StatusOK, send("/dead/drop", url.Values{"id": {last}, "why": {"nobody lives there"}, "who": {"mia"}}))
	require.Equal(t, http.StatusConflict, send("/dead/drop", url.Values{"id": {last}, "why": {"twice"}}))
	require.Equal(t, http.StatusNotFound, send("/dead/drop", url.Values{"id": {"01KA0000000000000000000000"}, "why": {"what?"}}))
	require.Regexp(t, `dropped +by mia +nobody lives there`, string(s.banyan("dead", "show", last)))

	b.set(false)
	require.Equal(t, http.StatusOK, send("/dead/redrive", url.Values{"cause": {cause}, "who": {"joe"}, "why": {"the city was added"}}))
	require.Eventually(t, func() bool { look(); return page.Redriving.Ended }, 20*time.Second, 50*time.Millisecond)
	require.Equal(t, 2, page.Redriving.Written)
	require.Empty(t, page.Causes)
	require.Equal(t, ledger{Accepted: 3, Written: 2, Cancelled: 1, Balanced: true}, s.ledger())
}
