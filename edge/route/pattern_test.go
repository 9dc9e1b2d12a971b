package route

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// toRegexp is the same pattern in a language that somebody else runs.
func toRegexp(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta("/" + strings.TrimPrefix(pattern, "/"))
	quoted = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(quoted)
	return regexp.MustCompile(`\A` + quoted + `\z`)
}

var (
	somePatterns = rapid.StringMatching(`/?[ab/*?]{1,7}`)
	somePaths    = rapid.StringMatching(`/[ab/]{0,9}`)
)

func TestPattern_MatchesAsARegularExpressionDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, path := somePatterns.Draw(t, "pattern"), somePaths.Draw(t, "path")
		p := newPattern(text)
		require.Equal(t, toRegexp(text).MatchString(path), p.match(path))
	})
}

func TestPattern_IsReadAsCloudFrontReadsIt(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		match         bool
	}{
		{"/checkout*", "/checkout", true},
		{"/checkout*", "/checkout/pay", true},
		{"checkout*", "/checkout/pay", true},
		{"/Checkout*", "/checkout", false},
		{"/a?c", "/abc", true},
		{"/a?c", "/ac", false},
		{"/a?c", "/a/c", true},
		{"*.svg", "/pictures/rod.svg", true},
		{"/pictures/*.svg", "/pictures/.svg", true},
		{"/a*a", "/a", false},
		{"*", "/", true},
		{"/a*b*c", "/a/x/b/y/c", true},
		{"/a*b*c", "/a/x/b/y", false},
	} {
		p := newPattern(c.pattern)
		require.Equal(t, c.match, p.match(c.path), "%s %s", c.pattern, c.path)
	}
}

func TestTemplate_FindsTheProduct(t *testing.T) {
	one, _, _ := newTemplate("/shop/{category}/{product}")
	below, _, _ := newTemplate("/shop/{category}/{product}/*")
	for path, want := range map[string][2]string{
		"/shop/rods/muskie":           {"muskie", ""},
		"/shop/rods/muskie/":          {"", "muskie"},
		"/shop/rods/muskie/reviews/2": {"", "muskie"},
		"/shop/rods":                  {"", ""},
		"/shop/rods/":                 {"", ""},
		"/shopping/rods/muskie":       {"", ""},
		"/":                           {"", ""},
	} {
		require.Equal(t, want[0], one.match(path), path)
		require.Equal(t, want[1], below.match(path), path)
	}
}

// An example is what it says, and where there is none no path is one.
func TestExample_AgreesWithMatching(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := newPattern(somePatterns.Draw(t, "a")), newPattern(somePatterns.Draw(t, "b"))
		path := somePaths.Draw(t, "path")
		_, why := Canonical(path)
		for _, want := range []relation{matchedByBoth, matchedByFirstAlone} {
			found, known := example(a.form(), b.form(), want)
			require.True(t, known)
			if found != "" {
				require.True(t, a.match(found))
				require.Equal(t, want == matchedByBoth, b.match(found))
			} else if why == Clear && a.match(path) {
				require.NotEqual(t, want == matchedByBoth, b.match(path), "%s is an example", path)
			}
		}
	})
}
