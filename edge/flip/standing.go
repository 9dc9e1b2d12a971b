package flip

import "github.com/banyan-edge/banyan/edge/route"

// Standing is the table of the files as they are, for those who hand it on
// under its epoch.
type Standing struct {
	Table    *route.Table   // nil where the files have errors
	Findings route.Findings // what is wrong with them
	Noted    bool           // the journal has an entry for exactly these files
}

// Standing looks at the files without writing. Where the journal does not know
// them yet, the table's epoch is the one that Note would give.
func (s *Store) Standing(after uint64) (Standing, error) {
	unlock, err := s.lockShared()
	if err != nil {
		return Standing{}, err
	}
	defer unlock()
	c, err := s.read()
	if err != nil {
		return Standing{}, err
	}
	j, err := readJournal(s.data, 1)
	if err != nil {
		return Standing{}, err
	}
	j.resolve(c.hash)
	epoch, noted := j.last().Epoch, j.last().Hash == c.hash
	if !noted {
		epoch = max(j.epoch, after) + 1
	}
	table, findings := c.compile(epoch)
	s.remember(findings)
	return Standing{Table: table, Findings: findings, Noted: noted}, nil
}

// Note makes an entry where somebody changed the files by hand and nothing that
// runs has seen it, so that every table that leaves this machine has an epoch of
// its own. The new epoch is greater than after, as well as any before it; after
// is what is published already, which another machine may have done.
func (s *Store) Note(after uint64) (Standing, error) {
	unlock, err := s.lock()
	if err != nil {
		return Standing{}, err
	}
	defer unlock()
	c, j, err := s.settled()
	if err != nil {
		return Standing{}, err
	}
	table, findings := c.compile(0)
	s.remember(findings)
	if table == nil {
		return Standing{Findings: findings}, nil
	}
	if j.last().Hash != c.hash {
		j.epoch = max(j.epoch, after)
		if err := s.noteByHand(j, c, table); err != nil {
			return Standing{}, err
		}
	}
	return Standing{Table: table.WithEpoch(j.last().Epoch), Findings: findings, Noted: true}, nil
}
