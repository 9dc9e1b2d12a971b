package flip

import (
	"os"
	"path/filepath"

	"github.com/banyan-edge/banyan/edge/route"
)

// What the files were at the last entry is kept beside the journal, so that an
// entry can say what somebody changed by hand, even if nothing ran meanwhile.
// The copies are a convenience: they count only where their hash is the
// entry's, and losing them loses a few words.
const (
	seenConfig   = "seen.banyan.yaml"
	seenProducts = "seen.products.yaml"
)

// keepSeen keeps what the files are now.
func (s *Store) keepSeen(c *content) {
	for name, text := range map[string][]byte{seenConfig: c.config, seenProducts: c.products} {
		if err := os.WriteFile(filepath.Join(s.data, name), text, 0o600); err != nil {
			s.log.Warn("what the files were could not be kept", "error", err)
		}
	}
}

// seen returns the table of the files with this hash, or nil where they were
// not kept.
func (s *Store) seen(want string) *route.Table {
	config, err1 := os.ReadFile(filepath.Join(s.data, seenConfig))
	products, err2 := os.ReadFile(filepath.Join(s.data, seenProducts))
	if err1 != nil || err2 != nil || hash(config, products) != want {
		return nil
	}
	c, err := s.contentOf(config, products)
	if err != nil {
		return nil
	}
	table, _ := c.compile(0)
	return table
}
