package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// forgetfulShop is a legacy that still has its old name in places.
type forgetfulShop struct {
	mu    sync.Mutex
	asked []string // method, host and target of each request
}

func (s *forgetfulShop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.Host+" "+r.URL.RequestURI())
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch r.URL.Path {
	case "/":
		fmt.Fprint(w, `<a href="/about">us</a> <a href="/cart/add?sku=rod">buy</a> <a rel="nofollow" href="/logout">bye</a>
			<a href="https://elsewhere.example.com/x">others</a> <a href="https://shop.example.com/shop/rods">rods</a> <a href="/account">account</a>
			<script>var api = "https:\/\/Legacy.example.com\/api", too = "https://legacy.example.com/api"</script>
			<img src="https://img.legacy.example.com/1.png"> <a href="https://notlegacy.example.com.evil.example.com">no</a>`)
	case "/account":
		w.Header().Set("Set-Cookie", "sid=1; Domain=.legacy.example.com")
		http.Redirect(w, r, "https://legacy.example.com/login", http.StatusFound)
	case "/about":
		fmt.Fprint(w, "nothing here. Write to www.old.example.org.")
	default:
		fmt.Fprint(w, "a page")
	}
}

// lookAt runs "banyan check --live" on the shop and decodes what it says.
func lookAt(t *testing.T, shop http.Handler, flags ...string) (l liveCheck, code int, talk string) {
	t.Helper()
	server := httptest.NewServer(shop)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	config := filepath.Join(dir, "banyan.yaml")
	require.NoError(t, os.WriteFile(config, []byte(`
storefront: https://shop.example.com
origins: {legacy: {url: "https://legacy.example.com:8443"}}
products: {paths: ["/p/{product}", "/shop/{category}/{product}"]}
`), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "products.yaml"), []byte("rod: legacy\nreel: serverless\n"), 0o644))
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"check", "--live", "--json", "--config", config, "--data", dir, "--url", server.URL}, flags...), terminal{Out: &out, Err: &errs})
	var said struct{ Live liveCheck }
	if out.Len() > 0 {
		require.NoError(t, json.Unmarshal(out.Bytes(), &said), "%s", out.String())
	}
	return said.Live, code, errs.String()
}

func TestCheckLive_CountsOldHostsInBodiesAndHeaders(t *testing.T) {
	shop := &forgetfulShop{}
	l, code, _ := lookAt(t, shop, "--old-host", "www.old.example.org")
	require.Equal(t, exitOK, code, "what is found is a warning")
	require.Equal(t, []string{"legacy.example.com", "www.old.example.org"}, l.Hosts)

	where := map[string]found{}
	for _, p := range l.Pages {
		u, err := url.Parse(p.URL)
		require.NoError(t, err)
		for _, f := range p.Found {
			where[u.Path+" "+f.Where] = f
		}
	}
	require.Len(t, where, 4)
	require.Equal(t, 2, where["/ body"].Count, "another name that holds this one is not it")
	require.Contains(t, where["/ body"].Example, `var api = "https:\/\/Legacy.example.com`)
	require.Equal(t, 1, where["/about body"].Count)
	require.True(t, where["/account Location"].Redirect)
	require.Equal(t, 1, where["/account Set-Cookie"].Count)
	require.Equal(t, 1, l.Redirects)

	require.Equal(t, []string{"/", "/p/reel", "/p/rod", "/about", "/shop/rods", "/account"}, targets(t, shop))
}

func TestCheckLive_AsksForNoMorePagesThanAllowed(t *testing.T) {
	shop := &forgetfulShop{}
	l, _, _ := lookAt(t, shop, "--pages", "3")
	require.Equal(t, 3, l.Asked)
	require.Equal(t, []string{"/", "/p/reel", "/p/rod"}, targets(t, shop))
}

// targets returns what was asked for, after seeing that nothing else than a
// shopper's GET came.
func targets(t *testing.T, shop *forgetfulShop) (all []string) {
	for _, request := range shop.asked {
		var method, host, target string
		_, err := fmt.Sscan(request, &method, &host, &target)
		require.NoError(t, err)
		require.Equal(t, "GET shop.example.com", method+" "+host)
		all = append(all, target)
	}
	return all
}

func TestCheckLive_PageThatBreaksOffDoesNotEndIt(t *testing.T) {
	l, code, _ := lookAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/p/reel" {
			panic(http.ErrAbortHandler)
		}
	}))
	require.Equal(t, exitOK, code)
	require.Equal(t, 3, l.Asked)
	require.Len(t, l.Failed, 1)
	require.Empty(t, l.Pages)
}

func TestCheckLive_AsksTheShopOfTheConfigurationAlone(t *testing.T) {
	_, code, talk := lookAt(t, &forgetfulShop{}, "--url", "http://shop.example.net")
	require.Equal(t, exitUsage, code)
	require.Contains(t, talk, "is not the shop of this configuration")
}

func TestOldHosts_AreWholeNames(t *testing.T) {
	hosts := oldHosts{"legacy.example.com", "127.0.0.1:9000"}
	for text, count := range map[string]int{
		"https://legacy.example.com":                 1,
		"LEGACY.example.com and legacy.example.com.": 2,
		"Domain=.legacy.example.com; Path=/":         1,
		"img.legacy.example.com":                     0,
		"my-legacy.example.com":                      0,
		"legacy.example.community":                   0,
		"legacy.example.com.au":                      0,
		"http://127.0.0.1:9000/x":                    1,
		"http://127.0.0.1:90001/x":                   0,
		"legacy.example.com:8443":                    1,
		"É legacy.example.com":                       1,
	} {
		total := 0
		for _, s := range hosts.in(text) {
			total += s.Count
		}
		require.Equal(t, count, total, text)
	}
}

func TestOldHostsOf_LeavesOutWhatIsTheStorefronts(t *testing.T) {
	for _, c := range []struct {
		legacy, storefront string
		want               oldHosts
	}{
		{"https://legacy.example.com", "https://shop.example.com", oldHosts{"legacy.example.com"}},
		{"https://legacy.example.com:8443", "https://shop.example.com", oldHosts{"legacy.example.com"}},
		{"http://127.0.0.1:9000", "http://127.0.0.1:8080", oldHosts{"127.0.0.1:9000"}},
		{"http://shop.example.com:9000", "https://shop.example.com", oldHosts{"shop.example.com:9000"}},
		{"https://shop.example.com", "https://shop.example.com", nil},
	} {
		require.Equal(t, c.want, oldHostsOf(addresses(c.legacy), addresses(c.storefront), nil), c.legacy)
	}
}

// A redirect to legacy's own host never reaches a shopper through the edge.
func TestCheckLive_SampleShopShowsNothingOfItself(t *testing.T) {
	s := up(t, t.TempDir())
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"check", "--live", "--json", "--data", s.Data}, terminal{Out: &out, Err: &errs})
	require.Equal(t, exitOK, code, errs.String())
	var said struct{ Live liveCheck }
	require.NoError(t, json.Unmarshal(out.Bytes(), &said))
	require.Greater(t, said.Live.Asked, 5)
	require.Empty(t, said.Live.Pages)
	require.Empty(t, said.Live.Failed)
}
