package lambda_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// handWritten are requests that have gone wrong somewhere before.
var handWritten = map[string]string{
	"page":             "GET /shop/rods/muskie-casting-rod HTTP/1.1\r\nHost: shop.example.com\r\n\r\n",
	"query in order":   "GET /search?z=1&a=2&m=3&a=4&q=caf%C3%A9+x&empty=&bare HTTP/1.1\r\nHost: h\r\n\r\n",
	"query oddities":   "GET /?a=%zz&b=1;c=2&&=x&%3D=%26 HTTP/1.1\r\nHost: h\r\n\r\n",
	"question mark":    "GET /a? HTTP/1.1\r\nHost: h\r\n\r\n",
	"percent":          "GET /sale/100%25-off HTTP/1.1\r\nHost: h\r\n\r\n",
	"encoded question": "GET /what%3Fnow/x%23y?real=1 HTTP/1.1\r\nHost: h\r\n\r\n",
	"space and utf-8":  "GET /a%20b/caf%C3%A9 HTTP/1.1\r\nHost: h\r\n\r\n",
	"plus":             "GET /a+b/c%2Bd HTTP/1.1\r\nHost: h\r\n\r\n",
	"encoded slash":    "GET /a%2Fb/c HTTP/1.1\r\nHost: h\r\n\r\n",
	"sub-delims":       "GET /a!b$c&d'e(f)g*h,i;j=k:l@m~n[o] HTTP/1.1\r\nHost: h\r\n\r\n",
	"needless escapes": "GET /%61%62c%7E HTTP/1.1\r\nHost: h\r\n\r\n",
	"two slashes":      "GET //evil.example/x HTTP/1.1\r\nHost: h\r\n\r\n",
	"dots":             "GET /a/../b/./c HTTP/1.1\r\nHost: h\r\n\r\n",
	"host with port":   "GET / HTTP/1.1\r\nHost: shop.example.com:8080\r\n\r\n",
	"http/1.0":         "GET / HTTP/1.0\r\nHost: h\r\n\r\n",
	"odd method":       "PROPFIND /x HTTP/1.1\r\nHost: h\r\n\r\n",
	"lower method":     "get / HTTP/1.1\r\nHost: h\r\n\r\n",
	"commas":           "GET / HTTP/1.1\r\nHost: h\r\nStripe-Signature: t=1492774577,v1=5257a8,v0=6ffbb5\r\nIf-Range: Wed, 21 Oct 2015 07:28:00 GMT\r\nSec-CH-UA: \"A\";v=\"8\", \"B\";v=\"1\"\r\nX-Json: {\"a\":1, \"b\":[2,3]}\r\n\r\n",
	"repeated headers": "GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a: 2\r\nX-A:   3  \r\nAccept: a\r\nAccept: b\r\n\r\n",
	"cookies":          "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1; b=2,3; c=\"x y\"; a=4\r\n\r\n",
	"tight cookies":    "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1;b=2\r\nCookie: c=3\r\n\r\n",
	"empty header":     "GET / HTTP/1.1\r\nHost: h\r\nX-Empty:\r\n\r\n",
	"json":             "POST /checkout HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n{\"a\":\"\\u00e9 \\\"x\\\" \xc3\xa9\n\"}",
	"form":             "POST /checkout?q=1&sku=0 HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 31\r\n\r\nsku=a&sku=b&note=50%25+off%26ok",
	"bad form":         "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\na=%zz",
	"chunked":          "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n",
	"binary":           "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n\x00\x01\xff\xfe\x80\"",
	"no body":          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
	"get with body":    "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
	"forwarded":        "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil\r\nTraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nX-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793\r\n\r\n",
	"absolute form":    "GET http://shop.example.com/a?b=1 HTTP/1.1\r\nHost: other\r\n\r\n",
}

func TestAdapter_HandlerSeesWhatNetHTTPShows(t *testing.T) {
	a := serveArms(t, http.HandlerFunc(probe))
	for name, raw := range handWritten {
		t.Run(name, func(t *testing.T) { compareSeen(t, a, raw) })
	}
}

func TestAdapter_HandlerSeesWhatNetHTTPShows_ForAnyRequest(t *testing.T) {
	a := serveArms(t, http.HandlerFunc(probe))
	rapid.Check(t, func(t *rapid.T) { compareSeen(t, a, anyRequest(t)) })
}

// compareSeen sends one request every way and compares what the handler saw,
// but for the differences that the package's comment lists.
func compareSeen(t require.TestingT, a arms, raw string) {
	direct := exchange(t, a.direct, raw)
	if direct.status != http.StatusOK {
		return // net/http refused it, and so it stands before any front as well
	}
	for name, s := range a.wraps {
		got := exchange(t, s, raw).seen(t)
		require.Equal(t, allowed(name, direct.seen(t)), comparable(name, got), "%s: %q", name, raw)
		require.True(t, strings.HasPrefix(got.RequestURI, got.EscapedPath), "%s: %+v", name, got)
		require.Equal(t, "0", got.RemotePort)
	}
}

// allowed is what a handler behind the front may see instead of want.
func allowed(front string, want seen) seen {
	// A body has come whole, and so its length is known.
	want.TransferEncoding, want.ContentLength = nil, int64(len(want.Body))
	if len(want.Body) > 0 {
		want.Header["Content-Length"] = []string{strconv.Itoa(len(want.Body))}
	}
	// The absolute form of a request's target becomes the usual one.
	want.RequestURI = strings.TrimPrefix(want.RequestURI, "http://"+want.URLHost)
	want.URLHost = ""
	// Of a question mark with nothing after it there is no trace.
	want.RequestURI = strings.TrimSuffix(want.RequestURI, "?")
	// The events of payload 2.0 have one line a header, and cookies apart.
	if front == "gateway" || front == "http-api" || front == "function-url" {
		for name, values := range want.Header {
			want.Header[name] = []string{strings.Join(values, ",")}
		}
	}
	if front == "alb-single" {
		for name, values := range want.Header {
			want.Header[name] = values[len(values)-1:]
		}
		want.Cookies = nil
		for _, c := range (&http.Request{Header: want.Header}).Cookies() {
			want.Cookies = append(want.Cookies, c.Name+"="+c.Value)
		}
	}
	return comparable(front, want)
}

// comparable takes out what cannot be compared.
func comparable(front string, s seen) seen {
	s.RemotePort = ""
	delete(s.Header, "X-Forwarded-For")
	delete(s.Header, "X-Forwarded-Proto")
	delete(s.Header, "Connection")
	delete(s.Header, "Cookie") // the cookies themselves are compared
	switch front {
	case "gateway", "http-api":
		// The path was decoded on the way, so only its meaning is the same.
		s.RequestURI, s.RawPath, s.EscapedPath = "", "", ""
	case "rest-api":
		// The query was decoded, and its map has no order.
		s.RequestURI, s.RawQuery, s.FormError = "", "", ""
	case "alb-multi":
		// A map of parameters has no order, and an ALB does not tell the protocol.
		s.RequestURI, s.RawQuery, s.Proto = "", "", ""
	case "alb-single":
		// Of a repeated name only the last value is in the event.
		s.RequestURI, s.RawQuery, s.Proto = "", "", ""
		s.Query, s.Form = lastOnly(s.Query), nil
	}
	return s
}

func lastOnly(v url.Values) url.Values {
	out := url.Values{}
	for name, values := range v {
		out[name] = values[len(values)-1:]
	}
	return out
}

// anyRequest writes a well-formed request.
func anyRequest(t *rapid.T) string {
	var b strings.Builder
	method := rapid.SampledFrom([]string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}).Draw(t, "method")
	path := rapid.StringMatching(`(/([a-zA-Z0-9._~!$&'()*+,;=:@-]|%2[0-9]|%3[A-F]|%5B|%C3%A9|%7C){0,8}){1,4}`).Draw(t, "path")
	query := rapid.StringMatching(`([a-z]{1,3}=([a-zA-Z0-9.~_-]|%2[0-9]|%3D|%E2%82%AC|\+){0,8}(&[a-z]{4}=[0-9,]{0,3})?)?`).Draw(t, "query")
	if query != "" {
		path += "?" + query
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, rapid.StringMatching(`[a-z]{1,8}(\.[a-z]{2,4})?(:[1-9][0-9]{1,3})?`).Draw(t, "host"))
	names := rapid.MapOfN(rapid.StringMatching(`[XAQ]-[a-zA-Z0-9_-]{1,6}`), rapid.StringMatching(`[ -~]{0,12}`), 0, 5).Draw(t, "header")
	folded := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !folded[strings.ToLower(name)] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, names[name])
		}
		folded[strings.ToLower(name)] = true
	}
	if cookies := rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,4}=[a-zA-Z0-9,/+%-]{0,6}`), 0, 4).Draw(t, "cookies"); len(cookies) > 0 {
		fmt.Fprintf(&b, "Cookie: %s\r\n", strings.Join(cookies, "; "))
	}
	body := rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "body")
	kind := rapid.SampledFrom([]string{"application/json", "text/plain; charset=utf-8", "application/octet-stream", "application/x-www-form-urlencoded"}).Draw(t, "type")
	fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(body), body)
	return b.String()
}
