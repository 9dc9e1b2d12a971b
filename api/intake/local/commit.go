package local

import (
	"errors"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// commitBatch runs the operations of w.batch, and those that come meanwhile, in
// one transaction, and answers them once it is committed. Taking the late ones
// in fills a transaction without waiting for anybody: while some run, the
// callers answered last are back with their next.
func (w *writer) commitBatch() {
	start := time.Now()
	err := w.transact(func(t *tx) {
		for i := 0; i < len(w.batch) && t.err == nil; i++ {
			if w.batch[i].begin() {
				w.batch[i].err = w.batch[i].run(t)
			}
			if i == len(w.batch)-1 {
				w.batch = w.take(w.batch, maxBatch-len(w.batch))
			}
		}
	})
	switch {
	case err == nil:
	case isStorage(err):
		w.refuseAll(err)
	default:
		w.commitEach()
	}
	w.store.metrics.committed(len(w.batch), time.Since(start))
	for _, t := range w.batch {
		close(t.done)
	}
}

// commitEach runs each operation of w.batch in a transaction of its own, after
// one among them made their common one fail: one bad operation never costs the
// others theirs.
func (w *writer) commitEach() {
	for _, task := range w.batch {
		if !task.begin() {
			continue
		}
		if err := w.transact(func(t *tx) { task.err = task.run(t) }); err != nil {
			task.err = unavailable(err)
		}
	}
}

// refuseAll answers a batch of which nothing was written. Refusals are taken
// back too: who was told that the last unit is gone may have lost it to one of
// the others.
func (w *writer) refuseAll(err error) {
	for _, task := range w.batch {
		task.err = unavailable(err)
	}
}

// transact runs operations in one transaction. Where it fails nothing is
// written, and the connection is as good as before or is opened anew by the
// next: when the disk has room again, so has the store.
func (w *writer) transact(operate func(*tx)) error {
	t, err := w.begin()
	if err == nil {
		operate(t)
		err = t.commit()
	}
	w.report(err)
	if err != nil && w.conn != nil {
		_, _ = w.conn.rollback.exec() // fails where SQLite has rolled back by itself
		w.recover()
	}
	return err
}

// report logs when writing begins to fail and when it works again, not each of
// the thousands of transactions in between.
func (w *writer) report(err error) {
	switch failed := err != nil; {
	case failed && !w.failing:
		w.store.log.Error("orders cannot be written", "error", err)
	case !failed && w.failing:
		w.store.log.Info("orders can be written again")
	}
	w.failing = err != nil
}

// recover brings what the writer has in memory back to what is in the file.
func (w *writer) recover() {
	if w.load() != nil {
		_ = w.conn.close() // it is of no use either way
		w.conn = nil
	}
}

// isStorage reports whether err is about the file and not about what was to be
// written to it.
func isStorage(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return true
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_CONSTRAINT, lib.SQLITE_MISMATCH, lib.SQLITE_TOOBIG, lib.SQLITE_RANGE:
		return false
	}
	return true
}
