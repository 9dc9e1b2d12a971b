package cloudfront

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/edge/route"
)

func TestBehaviors_OverTheQuotaAreAnErrorWithFigures(t *testing.T) {
	_, err := Compile(manyRoutes(t, 74), Options{})
	require.NoError(t, err, "74 routes and the default are 75")
	_, err = Compile(manyRoutes(t, 75), Options{})
	require.ErrorIs(t, err, ErrLimit)
	require.Contains(t, err.Error(), "76 cache behaviours (75 paths of routes, 0 of products, the default) where the quota is 75")
	_, err = Compile(manyRoutes(t, 75), Options{BehaviorQuota: 250})
	require.NoError(t, err)
}

func TestBehaviors_AreTakenByCloudFront(t *testing.T) {
	for i := range uint64(100) {
		a := compileTable(t, newGenerator(i).newTable(t, 0))
		seen := make(map[string]bool)
		for _, b := range a.Behaviors {
			require.LessOrEqual(t, len(b.PathPattern), 255)
			require.Regexp(t, `^[A-Za-z0-9_.*?$/~"'@:+&-]+$`, b.PathPattern)
			require.False(t, seen[b.PathPattern], "%s twice", b.PathPattern)
			seen[b.PathPattern] = true
			require.Equal(t, Methods, b.Methods, "whatever is not a route's falls through")
		}
		require.Equal(t, "*", a.Behaviors[len(a.Behaviors)-1].PathPattern)
	}
}

// A behaviour says how to cache; where it said one arm and the function took
// the other, a page could be kept that must not be.
func TestBehaviors_SayWhichArmAnswersThere(t *testing.T) {
	for i := range uint64(150) {
		g := newGenerator(i)
		table := g.newTable(t, 60)
		if table.Config().Mode != "" {
			continue
		}
		a := compileTable(t, table)
		for range 100 {
			r := g.request(table)
			path, ambiguous := route.Canonical(r.Path)
			if ambiguous != route.Clear {
				continue
			}
			b := behaviorOf(a.Behaviors, path)
			d := table.Decide(r)
			if d.Arm == route.Serverless {
				require.NotEqual(t, LegacyArm, b.Arm, "%s %s at %s\n%s", r.Method, r.Path, b.PathPattern, describe(table))
			} else {
				require.NotEqual(t, ServerlessArm, b.Arm, "%s %s at %s\n%s", r.Method, r.Path, b.PathPattern, describe(table))
			}
		}
	}
}

// behaviorOf returns the first behaviour that matches, as CloudFront has it.
func behaviorOf(list []Behavior, path string) Behavior {
	for _, b := range list {
		if b.PathPattern == "*" || glob(b.PathPattern, path) {
			return b
		}
	}
	panic("the default matches everything")
}

// glob matches slowly and plainly.
func glob(pattern, path string) bool {
	switch {
	case pattern == "":
		return path == ""
	case pattern[0] == '*':
		return glob(pattern[1:], path) || path != "" && glob(pattern, path[1:])
	case path == "":
		return false
	}
	return (pattern[0] == '?' || pattern[0] == path[0]) && glob(pattern[1:], path[1:])
}

func TestCovers_NeverClaimsTooMuch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{"*", "/", "a", "b", "?"})
		wide := strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "wide"), "")
		narrow := strings.ReplaceAll(strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "narrow"), ""), "?", "a")
		path := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"/", "a", "b"}), 0, 6).Draw(t, "path"), "")
		if covers(wide, narrow) && glob(narrow, path) {
			require.True(t, glob(wide, path))
		}
	})
	require.True(t, covers("/shop/*/*", "/shop/*/*/*"))
	require.False(t, covers("/shop/*/*/*", "/shop/*/*"))
}

func TestTemplatePattern_HoldsWhatCloudFrontTakes(t *testing.T) {
	require.Equal(t, "/shop/*/*", templatePattern("/shop/{category}/{product}"))
	require.Equal(t, "/caf*/*/*", templatePattern("/caf%C3%A9/{product}/*"))
	require.Equal(t, "/a*b*/*", templatePattern("/a=b!/{product}"))
}

func TestBehaviors_TheFileIsJSON(t *testing.T) {
	a := compileTable(t, shopTable(t, shopConfig, shopProducts))
	var file struct{ Behaviors []Behavior }
	require.NoError(t, json.Unmarshal(a.BehaviorsFile(), &file))
	require.Equal(t, a.Behaviors, file.Behaviors)
}
