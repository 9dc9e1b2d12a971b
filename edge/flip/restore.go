package flip

import (
	"errors"
	"fmt"
	"slices"

	"github.com/banyan-edge/banyan/edge/route"
)

// ErrNoEpoch: the journal has no entry of this epoch.
var ErrNoEpoch = errors.New("the history has no such epoch")

// Restoration is the way back to an earlier epoch.
type Restoration struct {
	Epoch uint64 // whose products are wanted again
	After uint64 // the new epoch is greater than this; 0: than the journal's
	Who   string
	Why   string
}

// Restore makes products.yaml what it was at an epoch, as a new epoch. What
// banyan.yaml says, the mode among it, stays as it is: it is the engineers'
// file, and their history is elsewhere. Where the products are so already and
// no greater epoch is asked for, the error is ErrUnchanged.
func (s *Store) Restore(r Restoration) (Entry, error) {
	wanted := Entry{Epoch: r.After, Who: r.Who, Why: r.Why, What: fmt.Sprintf("back to epoch %d", r.Epoch)}
	entry, err := s.change(wanted, func(now *content, _ *route.Table) (*content, error) {
		next, err := s.restored(now, r.Epoch)
		if err != nil {
			return nil, err
		}
		j, err := readJournal(s.data, 1)
		if err != nil {
			return nil, err
		}
		if next.hash == now.hash && j.last().Hash == now.hash && j.last().Epoch > r.After {
			return nil, ErrUnchanged
		}
		return next, nil
	})
	if err != nil {
		return entry, fmt.Errorf("go back to epoch %d: %w", r.Epoch, err)
	}
	return entry, nil
}

// Preview returns the table that Restore would make, under the epoch that it
// would have. It writes nothing.
func (s *Store) Preview(r Restoration) (*route.Table, error) {
	unlock, err := s.lockShared()
	if err != nil {
		return nil, err
	}
	defer unlock()
	now, err := s.read()
	if err != nil {
		return nil, err
	}
	next, err := s.restored(now, r.Epoch)
	if err != nil {
		return nil, fmt.Errorf("look at epoch %d: %w", r.Epoch, err)
	}
	j, err := readJournal(s.data, 1)
	if err != nil {
		return nil, err
	}
	table, findings := next.compile(max(j.epoch, r.After) + 1)
	if table == nil {
		return nil, fmt.Errorf("look at epoch %d: %w", r.Epoch, findings.Err())
	}
	return table, nil
}

// At returns the table as it was at an epoch: both files as they were.
func (s *Store) At(epoch uint64) (*route.Table, error) {
	unlock, err := s.lockShared()
	if err != nil {
		return nil, err
	}
	defer unlock()
	e, err := s.entry(epoch)
	if err != nil {
		return nil, fmt.Errorf("look at epoch %d: %w", epoch, err)
	}
	config, err1 := s.textOf(e.Kept.Config)
	products, err2 := s.textOf(e.Kept.Products)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("look at epoch %d: %w", epoch, err)
	}
	c, err := s.contentOf(config, products)
	if err != nil {
		return nil, fmt.Errorf("look at epoch %d: %w", epoch, err)
	}
	table, findings := c.compile(epoch)
	if table == nil {
		return nil, fmt.Errorf("look at epoch %d: %w", epoch, findings.Err())
	}
	return table, nil
}

// restored returns now with the products of an earlier epoch.
func (s *Store) restored(now *content, epoch uint64) (*content, error) {
	e, err := s.entry(epoch)
	if err != nil {
		return nil, err
	}
	products, err := s.textOf(e.Kept.Products)
	if err != nil {
		return nil, err
	}
	return s.contentOf(now.config, products)
}

// entry returns the journal's entry of an epoch.
func (s *Store) entry(epoch uint64) (Entry, error) {
	j, err := readJournal(s.data, 0)
	if err != nil {
		return Entry{}, err
	}
	if c, err := s.read(); err == nil {
		j.resolve(c.hash)
	}
	i := slices.IndexFunc(j.entries, func(e Entry) bool { return e.Epoch == epoch })
	if i < 0 {
		return Entry{}, ErrNoEpoch
	}
	return j.entries[i], nil
}
