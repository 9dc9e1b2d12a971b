package local

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/banyan-edge/banyan/api/order"
)

// maxBatch is how many operations one transaction takes at most. Beyond some
// hundreds the share of the fsync in each is small, and the first in the
// transaction would only wait longer for the last.
const maxBatch = 1024

// errClosed is what operations get from a closed store.
var errClosed = errors.New("the order store is closed")

// writer owns the connection that writes. It runs operations in the order they
// came, many to a transaction.
type writer struct {
	store *Store
	dsn   string
	done  chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex
	waiting []*task
	closed  bool
	wake    chan struct{} // cap 1: something waits, or the writer is to stop

	// What follows is the goroutine's alone.
	conn    *conn // nil after a failure that a rollback could not mend
	next    int64 // the Seq of the next order
	sweep   sweep
	batch   []*task // taken into the transaction that is open
	failing bool    // the last transaction failed
}

func newWriter(s *Store, dsn string) (*writer, error) {
	w := &writer{store: s, dsn: dsn, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if err := w.reopen(); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *writer) start() { go w.loop() }

// do runs an operation in the writer's next transaction and returns once that
// is committed. Where ctx ends before the operation's turn it is not run; where
// ctx ends later the operation stands, although the caller does not wait for it.
func (w *writer) do(ctx context.Context, run func(*tx) error) error {
	t := &task{ctx: ctx, run: run, done: make(chan struct{})}
	if err := w.enqueue(t); err != nil {
		return err
	}
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		t.state.CompareAndSwap(taskWaiting, taskAbandoned)
		return ctx.Err()
	}
}

func (w *writer) enqueue(t *task) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return unavailable(errClosed)
	}
	w.waiting = append(w.waiting, t)
	if len(w.waiting) == 1 {
		w.signal()
	}
	return nil
}

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take moves up to limit waiting operations to the end of into.
func (w *writer) take(into []*task, limit int) []*task {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(limit, len(w.waiting))
	into = append(into, w.waiting[:n]...)
	rest := copy(w.waiting, w.waiting[n:])
	clear(w.waiting[rest:])
	w.waiting = w.waiting[:rest]
	return into
}

func (w *writer) stopping() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed && len(w.waiting) == 0
}

// stop lets the operations that wait finish and ends the goroutine.
func (w *writer) stop() {
	w.mu.Lock()
	w.closed = true
	w.signal()
	w.mu.Unlock()
	<-w.done
}

func (w *writer) close() error {
	if w.conn == nil {
		return nil
	}
	return w.conn.close()
}

func (w *writer) loop() {
	defer close(w.done)
	for !w.stopping() {
		if w.batch = w.take(w.batch[:0], maxBatch); len(w.batch) == 0 {
			<-w.wake
			continue
		}
		w.commitBatch()
		clear(w.batch)
	}
}

// reopen opens the connection and reads what the writer keeps in memory.
func (w *writer) reopen() (err error) {
	if w.conn, err = openConn(w.dsn); err != nil {
		return err
	}
	if err := w.load(); err != nil {
		err = errors.Join(err, w.conn.close())
		w.conn = nil
		return err
	}
	return nil
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", order.ErrUnavailable, err) }
