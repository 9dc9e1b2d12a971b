package deploy

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// MaxZipBytes is what Lambda takes of a zip, and MaxUnzippedBytes of its
// contents (Lambda quotas: 50 MB for a direct upload, 250 MB unzipped).
const (
	MaxZipBytes      = 50 << 20
	MaxUnzippedBytes = 250 << 20
)

// Bundle is a Lambda zip.
type Bundle struct {
	Part   string `json:"part"`   // api or legacy-adapter
	Path   string `json:"path"`   // of the zip
	SHA256 string `json:"sha256"` // of the zip, in hexadecimal
	Bytes  int64  `json:"bytes"`
	Binary int64  `json:"binary"` // bytes of the bootstrap
}

// Key is the bundle's name in a bucket: another content is another key, so that
// CloudFormation sees that there is something new, and an old stack's is kept.
func (b Bundle) Key() string { return fmt.Sprintf("%s/%s.zip", b.Part, b.SHA256) }

// Packing says what goes into a bundle.
type Packing struct {
	Part    string            // names the bundle
	Package string            // the main package, such as ./api/cmd/lambda
	Files   map[string][]byte // what lies beside the bootstrap, by name
}

// PackOptions say where the sources are and what to build for.
type PackOptions struct {
	Source string // the module's folder
	Out    string // where the zips go
	Arch   string // arm64 or amd64
	Go     string // the go command; empty: the one on the PATH
}

// ErrNoSource says that a folder is not one that the Lambda entries can be
// built from.
var ErrNoSource = errors.New("no Go module with the Lambda entries")

// Pack builds the bundles. The same sources and the same Go give the same bytes,
// wherever and whenever: paths, build ids and version control are left out of
// the binary, and times out of the zip.
func Pack(ctx context.Context, o PackOptions, packings ...Packing) ([]Bundle, error) {
	if _, err := os.Stat(filepath.Join(o.Source, "go.mod")); err != nil {
		return nil, fmt.Errorf("%w in %s", ErrNoSource, o.Source)
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the zips: %w", err)
	}
	bundles := make([]Bundle, 0, len(packings))
	for _, p := range packings {
		b, err := o.pack(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", p.Part, err)
		}
		bundles = append(bundles, b)
	}
	return bundles, nil
}

func (o PackOptions) pack(ctx context.Context, p Packing) (Bundle, error) {
	binary, err := o.build(ctx, p.Package)
	if err != nil {
		return Bundle{}, err
	}
	text, err := zipped(binary, p.Files)
	if err != nil {
		return Bundle{}, err
	}
	unzipped := int64(len(binary))
	for _, f := range p.Files {
		unzipped += int64(len(f))
	}
	if len(text) > MaxZipBytes || unzipped > MaxUnzippedBytes {
		return Bundle{}, fmt.Errorf("the zip has %d bytes (%d unzipped), and Lambda takes %d (%d)", len(text), unzipped, MaxZipBytes, MaxUnzippedBytes)
	}
	sum := sha256.Sum256(text)
	b := Bundle{Part: p.Part, Path: filepath.Join(o.Out, p.Part+"-"+o.Arch+".zip"), SHA256: hex.EncodeToString(sum[:]),
		Bytes: int64(len(text)), Binary: int64(len(binary))}
	if err := os.WriteFile(b.Path, text, 0o644); err != nil {
		return Bundle{}, fmt.Errorf("write the zip: %w", err)
	}
	return b, nil
}

// build compiles a Lambda entry for provided.al2023. The tags leave out the old
// RPC path of aws-lambda-go, which provided runtimes never use, and the API's
// store in a folder, with SQLite.
func (o PackOptions) build(ctx context.Context, pkg string) ([]byte, error) {
	folder, err := os.MkdirTemp("", "banyan-package-")
	if err != nil {
		return nil, fmt.Errorf("make a folder to build in: %w", err)
	}
	defer os.RemoveAll(folder)
	binary := filepath.Join(folder, "bootstrap")
	command := o.Go
	if command == "" {
		command = "go"
	}
	build := exec.CommandContext(ctx, command, "build", "-o", binary, "-tags", "lambda.norpc,nofolder",
		"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", pkg)
	build.Dir = o.Source
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+o.Arch, "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build %s: %w\n%s", pkg, err, bytes.TrimSpace(out))
	}
	return os.ReadFile(binary)
}

// zipTime stands in every zip for the time of its files: the first that the
// format can tell.
var zipTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// zipped returns a zip with the bootstrap and the files beside it, in the order
// of their names.
func zipped(binary []byte, files map[string][]byte) ([]byte, error) {
	var text bytes.Buffer
	w := zip.NewWriter(&text)
	names := []string{"bootstrap"}
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names[1:])
	for i, name := range names {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: zipTime}
		content := files[name]
		header.SetMode(0o644)
		if i == 0 {
			header.SetMode(0o755) // or Lambda cannot start it
			content = binary
		}
		f, err := w.CreateHeader(header)
		if err != nil {
			return nil, fmt.Errorf("zip %s: %w", name, err)
		}
		if _, err := f.Write(content); err != nil {
			return nil, fmt.Errorf("zip %s: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("zip: %w", err)
	}
	return text.Bytes(), nil
}
