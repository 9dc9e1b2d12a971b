package route

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestFindings_AreTheGoldenOnes reads pairs of files that have something wrong
// with them, and compares what is said.
func TestFindings_AreTheGoldenOnes(t *testing.T) {
	paths, err := filepath.Glob("testdata/findings/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			files := make(map[string]string)
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
			}
			cfg, findings := ReadConfig("banyan.yaml", []byte(files["banyan.yaml"]))
			products, more := ReadProducts("products.yaml", []byte(files["products.yaml"]))
			findings = append(findings, more...)
			if findings.Err() == nil {
				_, more = Compile(cfg, products, 1)
				findings = append(findings, more...)
			}
			got := findings.String() + "\n"
			if *update {
				archive.Files[len(archive.Files)-1].Data = []byte(got)
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o644))
				return
			}
			require.Equal(t, files["findings"], got)
		})
	}
}

func TestFindings_WarningsAreNoError(t *testing.T) {
	require.NoError(t, Findings{{Severity: Warning}}.Err())
	require.Error(t, Findings{{Severity: Warning}, {}}.Err())
}

func FuzzReadConfig(f *testing.F) {
	for _, seed := range []string{shopConfig, "mode: all-legacy", "routes:\n  - {name: a, path: /a*, to: queue, wait: 3s}\n", "a: [", "? a\n: b\n", "origins: {legacy: {url: 'http://x'}}", "routes: &a [*a]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 4<<10 {
			return
		}
		cfg, findings := ReadConfig("banyan.yaml", src)
		require.NotNil(t, cfg)
		if findings.Err() == nil {
			_, more := Compile(cfg, nil, 1)
			findings = append(findings, more...)
		}
		for _, finding := range findings {
			require.Positive(t, finding.Line)
			require.Positive(t, finding.Column)
			require.NotEmpty(t, finding.Message)
			require.LessOrEqual(t, finding.Line, strings.Count(string(src), "\n")+1)
		}
	})
}
