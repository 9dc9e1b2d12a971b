package lambda_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/gorilla/mux"
	"github.com/stretchr/testify/require"
)

// routers are gorilla/mux routers in their different tempers.
var routers = map[string]func() *mux.Router{
	"plain":        mux.NewRouter,
	"strict slash": func() *mux.Router { return mux.NewRouter().StrictSlash(true) },
	"skip clean":   func() *mux.Router { return mux.NewRouter().SkipClean(true) },
	"encoded path": func() *mux.Router { return mux.NewRouter().UseEncodedPath() },
}

func muxHandler(router *mux.Router) http.Handler {
	show := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s %q %q", name, r.Method, mux.Vars(r), r.URL.Query())
		}
	}
	router.HandleFunc("/", show("home"))
	router.HandleFunc("/shop/{category}/{product}", show("product")).Methods("GET", "HEAD")
	router.HandleFunc("/shop/{category}/", show("category"))
	router.HandleFunc("/cart", show("cart")).Queries("add", "{sku}")
	router.HandleFunc("/checkout", show("checkout")).Methods("POST").Headers("Content-Type", "application/json")
	router.HandleFunc("/checkout/", show("checkout slash")).Methods("POST")
	router.Host("admin.example.com").Path("/secret").HandlerFunc(show("admin"))
	router.PathPrefix("/assets/").Handler(http.StripPrefix("/assets", show("asset")))
	return router
}

// muxRequests: those marked lossy have an encoded slash or dot, which an HTTP API
// decodes before anybody can see it.
var muxRequests = []struct {
	line  string
	lossy bool
}{
	{line: "GET /"},
	{line: "GET /shop/rods/muskie-casting-rod?a=1&a=2"},
	{line: "HEAD /shop/rods/muskie-casting-rod"},
	{line: "POST /shop/rods/muskie-casting-rod"},
	{line: "GET /shop/rods"},
	{line: "GET /shop/rods/"},
	{line: "GET /shop/rods/muskie-casting-rod/"},
	{line: "GET /shop//rods/x"},
	{line: "GET //shop/rods/x?keep=this"},
	{line: "GET /shop/../cart?add=x"},
	{line: "GET /./cart?add=%2Fx%20y"},
	{line: "POST /checkout"},
	{line: "POST /checkout/"},
	{line: "POST /a/../checkout"},
	{line: "GET /checkout"},
	{line: "GET /cart"},
	{line: "GET /cart?add=a%26b&add=c"},
	{line: "GET /shop/caf%C3%A9/100%25%20wool"},
	{line: "GET /shop/a%3Fb/c%23d?e=f"},
	{line: "GET /shop/a%2Fb/c", lossy: true},
	{line: "GET /shop/rods/%2e%2e", lossy: true},
	{line: "GET /assets/a/../b.css"},
	{line: "GET /assets/style.css?v=1"},
	{line: "GET /secret"},
	{line: "GET /nowhere"},
}

func TestAdapter_MuxRoutesAndRedirectsAsItDoesInNetHTTP(t *testing.T) {
	for temper, router := range routers {
		a := serveArms(t, muxHandler(router()))
		for _, rq := range muxRequests {
			raw := rq.line + " HTTP/1.1\r\nHost: shop.example.com\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
			direct := exchange(t, a.direct, raw)
			for name, s := range a.wraps {
				if rq.lossy && (name == "gateway" || name == "http-api") || name == "alb-single" {
					continue // of a repeated parameter a load balancer with single values keeps the last
				}
				got := exchange(t, s, raw)
				require.Equal(t, direct.status, got.status, "%s, %s: %s", temper, name, rq.line)
				require.Equal(t, direct.body, got.body, "%s, %s: %s", temper, name, rq.line)
				if name == "rest-api" {
					continue // it lost the spelling of the query, and so of a Location
				}
				require.Equal(t, direct.header.Get("Location"), got.header.Get("Location"), "%s, %s: %s", temper, name, rq.line)
			}
		}
	}
}

func TestAdapter_RedirectsNeverNameTheAPI(t *testing.T) {
	a := serveArms(t, muxHandler(mux.NewRouter().StrictSlash(true)))
	for name, s := range a.wraps {
		for _, path := range []string{"/shop/rods", "//cart", "/a/../cart"} {
			got := exchange(t, s, "GET "+path+" HTTP/1.1\r\nHost: shop.example.com\r\n\r\n")
			require.Equal(t, http.StatusMovedPermanently, got.status, "%s: %s", name, path)
			require.Regexp(t, `^/[a-z]`, got.header.Get("Location"), name)
		}
	}
}
