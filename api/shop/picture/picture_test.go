package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDraw_EveryKindInEveryTintIsWellFormed(t *testing.T) {
	for kind := range drawers() {
		for _, p := range palettes {
			for _, seed := range []string{"a", "b", "c"} {
				requireSelfContained(t, Draw(Subject{kind, p.tint, seed, "Rod & <reel>"}))
			}
		}
	}
}

// requireSelfContained reads a picture as XML: nothing runs in it and nothing
// is fetched by it.
func requireSelfContained(t *testing.T, svg []byte) {
	t.Helper()
	require.Less(t, len(svg), 64<<10)
	require.NotContains(t, string(svg), "%!", "a figure was not filled in")
	require.NotContains(t, string(svg), "NaN")
	dec := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		require.NotContains(t, []string{"script", "style", "image", "use", "foreignObject", "a"}, element.Name.Local)
		for _, a := range element.Attr {
			require.False(t, strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "style", a.Name.Local)
			require.False(t, strings.Contains(a.Value, "url(") && !strings.HasPrefix(a.Value, "url(#"), a.Value)
		}
	}
}

func TestDraw_FollowsFromItsSubject(t *testing.T) {
	first := Draw(Subject{Kind: Plug, Seed: "minnow"})
	require.Equal(t, first, Draw(Subject{Kind: Plug, Seed: "minnow"}), "the same is drawn the same")
	require.NotEqual(t, first, Draw(Subject{Kind: Plug, Seed: "shiner"}))
	require.NotEqual(t, first, Draw(Subject{Kind: Spoon, Seed: "minnow"}))
	require.Contains(t, string(Draw(Subject{Kind: Jacket, Tint: Mustard, Seed: "x"})), `"#b98022"`)
	require.Contains(t, string(Draw(Subject{Kind: Box, Seed: "x", Title: "A <b>"})), "<title>A &lt;b&gt;</title>")
}
