package flip

import "github.com/banyan-edge/banyan/edge/route"

// Load reads both files and compiles them. The epoch is the journal's; Load
// writes nothing, so a change by hand that no running edge has seen keeps the
// epoch before it. Where the findings hold errors the table is nil, except in
// the mode all-legacy with a broken products file. The error is for files that
// cannot be read at all.
func (s *Store) Load() (*route.Table, route.Findings, error) {
	unlock, err := s.lockShared()
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	c, err := s.read()
	if err != nil {
		return nil, nil, err
	}
	j, err := readJournal(s.data, 1)
	if err != nil {
		return nil, nil, err
	}
	j.resolve(c.hash)
	table, findings := c.compile(j.last().Epoch)
	s.remember(findings)
	return table, findings, nil
}

// remember keeps what is wrong with the files now.
func (s *Store) remember(problems route.Findings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = problems
}

// History returns the last entries, newest first; all where limit is 0.
func (s *Store) History(limit int) ([]Entry, error) {
	unlock, err := s.lockShared()
	if err != nil {
		return nil, err
	}
	defer unlock()
	j, err := readJournal(s.data, limit)
	if err != nil {
		return nil, err
	}
	if j.pending != nil {
		if c, err := s.read(); err == nil {
			j.resolve(c.hash)
		}
	}
	if j.skipped > 0 {
		s.log.Warn("lines of the journal cannot be read", "file", journalFile, "lines", j.skipped)
	}
	entries := make([]Entry, 0, len(j.entries))
	for i := len(j.entries) - 1; i >= 0 && (limit <= 0 || len(entries) < limit); i-- {
		entries = append(entries, j.entries[i])
	}
	return entries, nil
}
