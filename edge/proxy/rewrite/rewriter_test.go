package rewrite

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// shop is a storefront with the origins that most tests need.
func shop(t require.TestingT) *Rewriter {
	r, err := New(Options{
		Storefront: "https://shop.example.com",
		Origins: []string{
			"http://old.internal:9000", "http://127.0.0.1:9001", "https://x1.execute-api.eu-west-1.amazonaws.com/prod",
			"http://legacy.example.com", "http://[::1]:9002", "http://xn--bcher-kva.internal",
		},
	})
	require.NoError(t, err)
	return r
}

func TestHeader_LocationOfAnOriginBecomesTheStorefronts(t *testing.T) {
	r := shop(t)
	for from, to := range map[string]string{
		"http://old.internal:9000/cart?x=%2F&y#z":                     "https://shop.example.com/cart?x=%2F&y#z",
		"http://old.internal:9000":                                    "https://shop.example.com",
		"http://old.internal:9000?a":                                  "https://shop.example.com?a",
		"http://old.internal/":                                        "https://shop.example.com/",
		"https://old.internal/":                                       "https://shop.example.com/",
		"https://old.internal:443/":                                   "https://shop.example.com/",
		"https://old.internal:9000/":                                  "https://shop.example.com/",
		"HTTP://OLD.Internal:9000/A":                                  "https://shop.example.com/A",
		"http://old.internal.:9000/":                                  "https://shop.example.com/",
		"//old.internal:9000/cart":                                    "//shop.example.com/cart",
		"//old.internal/cart":                                         "//shop.example.com/cart",
		"http://ann:pw@old.internal:9000/":                            "https://ann:pw@shop.example.com/",
		"http://shop.example.com:9000/cart":                           "https://shop.example.com/cart",
		"http://127.0.0.1:9001/a":                                     "https://shop.example.com/a",
		"http://[::1]:9002/a":                                         "https://shop.example.com/a",
		"http://xn--bcher-kva.internal/a":                             "https://shop.example.com/a",
		"https://x1.execute-api.eu-west-1.amazonaws.com/prod/cart":    "https://shop.example.com/cart",
		"https://x1.execute-api.eu-west-1.amazonaws.com/prod":         "https://shop.example.com",
		"https://x1.execute-api.eu-west-1.amazonaws.com/prod?a":       "https://shop.example.com?a",
		"http://old.internal:9000/back?to=http://old.internal:9000/a": "https://shop.example.com/back?to=http://old.internal:9000/a",
		"http://old.internal:9000/\x80\xff%zz":                        "https://shop.example.com/\x80\xff%zz",
		"http://old.internal:9000//evil.example/x":                    "https://shop.example.com//evil.example/x",
		"http://http://old.internal:9000":                             "",
		"/cart":                                                       "",
		"cart?to=http://old.internal:9000/":                           "",
		"/back?to=http://old.internal:9000/":                          "",
		"http://old.internal:9999/":                                   "",
		"http://old.internal:9000@evil.example/":                      "",
		"http://old.internal:9000.evil.example/":                      "",
		"http://old.internal.evil.example/":                           "",
		"http://very-old.internal/":                                   "",
		"http://a.old.internal/":                                      "",
		"https://shop.example.com/old.internal":                       "",
		"http://shop.example.com/":                                    "",
		"ftp://old.internal/":                                         "",
		"mailto:ann@old.internal":                                     "",
		"http:old.internal":                                           "",
		"http:/old.internal/":                                         "",
		`http:\\old.internal\a`:                                       "",
		`http://old.internal\a`:                                       "",
		"http://old.internal:port/":                                   "",
		"http://[old.internal/":                                       "",
		"https://x1.execute-api.eu-west-1.amazonaws.com/production":   "",
		"https://x1.execute-api.eu-west-1.amazonaws.com/":             "",
		"http://b\u00fccher.internal/":                                "",
		"":                                                            "",
	} {
		want := to
		if to == "" {
			want = from
		}
		for _, name := range []string{"Location", "location", "Content-Location", "CONTENT-LOCATION"} {
			got, changed := r.Header(name, from)
			require.Equal(t, to != "", changed, "%s: %s", from, got)
			require.Equal(t, want, got)
		}
		got, changed := r.Header("X-Location", from)
		require.False(t, changed)
		require.Equal(t, from, got)
	}
}

func TestHeader_EveryTargetOfALinkIsSeen(t *testing.T) {
	r := shop(t)
	for from, to := range map[string]string{
		`<http://old.internal:9000/a.css>; rel=preload`:                                                   `<https://shop.example.com/a.css>; rel=preload`,
		`</a>; rel=next, <//old.internal/b>;rel="x", <http://old.internal/c>`:                             `</a>; rel=next, <//shop.example.com/b>;rel="x", <https://shop.example.com/c>`,
		`<http://old.internal/a,b;c>; title="<http://old.internal/x>, \"y"; a=b, <http://old.internal/d>`: `<https://shop.example.com/a,b;c>; title="<http://old.internal/x>, \"y"; a=b, <https://shop.example.com/d>`,
		`<https://cdn.example/old.internal>; rel=preload`:                                                 ``,
		`<http://old.internal/a`:   ``,
		`"<http://old.internal/a>`: ``,
		`http://old.internal/a`:    ``,
		`<>; rel="old.internal"`:   ``,
	} {
		got, changed := r.Header("Link", from)
		require.Equal(t, to != "", changed, from)
		if changed {
			require.Equal(t, to, got)
		}
	}
}

func TestHeader_RefreshIsReadAsBrowsersDo(t *testing.T) {
	r := shop(t)
	for from, to := range map[string]string{
		"5; url=http://old.internal/a":        "5; url=https://shop.example.com/a",
		"0;URL='http://old.internal/a'":       "0;URL='https://shop.example.com/a'",
		`0, url = "http://old.internal/a"; x`: `0, url = "https://shop.example.com/a"; x`,
		"1.5 ; http://old.internal/a":         "1.5 ; https://shop.example.com/a",
		"0; url='http://old.internal/a":       "0; url='https://shop.example.com/a",
		"5; url=/a?b=http://old.internal/":    "",
		"5":                                   "",
		"soon; url=http://old.internal/a":     "",
		"5; url=http://old.internal.example/": "",
		"old.internal;":                       "",
	} {
		got, changed := r.Header("Refresh", from)
		require.Equal(t, to != "", changed, from)
		if changed {
			require.Equal(t, to, got)
		}
	}
}

func TestHeader_CookieOfAnOriginBecomesTheStorefrontsOwn(t *testing.T) {
	r := shop(t)
	for from, to := range map[string]string{
		"sid=1; Domain=old.internal; Path=/; HttpOnly":   "sid=1; Path=/; HttpOnly",
		"sid=1;domain=.OLD.Internal":                     "sid=1",
		"sid=1; Path=/; Domain = internal ; Secure":      "sid=1; Path=/; Secure",
		"sid=1; Domain=127.0.0.1":                        "sid=1",
		"sid=1; Domain=legacy.example.com":               "sid=1",
		"sid=1; Domain=example.com; Domain=old.internal": "sid=1",
		"a=Domain=old.internal; Domain=old.internal":     "a=Domain=old.internal",
		"sid=1; Domain=old.internal.":                    "sid=1",
		"sid=1; Domain=.example.com":                     "",
		"sid=1; Domain=shop.example.com":                 "",
		"sid=1; Domain=Example.COM; Path=/":              "",
		"sid=1; Domain=elsewhere.example":                "",
		"sid=1; Domain=a.old.internal":                   "",
		"sid=1; Domain=0.0.1":                            "",
		"sid=1; Domain=":                                 "",
		"sid=1; Domain":                                  "",
		"sid=old.internal; Path=/old.internal":           "",
		"Domain=old.internal":                            "",
		"sid=1; XDomain=old.internal":                    "",
	} {
		got, changed := r.Header("Set-Cookie", from)
		require.Equal(t, to != "", changed, from)
		if changed {
			require.Equal(t, to, got)
		}
	}
}

func TestHeader_OriginOnTheStorefrontsHostHasAnotherPort(t *testing.T) {
	r, err := New(Options{Storefront: "http://localhost:8080", Origins: []string{"http://localhost:9000", "http://localhost:8080"}})
	require.NoError(t, err)
	got, changed := r.Header("Location", "http://localhost:9000/a")
	require.True(t, changed)
	require.Equal(t, "http://localhost:8080/a", got)
	for _, same := range []string{"http://localhost:8080/a", "http://localhost:8081/a"} {
		_, changed = r.Header("Location", same)
		require.False(t, changed, same)
	}
	_, changed = r.Header("Set-Cookie", "a=b; Domain=localhost")
	require.False(t, changed)
}

func TestNew_AddressesThatAreNoneAreRefused(t *testing.T) {
	for _, bad := range []string{"", "shop.example.com", "ftp://shop.example.com", "http://", "http://a b/", "local"} {
		_, err := New(Options{Storefront: bad})
		require.ErrorIs(t, err, ErrAddress, bad)
		_, err = New(Options{Storefront: "https://shop.example.com", Origins: []string{bad}})
		require.ErrorIs(t, err, ErrAddress, bad)
	}
}

func TestHeader_NothingIsAllocatedWhereNothingMatches(t *testing.T) {
	r := shop(t)
	for _, f := range [][2]string{
		{"Content-Type", "text/html"}, {"Location", "/cart"}, {"Location", "https://shop.example.com/cart"}, {"Set-Cookie", "sid=1; Path=/; Domain=example.com"},
		{"Link", "</a.css>; rel=preload"}, {"Refresh", "5"}, {"Location", "https://pay.example/?back=https://shop.example.com/"},
	} {
		name, value := []byte(f[0]), []byte(f[1])
		require.Zero(t, testing.AllocsPerRun(100, func() { r.Header(f[0], f[1]) }), f)
		require.Zero(t, testing.AllocsPerRun(100, func() { r.Bytes(name, value) }), f)
		got, changed := r.Bytes(name, value)
		require.False(t, changed)
		require.Same(t, &value[0], &got[0])
	}
	got, changed := r.Bytes([]byte("Location"), []byte("http://old.internal:9000/a"))
	require.True(t, changed)
	require.Equal(t, "https://shop.example.com/a", string(got))
}

// drawReference draws what may stand in a Location.
func drawReference(t *rapid.T) string {
	part := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	return part("scheme", "", "http:", "https:", "HTTP:", "ftp:") + part("slashes", "//", "/", "", `\\`) + part("user", "", "u@", "u:p@", "old.internal:9000@") +
		part("host", "old.internal", "OLD.internal", "shop.example.com", "127.0.0.1", "evil.example", "old.internal.", "[::1]", "x1.execute-api.eu-west-1.amazonaws.com", "") +
		part("port", "", ":9000", ":80", ":443", ":9001", ":", ":x") + part("path", "", "/", "/prod/a", "/prod", "/a//b", "?q=http://old.internal/", "#f") + rapid.StringN(0, 5, -1).Draw(t, "rest")
}

func TestHeader_OnlyTheAuthorityChangesAndOnlyOnce(t *testing.T) {
	r := shop(t)
	rapid.Check(t, func(t *rapid.T) {
		from := drawReference(t)
		got, changed := r.Header("Location", from)
		if !changed {
			require.Equal(t, from, got)
			return
		}
		again, changed := r.Header("Location", got)
		require.False(t, changed, "%q became %q, then %q", from, got, again)
		before, err := url.Parse(from)
		after, err2 := url.Parse(got)
		if err != nil || err2 != nil {
			return // Go cannot read the rest of it; a browser may
		}
		require.Equal(t, "shop.example.com", after.Host)
		require.Equal(t, before.User.String(), after.User.String())
		require.Equal(t, before.RawQuery, after.RawQuery)
		require.Equal(t, before.Fragment, after.Fragment)
		require.True(t, strings.HasSuffix(before.EscapedPath(), after.EscapedPath()))
		require.Contains(t, []string{"old.internal", "127.0.0.1", "::1", "shop.example.com", "x1.execute-api.eu-west-1.amazonaws.com"}, plainHost(before.Hostname()))
	})
}

func TestHeader_CookieIsNeverWiderThanItWas(t *testing.T) {
	r := shop(t)
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"sid=1", " Domain=old.internal", "Domain=.internal", " domain=example.com", "Domain=legacy.example.com",
			" Path=/", "Secure", " Domain", "", "Domain=com", " HttpOnly ", "x=Domain=old.internal"}), 1, 6).Draw(t, "parts")
		from := strings.Join(parts, ";")
		got, changed := r.Header("Set-Cookie", from)
		if !changed {
			require.Equal(t, from, got)
			return
		}
		var kept []string
		for i, part := range parts {
			if name, _, ok := strings.Cut(part, "="); i == 0 || !ok || !strings.EqualFold(strings.TrimSpace(name), "domain") {
				kept = append(kept, part)
			}
		}
		require.Equal(t, strings.Join(kept, ";"), got, "all but Domain is as it was, and no Domain is left")
	})
}

func FuzzHeader(f *testing.F) {
	for _, seed := range []string{
		"http://old.internal:9000/a", `<http://old.internal/a>; title="\"<"`, "0; url='http://old.internal/", "a=b; Domain=old.internal", "//[::1]:9002",
		"http://[", ";", "<", `"`, "0,", "http://old.internal:9000@", "; domain=;",
	} {
		f.Add(seed)
	}
	r := shop(f)
	f.Fuzz(func(t *testing.T, value string) {
		for _, name := range []string{"Location", "Content-Location", "Link", "Refresh", "Set-Cookie"} {
			got, changed := r.Header(name, value)
			if !changed {
				require.Equal(t, value, got)
				continue
			}
			require.NotEqual(t, value, got)
			again, changed := r.Header(name, got)
			require.False(t, changed, "%s: %q became %q, then %q", name, value, got, again)
			require.Equal(t, strings.Count(value, "\n"), strings.Count(got, "\n"))
		}
	})
}

func BenchmarkHeader(b *testing.B) {
	r := shop(b)
	for name, f := range map[string][2]string{
		"other": {"Content-Type", "text/html"}, "relative": {"Location", "/cart/added?x=1"}, "cookie": {"Set-Cookie", "sid=0123456789abcdef; Path=/; HttpOnly; Secure"},
		"rewritten": {"Location", "http://old.internal:9000/cart/added?x=1"},
	} {
		field, value := []byte(f[0]), []byte(f[1])
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Bytes(field, value)
			}
		})
	}
}
