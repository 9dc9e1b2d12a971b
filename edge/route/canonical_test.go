package route

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCanonical_DecodesUnreservedAndNothingElse(t *testing.T) {
	for raw, want := range map[string]string{
		"/":                             "/",
		"/shop/rods/muskie-casting-rod": "/shop/rods/muskie-casting-rod",
		"/shop/":                        "/shop/",
		"/%61%5A%39%2d%5F%7e":           "/aZ9-_~",
		"/a%20b%2Bc%3f%25%C3%A9%c3%a9":  "/a%20b%2Bc%3f%25%C3%A9%c3%a9",
		"/%2541":                        "/%2541",
		"/a.b/.well-known/..c/...":      "/a.b/.well-known/..c/...",
		"/a;b=c,d@e:f!$&'()*+=~\"<>^|`": "/a;b=c,d@e:f!$&'()*+=~\"<>^|`",
		"/{x} [y]":                      "/{x} [y]",
	} {
		got, why := Canonical(raw)
		require.Equal(t, Clear, why, raw)
		require.Equal(t, want, got)
	}
}

func TestCanonical_SaysWhatIsAmbiguous(t *testing.T) {
	for raw, want := range map[string]Ambiguity{
		"": NotAPath, "*": NotAPath, "shop": NotAPath, "http://x/": NotAPath, "%2Fshop": NotAPath,
		"//": DoubleSlash, "/shop//rods": DoubleSlash, "//evil.example/": DoubleSlash,
		"/.": DotSegment, "/..": DotSegment, "/a/./b": DotSegment, "/a/../b": DotSegment, "/a/..;x=1/b": DotSegment, "/a/.;/b": DotSegment,
		`/a\b`: Backslash, "/a%5cb": Backslash, "/a%5Cb": Backslash,
		"/a%2fb": EncodedSlash, "/a%2Fb": EncodedSlash,
		"/%2e%2e/b": EncodedDot, "/a%2Ehtml": EncodedDot,
		"/a%00": ControlByte, "/a\x00b": ControlByte, "/a%0d%0Ab": ControlByte, "/a\tb": ControlByte, "/a%7f": ControlByte, "/a\x7f": ControlByte,
		"/caf\xc3\xa9": OutsideASCII, "/caf\xe9": OutsideASCII,
		"/a%": BadEscape, "/a%4": BadEscape, "/a%zz": BadEscape, "/a%4g": BadEscape, "/%%34%31": BadEscape,
		"/a?b": QueryOrFragment, "/a#b": QueryOrFragment,
	} {
		canonical, why := Canonical(raw)
		require.Equal(t, want, why, "%q: %s", raw, why.Sentence())
		require.Empty(t, canonical)
	}
}

func TestCanonical_AllocatesNothingWhereNothingIsDecoded(t *testing.T) {
	for _, path := range []string{"/shop/rods/muskie-casting-rod", "/caf%C3%A9", "/a/../b", "/a%2fb"} {
		require.Zero(t, testing.AllocsPerRun(100, func() { Canonical(path) }), path)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"/shop/rods/muskie%2Dcasting%2drod", "/a/%2e%2e/b", "/%25%34%31", "/a%", "//", "/caf%c3%a9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		canonical, why := Canonical(raw)
		if why != Clear {
			require.Empty(t, canonical)
			require.NotEmpty(t, why.Sentence())
			return
		}
		again, why := Canonical(canonical)
		require.Equal(t, Clear, why)
		require.Equal(t, canonical, again)
		require.Equal(t, strings.Count(raw, "/"), strings.Count(canonical, "/"))
	})
}
