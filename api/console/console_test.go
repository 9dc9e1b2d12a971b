package console_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/console"
)

// browser is a client with cookies that stays on a redirect, against a console
// on a real socket.
type browser struct {
	t    *testing.T
	url  string
	http *http.Client
}

func open(t *testing.T, o console.Options) *browser {
	t.Helper()
	server := httptest.NewServer(console.New(o))
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{t, server.URL, &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	Text string
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	response, err := b.http.Do(r)
	require.NoError(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return answer{response, string(body)}
}

func (b *browser) request(method, path, body string) *http.Request {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	require.NoError(b.t, err)
	return r
}

// page loads a page that is well.
func (b *browser) page(path string) *goquery.Document {
	b.t.Helper()
	a := b.do(b.request(http.MethodGet, path, ""))
	require.Equal(b.t, http.StatusOK, a.StatusCode, a.Text)
	return a.page(b.t)
}

func (a answer) page(t *testing.T) *goquery.Document {
	t.Helper()
	require.Equal(t, "text/html; charset=utf-8", a.Header.Get("Content-Type"))
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.Text))
	require.NoError(t, err)
	return doc
}

// json asks for JSON and decodes it into v.
func (b *browser) json(path string, v any) answer {
	b.t.Helper()
	r := b.request(http.MethodGet, path, "")
	r.Header.Set("Accept", "application/json")
	a := b.do(r)
	require.NoError(b.t, json.Unmarshal([]byte(a.Text), v), a.Text)
	return a
}

func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	r := b.request(http.MethodPost, path, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.url)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// send fills in a form of a page as a browser would and sends it.
func (b *browser) send(form *goquery.Selection, set url.Values) answer {
	b.t.Helper()
	require.Equal(b.t, 1, form.Length())
	values := url.Values{}
	form.Find("input[name]").Each(func(_ int, in *goquery.Selection) {
		_, checked := in.Attr("checked")
		if in.AttrOr("type", "text") != "radio" || checked {
			values.Set(in.AttrOr("name", ""), in.AttrOr("value", ""))
		}
	})
	for name, v := range set {
		values[name] = v
	}
	require.Equal(b.t, "post", form.AttrOr("method", ""))
	return b.post(form.AttrOr("action", ""), values)
}

// text returns a selection's words with single spaces.
func text(s *goquery.Selection) string { return strings.Join(strings.Fields(s.Text()), " ") }

func TestConsole_EveryPageHasOneHeadingLabelsAndNoInlineCode(t *testing.T) {
	b := open(t, saleDay().options())
	for _, path := range []string{"/", "/products", "/products/brass-spinner-set", "/flip", "/mode", "/dead", "/dead/group?cause=out_of_stock", "/dead/letters/01KA0000000000000000000161", "/orders",
		"/orders/01KA0000000000000000000007", "/history"} {
		doc := b.page(path)
		require.Equal(t, 1, doc.Find("h1").Length(), path)
		require.NotEmpty(t, text(doc.Find("title")), path)
		require.Zero(t, doc.Find("[style], style, script:not([src]), [onclick]").Length(), "the content policy forbids it: %s", path)
		doc.Find("input:not([type=hidden]):not([type=radio]):not([aria-label])").Each(func(_ int, in *goquery.Selection) {
			require.Equal(t, 1, doc.Find("label[for='"+in.AttrOr("id", "")+"']").Length(), "%s: %s has no label", path, in.AttrOr("name", ""))
		})
		doc.Find("[aria-describedby]").Each(func(_ int, s *goquery.Selection) {
			for _, id := range strings.Fields(s.AttrOr("aria-describedby", "")) {
				require.Equal(t, 1, doc.Find("#"+id).Length(), "%s: #%s", path, id)
			}
		})
	}
}

func TestConsole_LinksLeadSomewhere(t *testing.T) {
	b := open(t, saleDay().options())
	seen := map[string]bool{}
	todo := []string{"/"}
	for len(todo) > 0 {
		path := todo[0]
		todo = todo[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		b.page(path).Find("a[href^='/']").Each(func(_ int, a *goquery.Selection) { todo = append(todo, a.AttrOr("href", "")) })
	}
	require.Greater(t, len(seen), 20)
}

func TestConsole_AssetsAreKeptForEverUnderTheirSum(t *testing.T) {
	b := open(t, saleDay().options())
	for selector, kind := range map[string]string{
		"link[rel=stylesheet]": "text/css; charset=utf-8",
		"script":               "text/javascript; charset=utf-8",
		"link[rel=icon]":       "image/svg+xml",
	} {
		s := b.page("/").Find(selector)
		path := s.AttrOr("href", s.AttrOr("src", ""))
		a := b.do(b.request(http.MethodGet, path, ""))
		require.Equal(t, http.StatusOK, a.StatusCode)
		require.Equal(t, kind, a.Header.Get("Content-Type"))
		require.Contains(t, a.Header.Get("Cache-Control"), "immutable")
	}
	require.Equal(t, http.StatusNotFound, b.do(b.request(http.MethodGet, "/assets/000000000000/console.css", "")).StatusCode)
}

func TestConsole_MetricsAreMountedWhereThereAreSome(t *testing.T) {
	b := open(t, saleDay().options())
	require.Contains(t, b.do(b.request(http.MethodGet, "/metrics", "")).Text, "banyan_orders_accepted_total")

	o := saleDay().options()
	o.Metrics = nil
	b = open(t, o)
	require.Equal(t, http.StatusNotFound, b.do(b.request(http.MethodGet, "/metrics", "")).StatusCode)
}

func TestConsole_HealthSaysVersionAndEpoch(t *testing.T) {
	a := open(t, saleDay().options())
	got := a.do(a.request(http.MethodGet, "/healthz", ""))
	require.JSONEq(t, `{"status":"ok","version":"1.0.0","epoch":11,"mode":"normal"}`, got.Text)
}

func TestConsole_UnknownPageIsAPageOrAProblem(t *testing.T) {
	b := open(t, saleDay().options())
	a := b.do(b.request(http.MethodGet, "/no/such/page", ""))
	require.Equal(t, http.StatusNotFound, a.StatusCode)
	require.Equal(t, "There is no such page", text(a.page(t).Find("h1")))

	var problem struct{ Status int }
	a = b.json("/no/such/page", &problem)
	require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
	require.Equal(t, http.StatusNotFound, problem.Status)
}

func TestConsole_MissingStoreIsAProgrammersMistake(t *testing.T) {
	require.Panics(t, func() { console.New(console.Options{}) })
}

func TestConsole_TakesJSONOnlyWhenItIsNamedAndNotLikedLess(t *testing.T) {
	b := open(t, saleDay().options())
	for accept, kind := range map[string]string{
		"":                                  "text/html; charset=utf-8",
		"*/*":                               "text/html; charset=utf-8",
		"application/json":                  "application/json",
		"application/json, text/plain, */*": "application/json",
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "text/html; charset=utf-8",
		"text/html;q=0.5, application/json;q=0.9":                         "application/json",
		"application/json;q=0":                                            "text/html; charset=utf-8",
		"application/json;q=nonsense":                                     "text/html; charset=utf-8",
	} {
		r := b.request(http.MethodGet, "/products", "")
		r.Header.Set("Accept", accept)
		a := b.do(r)
		require.Equal(t, kind, a.Header.Get("Content-Type"), accept)
		require.Equal(t, "Accept", a.Header.Get("Vary"))
	}
}
