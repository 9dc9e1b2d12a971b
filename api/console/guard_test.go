package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGuard_AnswersToItsOwnNamesOnly(t *testing.T) {
	o := saleDay().options()
	o.AllowedHosts = []string{"Console.Example.com", "ops.example.com:7070"}
	b := open(t, o)
	for host, status := range map[string]int{
		"127.0.0.1:7070":           http.StatusOK,
		"192.168.1.20":             http.StatusOK,
		"[::1]:7070":               http.StatusOK,
		"[::1]":                    http.StatusOK,
		"localhost":                http.StatusOK,
		"LOCALHOST:7070":           http.StatusOK,
		"banyan.localhost:7070":    http.StatusOK,
		"console.example.com":      http.StatusOK,
		"console.example.com.:80":  http.StatusOK,
		"ops.example.com":          http.StatusOK,
		"evil.example.net":         http.StatusMisdirectedRequest,
		"evil.example.net:7070":    http.StatusMisdirectedRequest,
		"127.0.0.1.evil.net":       http.StatusMisdirectedRequest,
		"localhost.evil.net":       http.StatusMisdirectedRequest,
		"notlocalhost":             http.StatusMisdirectedRequest,
		"console.example.com.evil": http.StatusMisdirectedRequest,
	} {
		for _, path := range []string{"/", "/ledger", "/metrics", "/healthz"} {
			r := b.request(http.MethodGet, path, "")
			r.Host = host
			a := b.do(r)
			require.Equal(t, status, a.StatusCode, "%s at %s", path, host)
		}
	}
}

func TestGuard_SaysHowANameIsAllowed(t *testing.T) {
	b := open(t, saleDay().options())
	r := b.request(http.MethodGet, "/", "")
	r.Host = "console.example.com"
	a := b.do(r)
	require.Contains(t, text(a.page(t).Find(".refusal")), "hint: open the console by its IP address")
}

func TestGuard_RefusesAFormOfAnotherSite(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	form := url.Values{"product": {"muskie-casting-rod"}, "arm": {"serverless"}, "mode": {"all-legacy"}}
	for _, path := range []string{"/flip", "/mode", "/dead/redrive", "/dead/drop"} {
		for _, head := range []http.Header{
			{"Sec-Fetch-Site": {"cross-site"}},
			{"Sec-Fetch-Site": {"same-site"}},
			{"Origin": {"https://evil.example.net"}},
			{"Origin": {"null"}},
		} {
			r := b.request(http.MethodPost, path, form.Encode())
			r.Header = head.Clone()
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			a := b.do(r)
			require.Equal(t, http.StatusForbidden, a.StatusCode, "%s with %v", path, head)
			require.Equal(t, "This form came from another site", text(a.page(t).Find("h1")))
		}
	}
	require.Empty(t, c.flips)
	require.Empty(t, c.letters.acts)
	require.Empty(t, c.modes)
}

func TestGuard_FlipsAreNeverTakenFromALink(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	b.do(b.request(http.MethodGet, "/flip?product=muskie-casting-rod&arm=serverless", ""))
	b.do(b.request(http.MethodGet, "/mode?mode=all-legacy", ""))
	// Nor are fields of the address mixed into a posted form.
	a := b.post("/flip?product=muskie-casting-rod&arm=serverless", url.Values{})
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Empty(t, c.flips)
	require.Empty(t, c.modes)
}

func TestGuard_BoundsAForm(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	a := b.post("/flip", url.Values{"product": {"muskie-casting-rod"}, "arm": {"serverless"}, "why": {strings.Repeat("x", 1<<20)}})
	require.Equal(t, http.StatusRequestEntityTooLarge, a.StatusCode)

	r := b.request(http.MethodPost, "/flip", "product=%zz")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusBadRequest, b.do(r).StatusCode)
	require.Empty(t, c.flips)
}

func TestGuard_PagesAreNotKeptAndLoadNothingFromElsewhere(t *testing.T) {
	b := open(t, saleDay().options())
	a := b.do(b.request(http.MethodGet, "/orders/01KA0000000000000000000007", ""))
	require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
	policy := a.Header.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.NotContains(t, policy, "unsafe")
}
