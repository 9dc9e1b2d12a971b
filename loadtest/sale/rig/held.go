package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Unknown is a count of connections that nothing could be learned of.
const Unknown = -1

// Held counts the connections that the database has now, from outside: what
// PostgreSQL says, or for SQLite the descriptors of the file that all processes
// hold, by /proc. Unknown where neither can be asked.
func (s *Stage) Held(ctx context.Context) int {
	if s.database.file == "" {
		n, err := s.Truth.Connections(ctx)
		if err != nil {
			return Unknown
		}
		return n
	}
	sum := 0
	for _, pid := range s.pids() {
		n, err := descriptors(pid, s.database.file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // it has ended
			return Unknown
		}
		sum += n
	}
	return sum
}

func (s *Stage) pids() []int {
	s.moving.Lock()
	defer s.moving.Unlock()
	pids := []int{os.Getpid()}
	for _, p := range []*process{s.legacy, s.banyan} {
		if p != nil {
			pids = append(pids, p.cmd.Process.Pid)
		}
	}
	return pids
}

// descriptors counts how often a process has a file open.
func descriptors(pid int, file string) (int, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	open, err := os.Open(dir)
	if err != nil {
		return 0, err
	}
	defer open.Close()
	names, err := open.Readdirnames(-1)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, name := range names {
		target, err := os.Readlink(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		if target == file {
			n++
		}
	}
	return n, nil
}

// Ledger is what Banyan says of its orders.
type Ledger struct {
	Accepted  int64 `json:"accepted"`
	Written   int64 `json:"written"`
	Waiting   int64 `json:"waiting"`
	Dead      int64 `json:"dead"`
	Cancelled int64 `json:"cancelled"`
	Balanced  bool  `json:"balanced"`
}

// ledgerPatience is how long Banyan may take to count.
const ledgerPatience = 5 * time.Second

// Ledger asks Banyan; nil where there is none now.
func (s *Stage) Ledger(ctx context.Context) (*Ledger, error) {
	console := s.console.Load()
	if console == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, ledgerPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, *console+"/ledger", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask Banyan for its ledger: %w", err)
	}
	defer resp.Body.Close()
	l := new(Ledger)
	if err := json.NewDecoder(resp.Body).Decode(l); err != nil {
		return nil, fmt.Errorf("ask Banyan for its ledger: %w", err)
	}
	return l, nil
}
