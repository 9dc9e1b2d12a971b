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
	golden(t, "testdata/findings/*.txtar", func(_ *testing.T, cfg *Config, products []Product, read Findings) Findings {
		if read.Err() == nil {
			_, more := Compile(cfg, products, 1)
			read = append(read, more...)
		}
		return read
	})
}

// TestAdvice_IsTheGoldenOne reads pairs of files that are right and have
// something in them that was hardly meant.
func TestAdvice_IsTheGoldenOne(t *testing.T) {
	golden(t, "testdata/advice/*.txtar", func(t *testing.T, cfg *Config, products []Product, read Findings) Findings {
		require.NoError(t, read.Err())
		table, findings := Compile(cfg, products, 1)
		require.NoError(t, findings.Err())
		return table.Advice()
	})
}

// golden compares what find says of each pair of files with the archive's last
// file.
func golden(t *testing.T, glob string, find func(*testing.T, *Config, []Product, Findings) Findings) {
	paths, err := filepath.Glob(glob)
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
			got := find(t, cfg, products, append(findings, more...)).String() + "\n"
			if *update {
				archive.Files[len(archive.Files)-1].Data = []byte(got)
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o644))
				return
			}
			require.Equal(t, string(archive.Files[len(archive.Files)-1].Data), got)
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
