package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// everShop is a real shop that nobody here wrote, and Banyan in front of it.
type everShop struct {
	t        *testing.T
	direct   string // EverShop's own address
	edge     string // Banyan's
	database string
	callers  int // each request comes from its own address: EverShop allows 300 a minute each
}

// newEverShop puts Banyan in front of the running EverShop.
func newEverShop(t *testing.T) *everShop {
	direct := os.Getenv("BANYAN_TEST_EVERSHOP")
	if direct == "" {
		t.Skip("skipped: no EverShop runs here; make test-evershop starts one")
	}
	edge := os.Getenv("BANYAN_TEST_EDGE")
	data := filepath.Join(t.TempDir(), "data")
	config := filepath.Join(t.TempDir(), "banyan.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
storefront: http://%s
origins:
  legacy: {url: %q, host: preserve}
  serverless: {url: local}
trusted_hops: [127.0.0.1]   # the test's shoppers come through a load balancer here
products: {file: products.yaml, paths: ["/shop/{category}/{product}"]}
`, edge, direct), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(config), "products.yaml"), nil, 0o600))
	up(t, data, "--legacy", direct, "--config", config, "--listen", edge)
	return &everShop{t: t, direct: direct, edge: "http://" + edge, database: os.Getenv("BANYAN_TEST_EVERSHOP_DB")}
}

// answer is what a shopper sees of one response.
type answer struct {
	status  int
	header  http.Header
	cookies []string // names and attributes, without values
	body    string
}

func (e *everShop) ask(base, method, path, body string, edit ...func(*http.Request)) answer {
	e.t.Helper()
	req, err := http.NewRequest(method, base+path, strings.NewReader(body))
	require.NoError(e.t, err)
	e.callers++
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", e.callers%250+1))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, f := range edit {
		f(req)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	require.NoError(e.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(e.t, err)
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(text)}
	for _, c := range resp.Cookies() {
		c.Value, c.Raw = "", ""
		c.Expires, c.RawExpires = time.Time{}, ""
		a.cookies = append(a.cookies, c.String())
	}
	slices.Sort(a.cookies)
	return a
}

// changing lists headers that differ between two answers of EverShop itself.
var changing = []string{"Date", "Set-Cookie", "Ratelimit-Remaining", "Ratelimit-Reset", "Connection", "Keep-Alive"}

// requireSame asks EverShop twice directly and once through Banyan: what the
// two direct answers agree on, Banyan's must have too.
func (e *everShop) requireSame(method, path, body string, edit ...func(*http.Request)) answer {
	e.t.Helper()
	first := e.ask(e.direct, method, path, body, edit...)
	second := e.ask(e.direct, method, path, body, edit...)
	through := e.ask(e.edge, method, path, body, edit...)

	require.Equal(e.t, first.status, through.status, "%s %s", method, path)
	require.Equal(e.t, first.cookies, through.cookies, "%s %s", method, path)
	for name := range first.header {
		if !slices.Contains(changing, name) && slices.Equal(first.header[name], second.header[name]) {
			require.Equal(e.t, first.header[name], through.header[name], "%s %s: %s", method, path, name)
		}
	}
	for name := range through.header {
		if !slices.Contains(changing, name) {
			require.Contains(e.t, first.header, name, "%s %s: Banyan added a header", method, path)
		}
	}
	if first.body == second.body {
		require.Equal(e.t, first.body, through.body, "%s %s", method, path)
	} else {
		require.InDelta(e.t, len(first.body), len(through.body), 64, "%s %s: a body that changes by itself keeps its length", method, path)
	}
	return through
}

func TestEverShop_IsTheSameWithAndWithoutBanyan(t *testing.T) {
	e := newEverShop(t)
	home := e.requireSame(http.MethodGet, "/", "")
	product := e.requireSame(http.MethodGet, "/accessories/ceramic-coffee-cup-white", "")
	for _, path := range []string{"/accessories", "/cart", "/checkout", "/account/login", "/account/register", "/admin", "/admin/login",
		"/search?keyword=cup", "/no-such-page", "/accessories?page=2&limit=5", "/%61ccessories", "/accessories/", "/a//b", "/a%2fb"} {
		e.requireSame(http.MethodGet, path, "")
	}
	e.requireSame(http.MethodHead, "/", "") // EverShop answers 404; so does Banyan
	e.requireSame(http.MethodOptions, "/", "")
	e.requireSame(http.MethodPost, "/api/graphql", `{"query":"query{ products { total } }"}`)
	e.requireSame(http.MethodPost, "/api/carts", `{"not":"a cart"}`)

	assets := regexp.MustCompile(`(?:src|href)="(/[^"]+\.(?:js|css|png|svg|ico|webp|jpg)[^"]*)"`)
	seen := map[string]bool{}
	for _, m := range append(assets.FindAllStringSubmatch(home.body, -1), assets.FindAllStringSubmatch(product.body, -1)...) {
		if !seen[m[1]] {
			seen[m[1]] = true
			a := e.requireSame(http.MethodGet, m[1], "")
			etag := a.header.Get("ETag")
			e.requireSame(http.MethodGet, m[1], "", func(r *http.Request) { r.Header.Set("If-None-Match", etag) })
			e.requireSame(http.MethodGet, m[1], "", func(r *http.Request) { r.Header.Set("Range", "bytes=10-99") })
		}
	}
	require.NotEmpty(t, seen, "the pages name assets")
}

func awaitPromise(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// TestEverShop_ABrowserShopsThroughBanyan walks with a real browser and sees
// that it never goes around the edge.
func TestEverShop_ABrowserShopsThroughBanyan(t *testing.T) {
	e := newEverShop(t)
	b := newShopper(t)
	var around []string
	var inside int
	hosts := chromedp.Evaluate(`performance.getEntriesByType("resource").map(r => r.name).filter(u => !u.startsWith(location.origin) && !u.startsWith("data:"))`, &around)
	b.do(chromedp.Navigate(e.edge+"/accessories/ceramic-coffee-cup-white"), chromedp.WaitVisible(`//button[contains(translate(., "ADTOCR", "adtocr"), "add to cart")]`))
	require.Contains(t, b.look("evershop-1-product"), "Ceramic Coffee Cup")
	b.do(hosts)
	require.Empty(t, around)
	// Its script takes the page over some time after it is shown, and choosing a
	// colour may load it anew: press until the cup is in the cart.
	press := func(words string) chromedp.Action {
		return chromedp.Evaluate(`[...document.querySelectorAll("button")].find(b => b.textContent.trim() === "`+words+`")?.click()`, nil)
	}
	inCart := chromedp.Evaluate(`fetch("/api/graphql", {method: "POST", headers: {"content-type": "application/json"},
		body: JSON.stringify({query: "query { myCart { totalQty } }"})}).then(r => r.json()).then(a => a.data?.myCart?.totalQty || 0)`, &inside, awaitPromise)
	for range 10 {
		ctx, cancel := context.WithTimeout(b.ctx, 4*time.Second)
		err := chromedp.Run(ctx, press("White"), chromedp.Sleep(time.Second), press("Add to cart"), chromedp.Sleep(time.Second), inCart)
		cancel()
		if err == nil && inside > 0 {
			break
		}
	}
	require.Positive(t, inside, "the cup is in the cart")
	var cart string
	b.do(chromedp.Evaluate(`fetch("/cart").then(r => r.text())`, &cart, awaitPromise))
	require.Contains(t, cart, "Ceramic Coffee Cup", "its page says so too")
	b.do(hosts)
	require.Empty(t, around)
}

func TestEverShop_SeesTheShoppersOwnAddress(t *testing.T) {
	e := newEverShop(t)
	from := func(address string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-Forwarded-For", address) }
	}
	left := func(a answer) string { return a.header.Get("Ratelimit-Remaining") }
	first := e.ask(e.edge, http.MethodGet, "/cart", "", from("203.0.113.7"))
	second := e.ask(e.edge, http.MethodGet, "/cart", "", from("203.0.113.7"))
	other := e.ask(e.edge, http.MethodGet, "/cart", "", from("203.0.113.8"))
	require.NotEqual(t, left(first), left(second), "one shopper uses up their own allowance")
	require.NotEqual(t, left(second), left(other), "and not another's")
}

func TestEverShop_LoginIsTheSame(t *testing.T) {
	e := newEverShop(t)
	login := func(base string, n int) (register, in answer, page string) {
		email := fmt.Sprintf("ann-%d-%d@example.com", n, time.Now().UnixNano())
		register = e.ask(base, http.MethodPost, "/api/customers", fmt.Sprintf(`{"email":%q,"password":"Passw0rd!x","full_name":"Ann Angler"}`, email))
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		client := &http.Client{Jar: jar}
		body := fmt.Sprintf(`{"email":%q,"password":"Passw0rd!x"}`, email)
		resp, err := client.Post(base+"/customer/login", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		in = answer{status: resp.StatusCode, header: resp.Header, body: string(text)}
		account, err := client.Get(base + "/account")
		require.NoError(t, err)
		defer account.Body.Close()
		text, err = io.ReadAll(account.Body)
		require.NoError(t, err)
		require.Contains(t, string(text), email, "the account page knows who is logged in")
		return register, in, string(text)
	}
	r1, in1, _ := login(e.direct, 1)
	r2, in2, _ := login(e.edge, 2)
	require.Equal(t, r1.status, r2.status)
	require.Equal(t, in1.status, in2.status)
	require.Equal(t, keys(t, in1.body), keys(t, in2.body))

	wrong := `{"email":"nobody@example.com","password":"wrong"}`
	e.requireSame(http.MethodPost, "/customer/login", wrong)
}

func TestEverShop_CheckoutIsTheSameAndTheOrderIsInItsDatabase(t *testing.T) {
	e := newEverShop(t)
	direct, _ := e.checkout(e.direct)
	through, number := e.checkout(e.edge)
	require.Equal(t, direct, through, "status and form of each answer on the way")

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	db, err := pgx.Connect(ctx, e.database)
	require.NoError(t, err)
	defer db.Close(ctx)
	var rows int
	require.NoError(t, db.QueryRow(ctx, `SELECT count(*) FROM "order" WHERE order_number = $1`, number).Scan(&rows))
	require.Equal(t, 1, rows)
}

// checkout walks the whole chain of calls that EverShop's own page makes, and
// returns the status and the JSON keys of each answer, and the order's number.
func (e *everShop) checkout(base string) (steps []string, number string) {
	e.t.Helper()
	call := func(path, body string) answer {
		a := e.ask(base, http.MethodPost, path, body)
		shape := strings.ReplaceAll(fmt.Sprint(a.status, " ", keys(e.t, a.body)), base, "")
		steps = append(steps, shape)
		return a
	}
	var cart struct{ Data struct{ CartID string } }
	e.decode(call("/api/carts", `{"customer_full_name":"Ann","customer_email":"ann@example.com","items":[{"sku":"CUP-001-WHT","qty":1}]}`), &cart)
	id := cart.Data.CartID
	address := `{"full_name":"Ann Buyer","telephone":"5550100","address_1":"1 Main St","city":"Albany","country":"US","province":"US-NY","postcode":"12207"}`
	call("/api/carts/"+id+"/contacts", `{"email":"ann@example.com"}`)
	call("/api/carts/"+id+"/addresses", `{"type":"shipping","address":`+address+`}`)
	call("/api/carts/"+id+"/shippingMethods", fmt.Sprintf(`{"provider_code":"core","method_code":%q}`, e.shippingMethod()))
	call("/api/carts/"+id+"/addresses", `{"type":"billing","address":`+address+`}`)
	call("/api/carts/"+id+"/paymentMethods", `{"method_code":"cod","method_name":"Cash on Delivery"}`)
	placed := call("/api/orders", fmt.Sprintf(`{"cart_id":%q}`, id))
	require.Equal(e.t, http.StatusOK, placed.status, "%s", placed.body)
	var order struct {
		Data struct {
			Number any `json:"order_number"`
		}
	}
	e.decode(placed, &order)
	return steps, fmt.Sprint(order.Data.Number)
}

func (e *everShop) shippingMethod() string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	db, err := pgx.Connect(ctx, e.database)
	require.NoError(e.t, err)
	defer db.Close(ctx)
	var uuid string
	require.NoError(e.t, db.QueryRow(ctx, `SELECT uuid::text FROM core_shipping_method LIMIT 1`).Scan(&uuid))
	return uuid
}

func (e *everShop) decode(a answer, into any) {
	e.t.Helper()
	dec := json.NewDecoder(bytes.NewBufferString(a.body))
	dec.UseNumber()
	require.NoError(e.t, dec.Decode(into), "%d %s", a.status, a.body)
}

// keys lists the paths of a JSON document's keys.
func keys(t *testing.T, text string) []string {
	t.Helper()
	var doc any
	require.NoError(t, json.Unmarshal([]byte(text), &doc), "%s", text)
	set := map[string]bool{}
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, inner := range v {
				set[prefix+"."+k] = true
				walk(prefix+"."+k, inner)
			}
		case []any:
			for _, inner := range v {
				walk(prefix+"[]", inner)
			}
		}
	}
	walk("", doc)
	list := make([]string, 0, len(set))
	for k := range set {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
