package flip

import (
	"context"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/banyan-edge/banyan/edge/route"
)

const (
	// settle is how long after the first sign of a change the files are read:
	// editors write in several steps.
	settle = 20 * time.Millisecond
	// poll is how often they are read without a sign; some file systems give none.
	poll = time.Second
)

// Watch calls swap with the table as it is, and then with each table that
// follows, within a second of the change, until ctx is done. It is the
// running edge's: a change that the journal does not know gets its entry here. A
// broken file keeps the last good table; it is logged once and in Problems.
func (s *Store) Watch(ctx context.Context, swap func(*route.Table)) {
	w := watch{store: s, swap: swap}
	w.check()
	signs, errs := w.listen()
	if w.notify != nil {
		defer w.notify.Close()
	}
	ticks := time.NewTicker(poll)
	defer ticks.Stop()
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-signs:
			if due == nil && w.concerns(event) {
				due = time.After(settle)
			}
		case err := <-errs:
			s.log.Warn("watching the files", "error", err)
		case <-due:
			due = nil
			w.check()
			w.follow()
		case <-ticks.C:
			w.check()
			w.follow()
		}
	}
}

// watch is one run of Watch.
type watch struct {
	store    *Store
	swap     func(*route.Table)
	notify   *fsnotify.Watcher // nil where there is none to be had
	products string            // the products file, as banyan.yaml says

	last    mark   // what was looked at last
	failure string // what could not be read at all, said once
}

// mark changes whenever there is something to look at.
type mark struct {
	hash    string
	journal int64
}

// listen starts listening for signs. Without them the poll is all there is.
func (w *watch) listen() (<-chan fsnotify.Event, <-chan error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		w.store.log.Warn("changes are noticed by polling only", "error", err)
		return nil, nil
	}
	w.notify = notify
	w.follow()
	return notify.Events, notify.Errors
}

// follow listens at the directories of both files: an editor replaces a file,
// and a watch on the file itself would stay with the old one. Saying it again
// costs little and finds a directory that was replaced.
func (w *watch) follow() {
	if w.notify == nil {
		return
	}
	for _, path := range []string{w.store.config, w.products} {
		if path != "" {
			_ = w.notify.Add(filepath.Dir(path)) // a directory that is away is polled for
		}
	}
}

// concerns reports whether an event is about one of the two files. The data
// directory may be the same, and there is much going on in it.
func (w *watch) concerns(e fsnotify.Event) bool {
	return e.Name == w.store.config || e.Name == w.products
}

// check reads the files, and where they or the journal changed, looks.
func (w *watch) check() {
	c, err := w.store.read()
	if err != nil {
		w.fail(err)
		return
	}
	w.products = c.productsPath
	j, err := readJournal(w.store.data, 1)
	if err != nil {
		w.fail(err)
		return
	}
	if w.last == (mark{c.hash, j.size}) {
		return
	}
	table, err := w.store.accept(&w.last)
	if err != nil {
		w.fail(err)
		return
	}
	w.failure = ""
	if table != nil {
		w.swap(table)
	}
}

// fail says once that the files cannot be read at all.
func (w *watch) fail(err error) {
	w.last = mark{}
	w.store.remember(route.Findings{{File: filepath.Base(w.store.config), Line: 1, Column: 1, Message: err.Error(), Hint: "the last good table stays in use"}})
	if w.failure != err.Error() {
		w.failure = err.Error()
		w.store.log.Error("the files cannot be read; the last good table stays", "error", err)
	}
}

// accept makes a table of the files as they are, with an entry for it. The
// table is nil where they are broken.
func (s *Store) accept(last *mark) (*route.Table, error) {
	unlock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	c, j, err := s.settled()
	if err != nil {
		return nil, err
	}
	table, findings := c.compile(0)
	s.remember(findings)
	if findings.Err() != nil && last.hash != c.hash {
		s.log.Error("the files have errors; the last good table stays", "findings", findings.String())
	}
	if table == nil {
		*last = mark{c.hash, j.size}
		return nil, nil
	}
	if err := s.noteByHand(j, c, table); err != nil {
		return nil, err
	}
	*last = mark{c.hash, j.size}
	return table.WithEpoch(j.last().Epoch), nil
}
