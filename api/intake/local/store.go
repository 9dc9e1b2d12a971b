// Package local is intake on one SQLite file: it accepts orders durably, keeps
// them queued for legacy, and remembers what became of them. Nothing else is
// needed to run it.
//
//	Accept → writer → one transaction for all who wait → fsync → receipts
//
// One goroutine, the writer, owns the only connection that writes. It takes
// every operation that waits, does each with an outcome of its own inside one
// transaction, commits, and only then answers: the cost of an fsync is shared
// by all who came while the last one ran (group commit). The file is in WAL
// mode with synchronous=FULL, so an answer given survives a power cut, and other
// processes may read beside a running store (see OpenReadOnly).
//
// Memory does not grow with the number of orders: it holds the stock counts and
// nothing of an order.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/banyan-edge/banyan/api/order"
)

// Options says where a store keeps its orders and what it is given to work with.
type Options struct {
	Path string // of the SQLite file; made when missing

	Now     func() time.Time      // nil means time.Now
	Logger  *slog.Logger          // nil means no logging
	Metrics prometheus.Registerer // nil means no metrics

	// NoSync leaves out the fsync, so that an answer survives the death of the
	// process but not that of the machine. For tests only.
	NoSync bool
}

// Store accepts orders, queues them, and knows what became of them. Its methods
// may be called from many goroutines at once.
type Store struct {
	*Reader

	now     func() time.Time
	log     *slog.Logger
	metrics *metrics
	lock    *lock
	shelves *shelves
	writer  *writer
	arrived chan struct{}
	listed  chan struct{} // as arrived, for listings
	edits   atomic.Int64  // commits that corrected orders, so far; see settle
	close   func() error
}

// Open opens or makes the store at o.Path and starts its writer. Where another
// process has the store open it returns a *LockedError.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{now: o.Now, log: o.Logger, shelves: newShelves(), arrived: make(chan struct{}, 1), listed: make(chan struct{}, 1)}
	var err error
	if s.lock, err = acquire(o.Path + ".lock"); err != nil {
		return nil, fmt.Errorf("open order store %s: %w", o.Path, err)
	}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open order store %s: %w", o.Path, err), s.release())
	}
	s.close = sync.OnceValue(func() error {
		s.writer.stop()
		return s.release()
	})
	s.writer.start()
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) (err error) {
	if s.metrics, err = newMetrics(o.Metrics); err != nil {
		return err
	}
	if s.writer, err = newWriter(s, writeDSN(o.Path, o.NoSync)); err != nil {
		return err
	}
	s.Reader, err = openReader(ctx, o.Path)
	return err
}

// Close finishes the operations that wait, stops the writer and closes the
// file. Operations that come later get order.ErrUnavailable. Closing twice is
// harmless.
func (s *Store) Close() error { return s.close() }

func (s *Store) release() error {
	var err error
	if s.Reader != nil {
		err = s.Reader.Close()
	}
	if s.writer != nil {
		err = errors.Join(err, s.writer.close())
	}
	return errors.Join(err, s.lock.release())
}

// Arrived is signalled after a commit that queued orders. One signal may stand
// for many orders.
func (s *Store) Arrived() <-chan struct{} { return s.arrived }

func (s *Store) signalArrived() {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// Left returns how many units of sku can still be promised, as of the last
// commit. It asks no disk. For a SKU it does not know it returns an
// *order.UnknownProductError.
func (s *Store) Left(_ context.Context, sku string) (int, error) {
	if sh := s.shelves.find(sku); sh != nil {
		return int(sh.left.Load()), nil
	}
	return 0, &order.UnknownProductError{SKU: sku}
}
