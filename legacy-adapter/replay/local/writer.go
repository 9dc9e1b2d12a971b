package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/banyan-edge/banyan/api/order"
)

// maxBatch is how many operations one transaction takes at most, and maxBytes
// about how much they may bring: bodies can be large.
const (
	maxBatch = 256
	maxBytes = 32 << 20
)

// errClosed is what operations get from a closed store.
var errClosed = errors.New("the store is closed")

// writer owns the connection that writes. It runs operations in the order they
// came, many to a transaction.
type writer struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt

	mu      sync.Mutex
	waiting []*task
	closed  bool
	wake    chan struct{} // cap 1: something waits, or the writer is to stop
	done    chan struct{}
}

// task is an operation that waits for the writer.
type task struct {
	run   func(*tx) error
	bytes int
	err   error
	done  chan struct{}
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &writer{conn: conn, stmts: make(map[string]*sql.Stmt), wake: make(chan struct{}, 1), done: make(chan struct{})}, nil
}

// do runs an operation in the writer's next transaction and returns once that
// is committed, or was rolled back: then the error says so.
func (w *writer) do(bytes int, run func(*tx) error) error {
	t := &task{run: run, bytes: bytes, done: make(chan struct{})}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return unavailable(errClosed)
	}
	w.waiting = append(w.waiting, t)
	w.mu.Unlock()
	w.signal()
	<-t.done
	return t.err
}

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take returns the next operations for one transaction.
func (w *writer) take() (batch []*task, ended bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, bytes := 0, 0
	for n < len(w.waiting) && n < maxBatch && (n == 0 || bytes+w.waiting[n].bytes <= maxBytes) {
		bytes += w.waiting[n].bytes
		n++
	}
	batch = append(batch, w.waiting[:n]...)
	w.waiting = append([]*task(nil), w.waiting[n:]...)
	return batch, w.closed && n == 0
}

func (w *writer) loop() {
	defer close(w.done)
	for {
		batch, ended := w.take()
		if ended {
			return
		}
		if len(batch) == 0 {
			<-w.wake
			continue
		}
		if err := w.commit(batch); err != nil {
			for _, t := range batch {
				t.err = unavailable(err) // who was refused is told so too: the reason may be gone with the rest
			}
		}
		for _, t := range batch {
			close(t.done)
		}
	}
}

// commit runs a batch in one transaction. An operation that fails is undone
// alone.
func (w *writer) commit(batch []*task) (err error) {
	t := &tx{writer: w}
	if err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = t.exec("ROLLBACK") // fails where SQLite has rolled back by itself
		}
	}()
	for _, task := range batch {
		if err := t.exec("SAVEPOINT one"); err != nil {
			return err
		}
		if task.err = task.run(t); task.err != nil {
			if err := t.exec("ROLLBACK TO one"); err != nil {
				return err
			}
		}
		if err := t.exec("RELEASE one"); err != nil {
			return err
		}
	}
	return t.exec("COMMIT")
}

// stop lets the operations that wait finish and ends the goroutine.
func (w *writer) stop() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.signal()
	<-w.done
}

func (w *writer) close() error {
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

// tx is the transaction that the writer has open.
type tx struct{ *writer }

func (t *tx) prepared(query string) (*sql.Stmt, error) {
	if s := t.stmts[query]; s != nil {
		return s, nil
	}
	s, err := t.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", query, err)
	}
	t.stmts[query] = s
	return s, nil
}

// exec runs a statement.
func (t *tx) exec(query string, args ...any) error {
	_, err := t.change(query, args...)
	return err
}

// change runs a statement and returns how many rows it changed.
func (t *tx) change(query string, args ...any) (int64, error) {
	s, err := t.prepared(query)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row reads the first row of a query into the places given; sql.ErrNoRows says
// that there is none.
func (t *tx) row(query string, args []any, into ...any) error {
	s, err := t.prepared(query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(context.Background(), args...).Scan(into...)
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", order.ErrUnavailable, err) }
