package flip

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/edge/route"
)

// TestMain runs the tests, or where it is asked to, is the other process that
// some of them need.
func TestMain(m *testing.M) {
	if config := os.Getenv("FLIP_TEST_WORKER"); config != "" {
		os.Exit(worker(config))
	}
	goleak.VerifyTestMain(m)
}

const shopConfig = `# banyan.yaml: reviewed like code
storefront: https://shop.example.com
products:
  paths: ["/shop/{category}/{product}"]
routes:
  - {name: checkout, path: /checkout*, to: serverless}
`

const shopProducts = `# products.yaml: the merchants'

# rods
muskie-casting-rod: legacy   # the bestseller
tourney-casting-rod: legacy

# one of one
vintage-creel-1962:
  # from the estate sale
  arm: serverless
  share: 25%                 # sticky
  from: 2026-11-27T08:00:00Z
  until: 2026-11-27T20:00:00Z
  stock: 1
`

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// shop is a pair of files and their store.
type shop struct {
	*Store
	t   *testing.T
	dir string
	log *lockedBuffer
}

func newShop(t *testing.T, config, products string) *shop {
	dir := t.TempDir()
	s := &shop{t: t, dir: dir, log: &lockedBuffer{}}
	s.write("banyan.yaml", config)
	s.write("products.yaml", products)
	store, err := Open(Options{
		Config: filepath.Join(dir, "banyan.yaml"), Data: filepath.Join(dir, "data"),
		Now: func() time.Time { return noon }, Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	require.NoError(t, err)
	s.Store = store
	return s
}

// write replaces a file as an editor does.
func (s *shop) write(name, text string) {
	path := filepath.Join(s.dir, name)
	require.NoError(s.t, os.WriteFile(path+"~", []byte(text), 0o644))
	require.NoError(s.t, os.Rename(path+"~", path))
}

func (s *shop) file(name string) string {
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	require.NoError(s.t, err)
	return string(text)
}

func (s *shop) table() *route.Table {
	table, findings, err := s.Load()
	require.NoError(s.t, err)
	require.NoError(s.t, findings.Err())
	return table
}

func (s *shop) history() []Entry {
	entries, err := s.History(0)
	require.NoError(s.t, err)
	return entries
}

// lockedBuffer is a log that a test reads while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func pointer[T any](v T) *T { return &v }
