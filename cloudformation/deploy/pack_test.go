package deploy_test

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/cloudformation/deploy"
)

// module writes a module with one command into a folder of its own.
func module(t *testing.T, main string) string {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/entry\n\ngo 1.24\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(main), 0o644))
	return dir
}

func pack(t *testing.T, source string, files map[string][]byte) (deploy.Bundle, error) {
	bundles, err := deploy.Pack(t.Context(), deploy.PackOptions{Source: source, Out: t.TempDir(), Arch: "arm64"},
		deploy.Packing{Part: "api", Package: ".", Files: files})
	if err != nil {
		return deploy.Bundle{}, err
	}
	require.Len(t, bundles, 1)
	return bundles[0], nil
}

func TestPack_TheSameSourcesGiveTheSameBytesAnywhere(t *testing.T) {
	const main = "package main\n\nfunc main() { println(\"hello\") }\n"
	files := map[string][]byte{"banyan.yaml": []byte("legacy: {}\n"), "a.txt": nil}
	first, err := pack(t, module(t, main), files)
	require.NoError(t, err)
	second, err := pack(t, module(t, main), files)
	require.NoError(t, err)
	require.Equal(t, first.SHA256, second.SHA256)
	other, err := pack(t, module(t, main+"// another\nvar _ = 1\n"), map[string][]byte{"banyan.yaml": []byte("legacy: {x: 1}\n")})
	require.NoError(t, err)
	require.NotEqual(t, first.SHA256, other.SHA256)
	require.Equal(t, "api/"+first.SHA256+".zip", first.Key())
}

func TestPack_LambdaCanStartWhatIsInTheZip(t *testing.T) {
	b, err := pack(t, module(t, "package main\n\nfunc main() {}\n"), map[string][]byte{"banyan.yaml": []byte("x")})
	require.NoError(t, err)
	z, err := zip.OpenReader(b.Path)
	require.NoError(t, err)
	defer z.Close()
	require.Len(t, z.File, 2)
	require.Equal(t, "bootstrap", z.File[0].Name)
	require.EqualValues(t, 0o755, z.File[0].Mode().Perm())
	require.EqualValues(t, b.Binary, z.File[0].UncompressedSize64)
	f, err := z.File[0].Open()
	require.NoError(t, err)
	defer f.Close()
	head := make([]byte, 20)
	_, err = io.ReadFull(f, head)
	require.NoError(t, err)
	require.Equal(t, "\x7fELF", string(head[:4]))
	require.EqualValues(t, 0xb7, head[18], "the machine is AArch64")
}

func TestPack_SaysWhatDoesNotCompile(t *testing.T) {
	_, err := pack(t, module(t, "package main\n\nfunc main() { undefined() }\n"), nil)
	require.ErrorContains(t, err, "undefined: undefined")
	_, err = pack(t, t.TempDir(), nil)
	require.ErrorIs(t, err, deploy.ErrNoSource)
}
