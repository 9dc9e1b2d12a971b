package flip

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// Options are what a Store needs.
type Options struct {
	Config string // the path of banyan.yaml; products.yaml is where it says
	Data   string // the directory of the journal and the lock; made when first written to

	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: nothing is logged
}

// Store is the two files and their journal. It is safe for use by many
// goroutines, and beside other processes with the same Data.
type Store struct {
	config string
	data   string
	now    func() time.Time
	log    *slog.Logger

	mu       sync.Mutex // over problems
	problems route.Findings
}

// Open returns the store of these files. It reads none of them yet and writes
// nothing, so that a command can look at files that are broken.
func Open(o Options) (*Store, error) {
	if o.Config == "" || o.Data == "" {
		return nil, errors.New("open the flips: no configuration file or no data directory given")
	}
	config, err := filepath.Abs(o.Config)
	if err != nil {
		return nil, fmt.Errorf("open the flips: %w", err)
	}
	info, err := os.Stat(config)
	if err != nil {
		return nil, fmt.Errorf("open the flips: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("open the flips: %s is a directory, not banyan.yaml", config)
	}
	s := &Store{config: config, data: o.Data, now: o.Now, log: o.Logger}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

// Problems returns what is wrong with the files as they are now, warnings
// among it: what Load or Watch found last.
func (s *Store) Problems() route.Findings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(route.Findings(nil), s.problems...)
}
