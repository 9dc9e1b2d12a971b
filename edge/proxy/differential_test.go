package proxy

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// storefront answers in all the ways that a shop does.
func storefront() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Set-Cookie"] = []string{"a=b c; Path=/", `d="e"; Expires=Wed, 21 Oct 2099 07:28:00 GMT`}
		w.Header()["X-Twice"] = []string{"1", "2"}
		w.Header().Set("Vary", "Accept-Encoding, Cookie")
		_, _ = io.WriteString(w, "<h1>rods</h1>")
	})
	mux.HandleFunc("/untyped", func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		_, _ = io.WriteString(w, "<html>")
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		http.ServeContent(w, r, "a.txt", httpDate, strings.NewReader("0123456789"))
	})
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 5000 {
			_, _ = fmt.Fprintln(w, i)
		}
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	mux.HandleFunc("/nothing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/teapot", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "short and stout", http.StatusTeapot) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "//cdn.example/a b?%zz")
		w.WriteHeader(http.StatusPermanentRedirect)
	})
	mux.HandleFunc("/down", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		http.Error(w, "maintenance", http.StatusServiceUnavailable)
	})
	return mux
}

func TestProxy_AnswersAreTheOriginsOwn(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := httptest.NewServer(storefront())
		defer origin.Close()
		address, err := url.Parse(origin.URL)
		require.NoError(t, err)
		e := startEdge(t, Options{Legacy: Origin{URL: address}})
		for _, text := range []string{
			request("GET /page"), request("HEAD /page"), request("OPTIONS /page"), request("GET /untyped"), request("GET /none"),
			request("GET /file"), request("HEAD /file"), request("GET /file", "Range: bytes=2-4"), request("GET /file", "Range: bytes=99-"),
			request("GET /file", "Range: bytes=0-1,4-5"), request("GET /file", `If-None-Match: "v1"`), request("GET /file", `If-Match: "v2"`),
			request("GET /long"), request("GET /nothing"), request("GET /teapot"), request("GET /moved"), request("GET /down"),
			request("POST /echo", "Content-Length: 3") + "abc", request("POST /echo", "Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\n\r\n",
			request("POST /echo", "Content-Length: 0"), request("PATCH /echo", "Content-Length: 3") + "abc", request("DELETE /nothing"),
			"GET /page HTTP/1.0\r\n\r\n", "GET /long HTTP/1.0\r\nHost: shop.example\r\n\r\n",
		} {
			method, _, _ := strings.Cut(text, " ")
			want := dial(t, address.Host, text).answer(method)
			got := e.get(text)
			line, _, _ := strings.Cut(text, "\r\n")
			require.Equal(t, want.StatusCode, got.StatusCode, line)
			require.Equal(t, plainBoundary(want), plainBoundary(got), line)
			require.Equal(t, want.ContentLength, got.ContentLength, line)
			require.Equal(t, want.TransferEncoding, got.TransferEncoding, line)
			delete(want.Header, "Date") // the second may have changed
			delete(got.Header, "Date")
			if strings.HasPrefix(want.Header.Get("Content-Type"), "multipart/") {
				delete(want.Header, "Content-Type")
				delete(got.Header, "Content-Type")
			}
			require.Equal(t, want.Header, got.Header, line)
		}
	})
}

// plainBoundary returns a body without the boundary that each answer with
// several ranges makes up.
func plainBoundary(a answer) string {
	_, boundary, ok := strings.Cut(a.Header.Get("Content-Type"), "boundary=")
	if !ok {
		return a.body
	}
	return strings.ReplaceAll(a.body, boundary, "boundary")
}
