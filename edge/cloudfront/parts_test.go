package cloudfront

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// The parts of the function that can be tried whole are: every escape, every
// short pattern on every short path. The rest is for the generator to find.

func TestFunction_ReadsAPathAsCanonicalDoes(t *testing.T) {
	e, _ := shopEngine(t, Options{})
	var paths []string
	for a := range byte(0x80) {
		paths = append(paths, string([]byte{a}), string([]byte{'/', a}), string([]byte{'/', 'x', a}), string([]byte{'/', a, 'x'}), string([]byte{'/', '.', a}), string([]byte{'/', '.', '.', a}))
		for b := range byte(0x80) {
			paths = append(paths, string([]byte{'/', 'x', '%', a, b}), string([]byte{'/', a, b}))
		}
	}
	paths = append(paths, "", "/é", "/x/€/y", "/\U0001f600", "/%41%4", "/%%41", "/%25%34%31", "/%2541", "/a%7E%7e%2D%5F%5f.b")
	require.NoError(t, e.vm.Set("paths", paths))
	got := e.eval(t, `paths.map(function (p) { return AMBIGUOUS.test(p) ? '' : p.replace(UNRESERVED, decode); })`).([]any)
	for i, path := range paths {
		want, _ := route.Canonical(path)
		require.Equal(t, want, got[i], "%q", path)
	}
}

// texts returns every text of at most n characters.
func texts(characters string, n int) []string {
	all := []string{""}
	for last := all; n > 0; n-- {
		var longer []string
		for _, text := range last {
			for _, c := range characters {
				longer = append(longer, text+string(c))
			}
		}
		all, last = append(all, longer...), longer
	}
	return all
}

func TestFunction_MatchesPatternsAsCloudFrontDoes(t *testing.T) {
	e, _ := shopEngine(t, Options{})
	patterns, paths := texts("ab*?", 4), texts("ab", 4)
	patterns = append(patterns, "*aa*aab", "a*ab*b", "*a?b*?a", "a**b", "*?*?*", "*ab?*ba", "?*?*a*?")
	paths = append(paths, "aabaab", "aaaab", "abab", "abbab", "aabba", "ababab", "aabab", "abaaba")
	require.NoError(t, e.vm.Set("patterns", patterns))
	require.NoError(t, e.vm.Set("paths", paths))
	got := e.eval(t, `patterns.map(function (pattern) { return paths.filter(function (path) { return matches(pattern, path); }).join(); })`).([]any)
	for i, pattern := range patterns {
		want := slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !glob(pattern, path) })
		require.Equal(t, strings.Join(want, ","), got[i], "%q", pattern)
	}
}

// What stands in a path cannot be taken for two entries of a shard: every run of
// the shard's own text that lies as a slug does is asked for.
func TestFunction_FindsNoProductAcrossTheBoundsOfAnEntry(t *testing.T) {
	table := shopTable(t, shopConfig, shopProducts)
	e, _ := shopEngine(t, Options{})
	shard, asked := e.items["p1.0"], 0
	for i := range shard {
		for j := i + 2; shard[i] == '|' && j < len(shard); j++ {
			if slug := shard[i+1 : j]; shard[j] == ' ' && strings.ContainsAny(slug, "| ") {
				r := route.Request{Method: "GET", Path: "/shop/rods/" + slug, Now: noon}
				requireEqual(t, table, r, e.ask(t, r))
				asked++
			}
		}
	}
	require.NotZero(t, asked)
}

func TestFunction_KeepsTheShareToTheBucket(t *testing.T) {
	table := shopTable(t, shopConfig, shopProducts)
	e, _ := shopEngine(t, Options{})
	for bucket := range 3 {
		bucket += 2499
		i := 0
		for route.Bucket(fmt.Sprintf("v%d", i), "trial-reel") != bucket {
			i++
		}
		r := route.Request{Method: "GET", Path: "/shop/reels/trial-reel", Visitor: fmt.Sprintf("v%d", i), Now: noon}
		got := e.ask(t, r)
		requireEqual(t, table, r, got)
		require.Equal(t, bucket < 2500, got.Arm == "serverless", "bucket %d of 25%%", bucket)
	}
}
