package proxy

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// local trusts whoever connects in tests.
var local = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func TestProxy_WhatAViewerClaimsIsRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		claims := []string{
			"X-Banyan-Arm: serverless", "x-banyan-epoch: 99", "X-BANYAN-Anything: 1", "X_Banyan_Arm: serverless",
			"X-Forwarded-For: 6.6.6.6", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "X-Forwarded-Port: 1",
			"X_Forwarded_For: 6.6.6.6", "X-Real-IP: 6.6.6.6", "Forwarded: for=6.6.6.6",
			"traceparent: 00-11111111111111111111111111111111-1111111111111111-01", "tracestate: a=b",
		}
		origin := startOrigin(t, say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Banyan-Arm: lie\r\nX-Banyan-Secret: 1\r\n\r\nok"))
		e := startEdge(t, Options{Legacy: origin.origin(), Table: always(decided{Epoch: 41})})
		a := e.get(request("GET /", append(claims, "X-Kept: 1", "Connection: x-banyan-arm, x-banyan-epoch")...))
		require.Equal(t, http.Header{"Content-Length": {"2"}, "Date": a.Header["Date"]}, a.Header)
		h := origin.heard().header
		trace := h.Get("Traceparent")
		require.True(t, validTrace(trace), trace)
		require.NotContains(t, trace, "1111111111111111")
		delete(h, "Traceparent")
		require.Equal(t, http.Header{
			"X-Kept": {"1"}, "X-Banyan-Arm": {"legacy"}, "X-Banyan-Epoch": {"41"},
			"X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Host": {"shop.example"}, "X-Forwarded-Proto": {"http"},
			"Forwarded": {`for=127.0.0.1;host="shop.example";proto=http`},
		}, h)
	})
}

func TestProxy_TrustedHopIsBelieved(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Legacy: origin.origin(), TrustedHops: local})
		given := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
		e.get(request("GET /", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: www.shop.example",
			"X-Forwarded-Port: 443", "traceparent: "+given, "tracestate: a=b", "X-Banyan-Arm: lie", "X_Forwarded_For: 6.6.6.6"))
		h := origin.heard().header
		trace := h.Get("Traceparent")
		require.Equal(t, given[:36], trace[:36])
		require.Equal(t, given[52:], trace[52:])
		require.NotEqual(t, given, trace, "the edge is a span of its own")
		require.Equal(t, trace[3:35], e.log.next(t, "request")["trace_id"])
		delete(h, "Traceparent")
		require.Equal(t, http.Header{
			"X-Banyan-Arm": {"legacy"}, "X-Banyan-Epoch": {"0"}, "Tracestate": {"a=b"}, "X-Forwarded-Port": {"443"},
			"X-Forwarded-For": {"1.2.3.4, 127.0.0.1"}, "X-Forwarded-Host": {"www.shop.example"}, "X-Forwarded-Proto": {"https"},
			"Forwarded": {`for=1.2.3.4;host="www.shop.example";proto=https, for=127.0.0.1`},
		}, h)
	})
}

func TestHops_ClientIsTheRightmostThatIsNotTrusted(t *testing.T) {
	p := &Proxy{options: Options{TrustedHops: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}}
	for _, c := range []struct{ peer, given, client, chain string }{
		{"1.1.1.1:5", "2.2.2.2", "1.1.1.1", "1.1.1.1"},
		{"10.0.0.1:5", "", "10.0.0.1", "10.0.0.1"},
		{"10.0.0.1:5", "2.2.2.2", "2.2.2.2", "2.2.2.2, 10.0.0.1"},
		{"10.0.0.1:5", "6.6.6.6, 2.2.2.2", "2.2.2.2", "2.2.2.2, 10.0.0.1"},
		{"10.0.0.1:5", "6.6.6.6,2.2.2.2 ,10.0.0.2", "2.2.2.2", "2.2.2.2, 10.0.0.2, 10.0.0.1"},
		{"10.0.0.1:5", "10.0.0.3, 10.0.0.2", "10.0.0.3", "10.0.0.3, 10.0.0.2, 10.0.0.1"},
		{"10.0.0.1:5", "6.6.6.6, nonsense, 10.0.0.2", "10.0.0.2", "10.0.0.2, 10.0.0.1"},
		{"10.0.0.1:5", "2.2.2.2:8080", "2.2.2.2", "2.2.2.2, 10.0.0.1"},
		{"10.0.0.1:5", "[2001:db8::1]:80", "2001:db8::1", "2001:db8::1, 10.0.0.1"},
		{"10.0.0.1:5", "::ffff:2.2.2.2", "2.2.2.2", "2.2.2.2, 10.0.0.1"},
		{"[::ffff:10.0.0.1]:5", "2.2.2.2", "2.2.2.2", "2.2.2.2, 10.0.0.1"},
		{"[fd00::1%eth0]:5", "2.2.2.2", "2.2.2.2", "2.2.2.2, fd00::1"},
		{"@", "2.2.2.2", "", ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.given != "" {
			r.Header["X-Forwarded-For"] = []string{c.given}
		}
		h := p.readHops(r)
		require.Equal(t, c.client, h.clientText, "%v", c)
		require.Equal(t, c.chain, h.forwardedFor(), "%v", c)
	}
}

func TestHops_ForwardedIsQuotedAsItHasToBe(t *testing.T) {
	h := hops{proto: "https", host: "[::1]:80", chain: []netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("10.0.0.1")}}
	require.Equal(t, `for="[2001:db8::1]";host="[::1]:80";proto=https, for=10.0.0.1`, h.forwarded())
	h.host = `a";for=6.6.6.6;x="`
	require.Equal(t, `for="[2001:db8::1]";proto=https, for=10.0.0.1`, h.forwarded())
}

func TestHops_ProtocolIsTheNearestHopsWord(t *testing.T) {
	p := &Proxy{options: Options{TrustedHops: local}}
	for given, want := range map[string]string{"": "http", "https": "https", "HTTPS": "https", "http, https": "https", "gopher": "http"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("X-Forwarded-Proto", given)
		require.Equal(t, want, p.readHops(r).proto, given)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.TLS = &tls.ConnectionState{}
	require.Equal(t, "https", p.readHops(r).proto)
}

func TestTrace_OnlyValidOnesAreContinued(t *testing.T) {
	good := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	require.True(t, validTrace(good))
	require.True(t, validTrace("cc"+good[2:]+"-what-the-future-will-be"))
	for _, bad := range []string{
		"", "00", good + "-x", good + "x", "ff" + good[2:], strings.ToUpper(good), "0g" + good[2:],
		"00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
		strings.ReplaceAll(good, "-", "_"), good[:54] + "g",
	} {
		require.False(t, validTrace(bad), bad)
	}
	p := &Proxy{}
	r := httptest.NewRequest("GET", "/", nil)
	one, other := p.readTrace(r, true), p.readTrace(r, true)
	require.True(t, validTrace(string(one)), one)
	require.NotEqual(t, one.ID(), other.ID())
}

func TestVisitor_IsReadWhereverTheCookieStands(t *testing.T) {
	for want, lines := range map[string][]string{
		"":   {"a=b; banyan_visitors=x; xbanyan_visitor=y"},
		"v1": {"banyan_visitor=v1"},
		"v2": {"a=b;banyan_visitor=v2; banyan_visitor=v3"},
		"v4": {"a=b", "c=\"d;e\"; banyan_visitor=v4 ; f"},
	} {
		require.Equal(t, want, visitorOf(lines))
	}
}

// asked is a table that keeps what it was asked.
type asked chan route.Request

func (a asked) Decide(r route.Request) route.Decision {
	a <- r
	return route.Decision{Visitor: "derived1", NewVisitor: r.Visitor == ""}
}

func TestVisitor_NewOneIsSetAsACookie(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		origin := startOrigin(t, say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=1; Path=/\r\n\r\nok"))
		table := make(asked, 1)
		e := startEdge(t, Options{Legacy: origin.origin(), TrustedHops: local, Table: always(table)})
		a := e.get(request("GET /a%2f?q", "User-Agent: ua", "X-Forwarded-For: 1.2.3.4"))
		cookie := "banyan_visitor=derived1; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"
		require.Equal(t, []string{"sid=1; Path=/", cookie}, a.Header["Set-Cookie"])
		r := <-table
		require.False(t, r.Now.IsZero())
		r.Now = route.Request{}.Now
		require.Equal(t, route.Request{Method: "GET", Path: "/a%2f", Address: "1.2.3.4", UserAgent: "ua"}, r)

		a = e.get(request("GET /", "X-Forwarded-Proto: https"))
		require.Equal(t, cookie+"; Secure", a.Header["Set-Cookie"][1])
		<-table
		a = e.get(request("GET /", "Cookie: banyan_visitor=v1"))
		require.Len(t, a.Header["Set-Cookie"], 1)
		require.Equal(t, "v1", (<-table).Visitor)
	})
}
