package flip

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/banyan-edge/banyan/edge/route"
)

// byHand is who changed the files where nobody said so.
const byHand = "file"

// editFunc returns what the files are to be, given what they are and the table
// they make, which is nil where they have errors.
type editFunc func(now *content, t *route.Table) (*content, error)

// retries bounds how often an edit starts again because an editor wrote the
// file at that very moment.
const retries = 5

// change makes one entry in the journal and the change it tells of. The entry's
// epoch is greater than e's, and its words come after e's.
func (s *Store) change(e Entry, edit editFunc) (Entry, error) {
	unlock, err := s.lock()
	if err != nil {
		return Entry{}, err
	}
	defer unlock()
	for range retries {
		var entry Entry
		if entry, err = s.changeOnce(e, edit); !errors.Is(err, errRaced) {
			return entry, err
		}
	}
	return Entry{}, err
}

// changeOnce is the order that makes a flip safe: the entry is durable before
// the file is touched, and the file's name changes at one moment. Whoever comes
// after a crash sees the entry begun, compares its hash with the files, and
// knows whether that moment came.
func (s *Store) changeOnce(e Entry, edit editFunc) (Entry, error) {
	now, j, err := s.settled()
	if err != nil {
		return Entry{}, err
	}
	before, _ := now.compile(0)
	next, err := edit(now, before)
	if errors.Is(err, ErrUnchanged) {
		return j.last(), err
	}
	if err != nil {
		return Entry{}, err
	}
	after, findings := next.compile(0)
	if after == nil {
		return Entry{}, findings.Err()
	}
	if err := s.noteByHand(j, now, before); err != nil {
		return Entry{}, err
	}
	e.Epoch, e.At, e.Hash = max(j.epoch, e.Epoch)+1, s.now().UTC(), next.hash
	e.What, e.Kept = joined(e.What, what(before, after)), s.keep(j.last().Kept, next)
	if err := j.append(record{begun, e.Epoch, &e}); err != nil {
		return Entry{}, err
	}
	if err := s.store(now, next); err != nil {
		return Entry{}, errors.Join(err, s.withdraw(j, e.Epoch))
	}
	if err := j.append(record{State: done, Epoch: e.Epoch}); err != nil {
		// The files have it; whoever comes next sees that, and says done.
		s.log.Warn("a change could not be confirmed in the journal", "epoch", e.Epoch, "error", err)
	}
	s.keepSeen(next)
	s.log.Info("flipped", "epoch", e.Epoch, "who", e.Who, "what", e.What)
	return e, nil
}

// joined puts what a change was for before what it did.
func joined(purpose, what string) string {
	if purpose == "" {
		return what
	}
	return purpose + ": " + what
}

// settled returns what the files are, and the journal with nothing pending.
func (s *Store) settled() (*content, *journal, error) {
	now, err := s.read()
	if err != nil {
		return nil, nil, err
	}
	j, err := readJournal(s.data, 1)
	if err != nil {
		return nil, nil, err
	}
	if r := j.resolve(now.hash); r != nil {
		s.log.Warn("a change was cut short by a crash", "epoch", r.Epoch, "outcome", string(r.State))
		if err := j.append(*r); err != nil {
			return nil, nil, err
		}
	}
	return now, j, nil
}

// store writes the one file that an edit changed.
func (s *Store) store(now, next *content) error {
	if !bytes.Equal(now.config, next.config) {
		return replace(s.config, now.config, next.config)
	}
	return replace(now.productsPath, now.products, next.products)
}

// withdraw says that the last entry never came to be. Where not even that can
// be written, the files say it.
func (s *Store) withdraw(j *journal, epoch uint64) error {
	c, err := s.read()
	if err != nil {
		return err
	}
	if j.pending != nil && j.pending.Hash == c.hash {
		return nil // it did come to be, and only the rest failed
	}
	return j.append(record{State: undone, Epoch: epoch})
}

// noteByHand makes an entry for what the files say and the journal does not:
// somebody edited them.
func (s *Store) noteByHand(j *journal, now *content, table *route.Table) error {
	last := j.last()
	if last.Hash == now.hash || table == nil {
		return nil
	}
	e := Entry{Epoch: j.epoch + 1, At: s.now().UTC(), Who: byHand, Hash: now.hash, Kept: s.keep(last.Kept, now)}
	switch before := s.seen(last.Hash); {
	case last.Epoch == 0:
		e.What = fmt.Sprintf("first read: %d routes, %d products", len(table.Config().Routes), len(table.Products()))
	case before == nil:
		e.What = "edited by hand"
	default:
		e.What = what(before, table)
	}
	if err := j.append(record{done, e.Epoch, &e}); err != nil {
		return err
	}
	s.keepSeen(now)
	s.log.Info("the files were changed by hand", "epoch", e.Epoch, "what", e.What)
	return nil
}
