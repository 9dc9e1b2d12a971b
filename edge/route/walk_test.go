package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// bruteLength is how long the paths are that are tried one by one.
const bruteLength = 6

// everyPath is every canonical path over a small alphabet, shortest first.
var everyPath = func() (all []string) {
	layer := []string{"/"}
	for range bruteLength {
		var next []string
		for _, p := range layer {
			if canonical, why := Canonical(p); why == Clear && canonical == p {
				all = append(all, p)
			}
			for _, c := range "ab./" {
				next = append(next, p+string(c))
			}
		}
		layer = next
	}
	return all
}()

// firstPath is the first of everyPath that is as asked for, or "".
func firstPath(wanted func(path string) bool) string {
	if i := slices.IndexFunc(everyPath, wanted); i >= 0 {
		return everyPath[i]
	}
	return ""
}

// agrees requires of an example what trying every path says of it.
func agrees(t require.TestingT, found, tried string, wanted func(path string) bool) {
	if found != "" {
		canonical, why := Canonical(found)
		require.Equal(t, Clear, why, found)
		require.Equal(t, canonical, found)
		require.True(t, wanted(found), "%s is no example", found)
	}
	if tried == "" {
		require.True(t, found == "" || len(found) > bruteLength || strings.Trim(found, "ab./") != "", "%s was not found by trying", found)
	} else {
		require.NotEmpty(t, found, "%s is an example", tried)
		require.LessOrEqual(t, len(found), len(tried), "%s is a shorter example", tried)
	}
}

var wildPatterns = rapid.StringMatching(`/?[ab./*?]{1,6}`)

func TestCommon_AgreesWithTryingEveryPath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := newPattern(wildPatterns.Draw(t, "a")), newPattern(wildPatterns.Draw(t, "b"))
		wanted := func(path string) bool { return a.match(path) && b.match(path) }
		agrees(t, common(a.form(), b.form()), firstPath(wanted), wanted)
	})
}

func TestApart_AgreesWithTryingEveryPath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newPattern(wildPatterns.Draw(t, "a"))
		var others []pattern
		var forms []form
		for _, text := range rapid.SliceOfN(wildPatterns, 0, 4).Draw(t, "others") {
			p := newPattern(text)
			others, forms = append(others, p), append(forms, p.form())
		}
		wanted := func(path string) bool {
			return a.match(path) && !slices.ContainsFunc(others, func(p pattern) bool { return p.match(path) })
		}
		found, known := apart(a.form(), forms)
		require.True(t, known)
		agrees(t, found, firstPath(wanted), wanted)
	})
}

// The walks hold templates, whose literal segments may have escapes, beside
// patterns, of which a star may take a part of one.
func TestWalk_StaysOnCanonicalPaths(t *testing.T) {
	shop, _, _ := newTemplate("/caf%C3%A9/{product}")
	stars, everything := newPattern("/caf*"), newPattern("*")
	require.Equal(t, "/caf%C3%A9/x", common(shop.form(), stars.form()))
	path, known := apart(everything.form(), []form{shop.form()})
	require.True(t, known)
	require.Equal(t, "/", path)
	below, _, _ := newTemplate("/p/{product}/*")
	require.Equal(t, "/p/rod/", common(below.formOf("rod"), everything.form()))
}

// formOf is a pattern's form.
func formOf(text string) form {
	p := newPattern(text)
	return p.form()
}

// Patterns that are all wildcards are compared, or given up, all the same.
func TestWalk_IsBounded(t *testing.T) {
	wild := formOf("/*a" + strings.Repeat("?", 40))
	require.NotEmpty(t, common(wild, formOf("/"+strings.Repeat("a*", 120))))
	path, known := apart(wild, nil)
	require.True(t, known)
	require.Len(t, path, 42)
	_, known = apart(formOf("/*b"), []form{formOf("/*a" + strings.Repeat("?", 40) + "b"), formOf("/*b")})
	require.False(t, known)
}
