package proxy

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// shopAddress is the address that shoppers use in these tests.
var shopAddress = &url.URL{Scheme: "https", Host: "shop.example"}

// pointing makes an origin's answer of every field that points at an address.
func pointing(status, address string) string {
	host := strings.Split(strings.TrimPrefix(address, "http://"), ":")[0]
	return "HTTP/1.1 " + status + "\r\n" + strings.Join([]string{
		"X-Before: " + address,
		"Location:  " + address + "/cart?a=%2F&back=" + address + " \t",
		"content-location: " + address + "/cart/1",
		"Link: <" + address + "/a.css>; rel=preload, </b.css>; rel=preload",
		"LINK: <" + address + "/c.css>; rel=preload",
		"Refresh: 5; url=" + address + "/home",
		"Set-Cookie: sid=1; Path=/; Domain=" + host + "; Secure",
		"Set-Cookie: theirs=1; Domain=elsewhere.example",
		"X-After: " + address,
		"Content-Length: " + fmt.Sprint(len(address)),
		"", address,
	}, "\r\n")
}

// requirePointed checks the answer that is made of pointing's.
func requirePointed(t *testing.T, status int, address string, a answer) {
	t.Helper()
	require.Equal(t, status, a.StatusCode)
	require.Equal(t, "https://shop.example/cart?a=%2F&back="+address, a.Header.Get("Location"))
	require.Equal(t, "https://shop.example/cart/1", a.Header.Get("Content-Location"))
	require.Equal(t, []string{
		"<https://shop.example/a.css>; rel=preload, </b.css>; rel=preload", "<https://shop.example/c.css>; rel=preload",
	}, a.Header["Link"])
	require.Equal(t, "5; url=https://shop.example/home", a.Header.Get("Refresh"))
	require.Equal(t, []string{"sid=1; Path=/; Secure", "theirs=1; Domain=elsewhere.example"}, a.Header["Set-Cookie"])
	require.Equal(t, address, a.Header.Get("X-Before"))
	require.Equal(t, address, a.Header.Get("X-After"))
	require.Equal(t, address, a.body, "bodies are left alone")
}

func TestRedirect_WhatPointsAtAnOriginPointsAtTheStorefront(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		for _, status := range []string{"200 OK", "201 Created", "301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"} {
			var address string
			origin := startOrigin(t, func(v *caller, h heard) bool { return say(pointing(status, address))(v, h) })
			address = origin.origin().URL.String()
			for _, o := range []Options{
				{Legacy: origin.origin()},
				{Table: always(toServerless), Serverless: Serverless{Origin: origin.origin()}},
				{Table: always(toServerless), Serverless: Serverless{Origin: closedOrigin(t)}, Legacy: origin.origin()},
				{Table: always(toServerless), Legacy: origin.origin(), Serverless: Serverless{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					http.Error(w, "", http.StatusBadGateway) // legacy answers instead
				})}},
			} {
				o.Storefront = shopAddress
				a := startEdge(t, o).get(request("GET /"))
				var want int
				_, _ = fmt.Sscan(status, &want)
				requirePointed(t, want, address, a)
			}
		}
	})
}

func TestRedirect_ReachesWhatGoesByHandToo(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		var address string
		origin := startOrigin(t, func(v *caller, h heard) bool { return say(pointing("303 See Other", address))(v, h) })
		address = origin.origin().URL.String()
		e := startEdge(t, Options{Legacy: origin.origin(), Storefront: shopAddress})
		v := e.dial(request("POST /", "Transfer-Encoding: chunked"))
		v.say("3\r\n")
		v.say("abc\r\n0\r\n\r\n")
		requirePointed(t, http.StatusSeeOther, address, v.answer("POST"))
		require.Equal(t, "POST / HTTP/1.1", origin.heard().line)
	})
}

func TestRedirect_EarlyHintsPointAtTheStorefront(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		var address string
		origin := startOrigin(t, func(v *caller, h heard) bool {
			return say("HTTP/1.1 103 Early Hints\r\nLink: <"+address+"/a.css>; rel=preload\r\n\r\n"+plainAnswer)(v, h)
		})
		address = origin.origin().URL.String()
		v := startEdge(t, Options{Legacy: origin.origin(), Storefront: shopAddress}).dial(request("GET /"))
		require.Equal(t, "HTTP/1.1 103 Early Hints", v.line())
		require.Equal(t, "Link: <https://shop.example/a.css>; rel=preload", v.line())
		require.Empty(t, v.line())
		require.Equal(t, "ok", v.answer("GET").body)
	})
}

func TestRedirect_UpgradesCookiesAreTheStorefronts(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, func(v *caller, h heard) bool {
			_, _ = io.WriteString(v, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nSet-Cookie: a=b; Domain=127.0.0.1\r\n\r\n")
			return false
		})
		e := startEdge(t, Options{Legacy: origin.origin(), Storefront: shopAddress})
		a := e.dial(request("GET /", "Connection: Upgrade", "Upgrade: echo")).answer("GET")
		require.Equal(t, http.StatusSwitchingProtocols, a.StatusCode)
		require.Equal(t, []string{"a=b"}, a.Header["Set-Cookie"])
	})
}

func TestRedirect_NameThatAnOriginIsAskedByIsItsOwn(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say("HTTP/1.1 302 Found\r\nLocation: https://old.internal/a\r\nSet-Cookie: a=b; Domain=.old.internal\r\nContent-Length: 0\r\n\r\n"))
		legacy := origin.origin()
		legacy.Host = "old.internal"
		a := startEdge(t, Options{Legacy: legacy, Storefront: shopAddress}).get(request("GET /"))
		require.Equal(t, "https://shop.example/a", a.Header.Get("Location"))
		require.Equal(t, []string{"a=b"}, a.Header["Set-Cookie"])
		// The shopAddress's own name stays as it is, in whatever scheme.
		own := startOrigin(t, say("HTTP/1.1 302 Found\r\nLocation: http://shop.example/a\r\nContent-Length: 0\r\n\r\n")).origin()
		own.Host = "shop.example"
		require.Equal(t, "http://shop.example/a", startEdge(t, Options{Legacy: own, Storefront: shopAddress}).get(request("GET /")).Header.Get("Location"))
	})
}

func TestRedirect_NothingIsRewrittenWithoutAStorefront(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		var address string
		origin := startOrigin(t, func(v *caller, h heard) bool { return say(pointing("302 Found", address))(v, h) })
		address = origin.origin().URL.String()
		for _, where := range []*url.URL{nil, origin.origin().URL} {
			a := startEdge(t, Options{Legacy: origin.origin(), Storefront: where}).get(request("GET /"))
			require.Equal(t, address+"/cart?a=%2F&back="+address, a.Header.Get("Location"))
			require.Equal(t, "sid=1; Path=/; Domain=127.0.0.1; Secure", a.Header["Set-Cookie"][0])
		}
	})
}

func TestRedirect_HandlersOwnHeaderIsNotWrittenTo(t *testing.T) {
	shared := []string{"http://old.internal/a"}
	onBoth(t, func(t *testing.T) {
		legacy := startOrigin(t, say(plainAnswer)).origin()
		legacy.Host = "old.internal"
		e := startEdge(t, Options{Table: always(toServerless), Legacy: legacy, Storefront: shopAddress,
			Serverless: Serverless{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Location"] = shared
				w.WriteHeader(http.StatusFound)
			})}})
		a := e.get(request("GET /"))
		require.Equal(t, "https://shop.example/a", a.Header.Get("Location"))
		require.Equal(t, route.Serverless.String(), e.log.next(t, "request")["arm"])
		require.Equal(t, "http://old.internal/a", shared[0])
	})
}

func TestNew_RefusesAStorefrontThatIsNone(t *testing.T) {
	for _, text := range []string{"shop.example", "ftp://shop.example", "https://"} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		_, err = New(Options{Table: always(decided{}), Legacy: closedOrigin(t), Storefront: u})
		require.ErrorContains(t, err, "the storefront needs an http or https address", text)
	}
}
