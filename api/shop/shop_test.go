package shop_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop"
	"github.com/banyan-edge/banyan/api/shop/fulfilment"
)

// open returns the sample shop on a database of its own.
func open(t testing.TB) http.Handler {
	return shop.New(shop.Options{Orders: database(t)})
}

func database(t testing.TB) *fulfilment.Store {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "legacy.db")+
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)")
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	store := fulfilment.New(db, fulfilment.Options{})
	require.NoError(t, store.Init(context.Background(), shop.Sample().Stocks()))
	return store
}

// orders stands in for a store where a test needs an answer that a store gives
// only on a bad day. What is nil is not asked.
type orders struct {
	accept func(context.Context, order.Order) (order.Receipt, error)
	find   func(context.Context, string) (order.Record, error)
	left   func(context.Context, string) (int, error)
}

func (o orders) Accept(ctx context.Context, placed order.Order) (order.Receipt, error) {
	return o.accept(ctx, placed)
}
func (o orders) Find(ctx context.Context, id string) (order.Record, error) { return o.find(ctx, id) }
func (o orders) Left(ctx context.Context, sku string) (int, error) {
	if o.left == nil {
		return 1, nil
	}
	return o.left(ctx, sku)
}

// request is one request to a handler. Headers come in pairs.
type request struct {
	method, path, body string
	headers            []string
}

func (q request) to(t testing.TB, h http.Handler) *http.Response {
	t.Helper()
	if q.method == "" {
		q.method = http.MethodGet
	}
	var body io.Reader = http.NoBody
	if q.body != "" {
		body = strings.NewReader(q.body)
	}
	r := httptest.NewRequest(q.method, q.path, body)
	for i := 0; i < len(q.headers); i += 2 {
		r.Header.Add(q.headers[i], q.headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func get(t testing.TB, h http.Handler, path string, headers ...string) *http.Response {
	t.Helper()
	return request{path: path, headers: headers}.to(t, h)
}

func postForm(t testing.TB, h http.Handler, path, form string, headers ...string) *http.Response {
	t.Helper()
	return request{http.MethodPost, path, form, append(headers, "Content-Type", "application/x-www-form-urlencoded")}.to(t, h)
}

func postJSON(t testing.TB, h http.Handler, path, body string, headers ...string) *http.Response {
	t.Helper()
	return request{http.MethodPost, path, body, append(headers, "Content-Type", "application/json")}.to(t, h)
}

func page(t testing.TB, res *http.Response) *goquery.Document {
	t.Helper()
	require.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
	doc, err := goquery.NewDocumentFromReader(res.Body)
	require.NoError(t, err)
	return doc
}

// decode reads a JSON answer into a map.
func decode(t testing.TB, res *http.Response) map[string]any {
	t.Helper()
	require.Contains(t, res.Header.Get("Content-Type"), "json")
	var m map[string]any
	require.NoError(t, json.NewDecoder(res.Body).Decode(&m))
	return m
}

// browser keeps cookies between requests, as a shopper's does.
type browser struct {
	t       testing.TB
	shop    http.Handler
	cookies map[string]string
}

func visit(t testing.TB, h http.Handler) *browser {
	return &browser{t, h, map[string]string{}}
}

func (b *browser) send(q request) *http.Response {
	b.t.Helper()
	for name, value := range b.cookies {
		q.headers = append(q.headers, "Cookie", name+"="+value)
	}
	res := q.to(b.t, b.shop)
	for _, c := range res.Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return res
}

func (b *browser) open(path string) *goquery.Document {
	b.t.Helper()
	res := b.send(request{path: path})
	require.Equal(b.t, http.StatusOK, res.StatusCode, path)
	return page(b.t, res)
}

// submit sends the form that a selector finds, with some fields filled in.
func (b *browser) submit(doc *goquery.Document, selector string, fill map[string]string) *http.Response {
	b.t.Helper()
	form := doc.Find(selector)
	require.Equal(b.t, 1, form.Length(), selector)
	values := url.Values{}
	form.Find("input[name], textarea[name]").Each(func(_ int, in *goquery.Selection) {
		name, value := in.AttrOr("name", ""), in.AttrOr("value", in.Text())
		_, checked := in.Attr("checked")
		if typed, ok := fill[name]; ok {
			value = typed
		}
		if in.AttrOr("type", "") != "radio" || checked {
			values.Add(name, value)
		}
	})
	require.Equal(b.t, "post", form.AttrOr("method", "get"))
	return b.send(request{http.MethodPost, form.AttrOr("action", ""), values.Encode(),
		[]string{"Content-Type", "application/x-www-form-urlencoded"}})
}

var ann = map[string]string{"email": "ann@example.com", "name": "Ann Angler", "address": "1 Main St\nAlbany NY"}

func sampleSKUs() (skus []string) {
	for _, s := range shop.Sample().Stocks() {
		skus = append(skus, s.SKU)
	}
	return skus
}

func hrefs(links *goquery.Selection) []string {
	return links.Map(func(_ int, a *goquery.Selection) string { return a.AttrOr("href", "") })
}

func text(t testing.TB, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body)
}
