package shop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop"
)

// wire is an order in JSON: one muskie rod at its price.
const wire = `{"customer":{"email":"ann@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"},
	"lines":[{"sku":"muskie-casting-rod","quantity":1,"price":{"amount":18900,"currency":"USD"}}],"payment":{"token":"tok_demo"}}`

// form is the same as a form.
const form = "email=ann%40example.com&name=Ann+Angler&address=1+Main+St%2C+Albany+NY+12207&sku=muskie-casting-rod&quantity=1&price=18900&payment=tok_demo"

// answering is a shop whose orders end in err.
func answering(err error) http.Handler {
	return shop.New(shop.Options{Orders: orders{accept: func(context.Context, order.Order) (order.Receipt, error) {
		return order.Receipt{OrderID: "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, err
	}}})
}

func TestCheckout_JSONIsAccepted(t *testing.T) {
	h := open(t)
	res := postJSON(t, h, "/checkout", wire, "Idempotency-Key", "8e03978e-40d5-43dd-bc93-6894a57f9324")
	require.Equal(t, http.StatusAccepted, res.StatusCode)
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	answer := decode(t, res)
	location := res.Header.Get("Location")
	require.Equal(t, map[string]any{"order_id": strings.TrimPrefix(location, "/orders/"), "status": "written", "status_url": location}, answer)
	require.Equal(t, http.StatusOK, get(t, h, location).StatusCode)

	again := postJSON(t, h, "/checkout", wire, "Idempotency-Key", `"8e03978e-40d5-43dd-bc93-6894a57f9324"`)
	require.Equal(t, http.StatusAccepted, again.StatusCode)
	require.Equal(t, location, again.Header.Get("Location"), "the same key is the same order, quoted or not")
}

func TestCheckout_ABrowserWalksFromHomeToItsOrder(t *testing.T) {
	b := visit(t, open(t))
	product := b.open("/").Find("a.find").AttrOr("href", "")
	b.submit(b.open(product), "form.buy", nil)
	require.Equal(t, "/checkout", b.open("/cart").Find(".actions a:last-child").AttrOr("href", ""))
	checkout := b.open("/checkout")
	require.NotEmpty(t, b.cookies["riverbend_session"])
	res := b.submit(checkout, "form.checkout", ann)
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	require.NotContains(t, b.cookies, "riverbend_cart", "the cart is cleared")
	doc := b.open(res.Header.Get("Location"))
	require.Equal(t, "Confirmed", doc.Find("h1").Text())
	require.Contains(t, doc.Find(".receipt").Text(), "Vintage Creel, 1962")
	require.Contains(t, b.open(product).Find(".notice").Text(), "Sold.")
}

func TestCheckout_TheSameFormTwiceIsOneOrder(t *testing.T) {
	b := visit(t, open(t))
	b.submit(b.open("/shop/rods/muskie-casting-rod"), "form.buy", nil)
	checkout := b.open("/checkout")
	first := b.submit(checkout, "form.checkout", ann).Header.Get("Location")
	require.NotContains(t, b.cookies, "riverbend_cart")
	require.Equal(t, first, b.submit(checkout, "form.checkout", ann).Header.Get("Location"), "back, and sent again")

	b.submit(b.open("/shop/rods/muskie-casting-rod"), "form.buy", nil)
	second := b.submit(b.open("/checkout"), "form.checkout", ann).Header.Get("Location")
	require.NotEqual(t, first, second, "the same things bought again are another order")
}

// TestCheckout_EveryRefusal goes through the whole answer list, as JSON and as
// the form of a browser.
func TestCheckout_EveryRefusal(t *testing.T) {
	price := order.Money{Amount: 19900, Currency: "USD"}
	for _, test := range []struct {
		name   string
		err    error
		status int
		code   string
		retry  string
		say    string // on the page
		more   map[string]any
	}{
		{"a field is wrong", &order.InvalidError{Fields: []order.FieldError{{Field: "customer.email", Detail: "is odd"}}}, 400, "invalid", "",
			"Email is odd", map[string]any{"fields": []any{map[string]any{"field": "customer.email", "detail": "is odd"}}}},
		{"unknown product", &order.UnknownProductError{SKU: "canoe"}, 422, "unknown_product", "", "canoe", map[string]any{"sku": "canoe"}},
		{"price changed", &order.PriceChangedError{SKU: "muskie-casting-rod", Price: price}, 409, "price_changed", "", "Muskie Casting Rod now costs $199.00",
			map[string]any{"price": map[string]any{"amount": 19900.0, "currency": "USD"}, "sku": "muskie-casting-rod"}},
		{"sold out", &order.SoldOutError{SKU: "muskie-casting-rod"}, 409, "sold_out", "", "sold out", map[string]any{"left": 0.0}},
		{"too few left", &order.SoldOutError{SKU: "muskie-casting-rod", Left: 3}, 409, "sold_out", "", "Only 3 of", map[string]any{"left": 3.0}},
		{"key reused", order.ErrKeyReused, 422, "key_reused", "", "another order", nil},
		{"key in work", fmt.Errorf("claim: %w", order.ErrKeyInWork), 409, "key_in_work", "1", "being placed", nil},
		{"unavailable", fmt.Errorf("%w: dial tcp 10.0.0.7", order.ErrUnavailable), 503, "unavailable", "5", "try again", nil},
		{"anything else", errors.New("pq: password of root is hunter2"), 503, "unavailable", "5", "try again", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := answering(test.err)
			res := postJSON(t, h, "/checkout", wire)
			require.Equal(t, test.status, res.StatusCode)
			require.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
			require.Equal(t, test.retry, res.Header.Get("Retry-After"))
			require.Empty(t, res.Header.Get("Location"))
			problem := decode(t, res)
			require.Equal(t, test.code, problem["code"])
			require.EqualValues(t, test.status, problem["status"])
			require.Subset(t, problem, test.more)
			require.NotEmpty(t, problem["title"])
			leak := fmt.Sprint(problem)
			require.NotContains(t, leak, "hunter2")
			require.NotContains(t, leak, "10.0.0.7")

			res = postForm(t, h, "/checkout", form, "Accept", "text/html,*/*;q=0.8")
			require.Equal(t, test.status, res.StatusCode)
			require.Equal(t, test.retry, res.Header.Get("Retry-After"))
			require.Empty(t, res.Cookies(), "the cart stays")
			doc := page(t, res)
			lint(t, "/checkout", doc)
			require.Contains(t, doc.Find("[role=alert]").Text(), test.say)
			require.Equal(t, "ann@example.com", doc.Find("input[name=email]").AttrOr("value", ""), "what was typed is kept")
			require.Equal(t, "muskie-casting-rod", doc.Find("form.checkout input[name=sku]").AttrOr("value", ""))
			require.NotContains(t, doc.Text(), "hunter2")
			require.Equal(t, test.code, decode(t, postForm(t, h, "/checkout", form, "Accept", "application/json"))["code"])
		})
	}
}

func TestCheckout_FormShowsEachFaultBesideItsField(t *testing.T) {
	h := open(t)
	res := postForm(t, h, "/checkout", "email=nobody&name=&address=Here&sku=muskie-casting-rod&quantity=0&price=1&payment=tok_demo_wallet&cart=m.muskie-casting-rod~1")
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	doc := page(t, res)
	lint(t, "/checkout", doc)
	require.Equal(t, "Email is not an email address", doc.Find("#email-fault").Text())
	require.Equal(t, "Name is missing", doc.Find("#name-fault").Text())
	require.Equal(t, "true", doc.Find("#email").AttrOr("aria-invalid", ""))
	require.Equal(t, 1, doc.Find("[autofocus]").Length())
	require.Equal(t, "Here", doc.Find("#address").Text())
	require.Equal(t, "tok_demo_wallet", doc.Find("input[name=payment][checked]").AttrOr("value", ""))
	require.Contains(t, doc.Find("#line-0 .fault").Text(), "below 1")
	require.Equal(t, "m.muskie-casting-rod~1", doc.Find("input[name=cart]").AttrOr("value", ""))
	require.Equal(t, []string{"#email", "#name", "#line-0"}, hrefs(doc.Find("[role=alert] a")))
}

func TestCheckout_FormShowsTheNewPriceAndTakesItNextTime(t *testing.T) {
	b := visit(t, open(t))
	res := b.send(request{http.MethodPost, "/checkout", strings.Replace(form, "18900", "17900", 1), []string{"Content-Type", typeForm}})
	require.Equal(t, http.StatusConflict, res.StatusCode)
	doc := page(t, res)
	require.Contains(t, doc.Find("#line-0 .fault").Text(), "$189.00")
	require.Equal(t, http.StatusSeeOther, b.submit(doc, "form.checkout", nil).StatusCode)
}

func TestCheckout_PriceOfTheCatalogueIsWhatCounts(t *testing.T) {
	h := open(t)
	problem := decode(t, postJSON(t, h, "/checkout", strings.Replace(wire, "18900", "1", 1)))
	require.Equal(t, "price_changed", problem["code"])
	require.Equal(t, map[string]any{"amount": 18900.0, "currency": "USD"}, problem["price"])
	require.Equal(t, "unknown_product", decode(t, postJSON(t, h, "/checkout", strings.Replace(wire, "muskie-casting-rod", "canoe", 1)))["code"])
}

func TestCheckout_RefusesBodiesThatAreNone(t *testing.T) {
	h := open(t)
	for _, test := range []struct {
		name, kind, body string
		status           int
		extra            []string
	}{
		{"not JSON", "application/json", "{", 400, nil},
		{"nothing", "application/json", "", 400, nil},
		{"not a form", typeForm, "%zz", 400, nil},
		{"no type", "", wire, 415, nil},
		{"plain text", "text/plain", wire, 415, nil},
		{"a file form", "multipart/form-data; boundary=x", wire, 415, nil},
		{"a broken type", "application/json; =", wire, 415, nil},
		{"packed", "application/json", wire, 415, []string{"Content-Encoding", "gzip"}},
		{"too long", "application/json", strings.Repeat(" ", order.MaxBodyBytes+1), 413, nil},
		{"a bad key", "application/json", wire, 400, []string{"Idempotency-Key", "sp ace"}},
		{"a long key", "application/json", wire, 400, []string{"Idempotency-Key", strings.Repeat("k", 256)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			headers := append([]string{"Content-Type", test.kind, "Accept", "application/json"}, test.extra...)
			res := request{http.MethodPost, "/checkout", test.body, headers}.to(t, h)
			require.Equal(t, test.status, res.StatusCode)
			require.EqualValues(t, test.status, decode(t, res)["status"])
		})
	}
	require.Equal(t, http.StatusAccepted, postJSON(t, h, "/checkout", wire, "Content-Type", "application/json; charset=utf-8").StatusCode)
}

func TestCheckout_ABodyWithoutLengthIsCutAtTheLimit(t *testing.T) {
	server := httptest.NewServer(open(t))
	defer server.Close()
	endless := io.LimitReader(zeros{}, 8<<20)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/checkout", endless)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := server.Client().Do(req)
	if err == nil { // the server may also close while we are still sending
		defer res.Body.Close()
		require.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestCheckout_PassesOnWhereTheOrderCameFrom(t *testing.T) {
	var got order.Order
	h := shop.New(shop.Options{Orders: orders{accept: func(_ context.Context, o order.Order) (order.Receipt, error) {
		got = o
		return order.Receipt{OrderID: "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, nil
	}}})
	trace := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	postJSON(t, h, "/checkout", wire, "Idempotency-Key", "k", "Traceparent", trace, "X-Banyan-Epoch", "42", "Cookie", "riverbend_session=s")
	require.Equal(t, "k", got.Key)
	require.Equal(t, trace, got.Trace)
	require.EqualValues(t, 42, got.Epoch)
	require.Contains(t, got.Session, "s")
	require.EqualValues(t, 18900, got.Total.Amount)
	for _, bad := range []string{"x", strings.ToUpper(trace), trace + "0", strings.ReplaceAll(trace, "-", "_"), strings.Repeat("<", 55)} {
		postJSON(t, h, "/checkout", wire, "Traceparent", bad, "X-Banyan-Epoch", "-1")
		require.Empty(t, got.Trace, bad)
		require.Zero(t, got.Epoch)
	}
}

func TestCheckout_EndsWithItsShopper(t *testing.T) {
	h := shop.New(shop.Options{Orders: orders{accept: func(ctx context.Context, _ order.Order) (order.Receipt, error) {
		<-ctx.Done()
		return order.Receipt{}, ctx.Err()
	}}})
	ctx, leave := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/checkout", strings.NewReader(wire))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	leave()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
}

func TestCheckout_NastyWordsStayWords(t *testing.T) {
	nasty := `"><script>alert(1)</script>`
	v := url.Values{"email": {nasty}, "name": {nasty}, "address": {nasty}, "sku": {nasty}, "quantity": {nasty}, "payment": {nasty}, "cart": {nasty}}
	res := postForm(t, open(t), "/checkout", v.Encode())
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	doc := page(t, res)
	lint(t, "/checkout", doc)
	require.Zero(t, doc.Find("script").Length())
	require.Equal(t, nasty, doc.Find("#name").AttrOr("value", ""))
}

func TestCheckout_AnEmptyCartHasNothingToCheckOut(t *testing.T) {
	h := open(t)
	require.Zero(t, page(t, get(t, h, "/checkout")).Find("form.checkout").Length())
	res := postForm(t, h, "/checkout", "email=ann%40example.com&name=Ann&address=Here&payment=tok_demo")
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	require.Contains(t, page(t, res).Find("[role=alert]").Text(), "Your cart is empty")
}

func TestSession_CookieIsForThisShopOnly(t *testing.T) {
	h := open(t)
	plain := get(t, h, "/checkout").Cookies()[0]
	require.True(t, plain.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, plain.SameSite)
	require.False(t, plain.Secure)
	require.True(t, get(t, h, "/checkout", "X-Forwarded-Proto", "https").Cookies()[0].Secure)
	require.Empty(t, get(t, h, "/checkout", "Cookie", "riverbend_session="+plain.Value).Cookies(), "it is set once")
}

func FuzzCheckoutJSON(f *testing.F) {
	for _, seed := range []string{wire, "{}", "[]", "null", `{"lines":[{"sku":"muskie-casting-rod","quantity":-1}]}`, `{"lines":[{"price":null}]}`,
		strings.Replace(wire, `"quantity":1`, `"quantity":1e3`, 1), strings.Replace(wire, "ann@", `\ud800@`, 1), wire + wire} {
		f.Add([]byte(seed))
	}
	h, sent := recording()
	f.Fuzz(func(t *testing.T, body []byte) {
		*sent = order.Order{}
		res := postJSON(t, h, "/checkout", string(body))
		answer := decode(t, res)
		if res.StatusCode == http.StatusAccepted {
			requireSound(t, *sent)
			return
		}
		require.Contains(t, []int{400, 409, 413, 422}, res.StatusCode)
		require.EqualValues(t, res.StatusCode, answer["status"])
		require.Empty(t, sent.Lines, "a refused order went on")
	})
}

func FuzzCheckoutForm(f *testing.F) {
	for _, seed := range []string{form, "", "&&&;=", "sku=a&sku=b&quantity=1", "sku=muskie-casting-rod&quantity=99999999999999999999&price=-1",
		form + "&sku=vintage-creel-1962&quantity=1&price=14500", strings.Replace(form, "Ann", "%00%ff", 1)} {
		f.Add([]byte(seed))
	}
	h, sent := recording()
	f.Fuzz(func(t *testing.T, body []byte) {
		*sent = order.Order{}
		res := postForm(t, h, "/checkout", string(body))
		if res.StatusCode == http.StatusSeeOther {
			requireSound(t, *sent)
			return
		}
		require.Contains(t, []int{400, 409, 413, 422}, res.StatusCode)
		require.Empty(t, sent.Lines, "a refused order went on")
		lint(t, "/checkout", page(t, res))
	})
}

// recording is a shop that accepts everything it is given and keeps the last.
func recording() (http.Handler, *order.Order) {
	var last order.Order
	return shop.New(shop.Options{Orders: orders{accept: func(_ context.Context, o order.Order) (order.Receipt, error) {
		last = o
		return order.Receipt{OrderID: "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, nil
	}}}), &last
}

// requireSound holds what any order that goes on must be.
func requireSound(t *testing.T, o order.Order) {
	require.NoError(t, o.Validate())
	var total int64
	for _, l := range o.Lines {
		price, known := shop.Sample().Price(l.SKU)
		require.True(t, known)
		require.Equal(t, price, *l.Price)
		total += price.Amount * int64(l.Quantity)
	}
	require.Equal(t, total, o.Total.Amount)
	_, err := json.Marshal(o)
	require.NoError(t, err)
}

func BenchmarkCheckoutJSON(b *testing.B) {
	h := answering(nil)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/checkout", strings.NewReader(wire))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusAccepted {
			b.Fatal(w.Code, w.Body)
		}
	}
}

func BenchmarkProductPage(b *testing.B) {
	h := answering(nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/shop/rods/muskie-casting-rod", nil))
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		answering(nil)
	}
}
