package local

import (
	"database/sql/driver"
	"time"
)

// tx is the transaction that the writer has open. Operations write rows as they
// run; what they change in counts is kept here and written once, at the commit,
// however many of them sold the same SKU.
type tx struct {
	*conn
	w   *writer
	now time.Time
	err error // the first error of the database; nothing after it counts

	first   int64 // the Seq of the first order accepted here
	next    int64 // of the next
	touched []*shelf
	added   []*shelf
	events  events

	requeued bool // dead letters wait again
	edited   bool // the body of an order was changed
	listed   bool // listings were queued
}

// events are the increments of the ledger.
type events struct{ accepted, written, cancelled, dead int64 }

func (w *writer) begin() (*tx, error) {
	if w.conn == nil {
		if err := w.reopen(); err != nil {
			return nil, err
		}
	}
	if _, err := w.conn.begin.exec(); err != nil {
		return nil, err
	}
	return &tx{conn: w.conn, w: w, now: w.store.now(), first: w.next, next: w.next}, nil
}

// exec runs a statement and returns how many rows it changed. An error is kept
// for the writer, which ends the transaction.
func (t *tx) exec(s *stmt, args ...any) int64 {
	if t.err != nil {
		return 0
	}
	n, err := s.exec(args...)
	t.err = err
	return n
}

// query calls each with every row. An error is kept, as by exec.
func (t *tx) query(s *stmt, each func(row []driver.Value) error, args ...any) {
	if t.err == nil {
		t.err = s.query(each, args...)
	}
}

// commit writes the counts, commits, and only then lets others see them.
func (t *tx) commit() error {
	accepted := t.next > t.first
	if accepted {
		t.exec(t.enqueue, t.first, t.next-1)
	}
	for _, sh := range t.touched {
		t.exec(t.saveStock, int64(sh.held), int64(sh.sold), sh.sku)
	}
	swept := t.w.sweep.step(t)
	if t.events != (events{}) || swept != t.w.sweep.at {
		e := t.events
		t.exec(t.countLedger, e.accepted, e.written, e.cancelled, e.dead, swept)
	}
	if t.err != nil {
		return t.err
	}
	if _, err := t.conn.commit.exec(); err != nil {
		return err
	}
	t.w.next, t.w.sweep.at = t.next, swept
	t.publish()
	if accepted || t.requeued {
		t.w.store.signalArrived()
	}
	if t.listed {
		t.w.store.signalListed()
	}
	return nil
}
