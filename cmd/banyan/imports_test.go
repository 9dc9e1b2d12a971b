package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/banyan-edge/banyan/"

// pure packages do no I/O and import nothing of ours; any package may import them.
// A listing alone uses the order's words.
var pure = []string{"edge/route", "api/order", "api/listing"}

// TestImports_PointOneWay holds the layout: rims import the pure core and their
// own family, never each other; only commands know two rims at once.
func TestImports_PointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "../../...").Output()
	require.NoError(t, err)
	dec := json.NewDecoder(strings.NewReader(string(out)))
	packages := 0
	for dec.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		require.NoError(t, dec.Decode(&p))
		packages++
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			to, ours := strings.CutPrefix(imported, module)
			if ours {
				require.True(t, mayImport(from, to), "%s imports %s", from, to)
			}
		}
	}
	require.Greater(t, packages, 10)
}

func mayImport(from, to string) bool {
	switch {
	case slices.Contains(pure, from):
		return from == "api/listing" && to == "api/order"
	case slices.Contains(pure, to):
		return true
	case strings.HasPrefix(from, "cmd/"), strings.Contains(from, "/cmd/"):
		return true
	}
	return family(from) == family(to)
}

// family is the rim that a package belongs to: its first two folders, such as
// api/lambda or legacy-adapter/relay.
func family(pkg string) string {
	parts := strings.SplitN(pkg, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

func TestImports_TheRuleCanFail(t *testing.T) {
	require.False(t, mayImport("edge/proxy", "api/lambda"))
	require.False(t, mayImport("edge/route", "api/order"))
	require.False(t, mayImport("api/order", "api/listing"))
	require.False(t, mayImport("legacy-adapter/relay/local", "api/intake/local"))
	require.True(t, mayImport("legacy-adapter/relay/local", "legacy-adapter/relay"))
	require.True(t, mayImport("cmd/banyan", "edge/proxy"))
}
