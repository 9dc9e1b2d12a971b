// Package local keeps captured requests in one SQLite file.
//
//	Accept → writer → one transaction for all who wait → fsync → receipts
//
// One goroutine, the writer, owns the only connection that writes. It takes
// every operation that waits, does each inside one transaction with a savepoint
// of its own, commits, and only then answers: the cost of an fsync is shared by
// all who came while the last one ran. The file is in WAL mode with
// synchronous=FULL, so what was answered survives a power cut.
//
// A request that was being sent when the process died may have arrived: when
// the store is opened again it is unknown, and to be found out.
package local

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"syscall"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/banyan-edge/banyan/legacy-adapter/replay"
)

//go:embed schema.sql
var schema string

//go:embed schema_audit.sql
var schemaAudit string

// Options says where a store keeps its requests.
type Options struct {
	Path string           // of the SQLite file; made when missing
	Now  func() time.Time // nil means time.Now

	// NoSync leaves out the fsync, so that what was answered survives the death
	// of the process but not that of the machine. For tests only.
	NoSync bool
}

// Store keeps captured requests. It is a replay.Store.
type Store struct {
	*Reader

	now     func() time.Time
	lock    *os.File
	db      *sql.DB // for the writer alone
	writer  *writer
	arrived chan struct{}
	close   func() error
}

var _ replay.Store = (*Store)(nil)

// ErrLocked says that another process has the store open for writing.
var ErrLocked = errors.New("another process has it open for writing")

// Open opens or makes the store at o.Path and starts its writer.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{now: o.Now, arrived: make(chan struct{}, 1)}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open the captured requests %s: %w", o.Path, err), s.release())
	}
	s.close = sync.OnceValue(func() error {
		s.writer.stop()
		return s.release()
	})
	go s.writer.loop()
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) (err error) {
	if s.lock, err = os.OpenFile(o.Path+".lock", os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if err = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return ErrLocked
	}
	// What shoppers sent is nobody else's to read; SQLite's other files take
	// after this one.
	file, err := os.OpenFile(o.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	sync := "FULL"
	if o.NoSync {
		sync = "OFF"
	}
	s.db, err = sql.Open("sqlite", dsn(o.Path, url.Values{"_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(" + sync + ")", "journal_size_limit(67108864)",
	}}))
	if err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1)
	if err := migrate(ctx, s.db); err != nil {
		return err
	}
	if err := takeOver(ctx, s.db); err != nil {
		return err
	}
	if s.writer, err = newWriter(ctx, s.db); err != nil {
		return err
	}
	s.Reader, err = OpenReader(ctx, o.Path)
	return err
}

// migrations takes a file from version i to version i+1, where the version is
// SQLite's user_version. Entries are only ever added.
func migrations() []string { return []string{schema, schemaAudit} }

func migrate(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	steps := migrations()
	if version > len(steps) {
		return fmt.Errorf("its schema is version %d and this program knows up to %d: it was made by a newer banyan", version, len(steps))
	}
	for i := version; i < len(steps); i++ {
		step := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA user_version = %d;\nCOMMIT;", steps[i], i+1)
		if _, err := db.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("bring its schema to version %d: %w", i+1, err)
		}
	}
	return nil
}

// takeOver takes over from a process that has died: what it was sending may have
// arrived, and of its shoppers none waits any more.
func takeOver(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `UPDATE queue SET told = 1, doubt = max(doubt, state = 1), due_at = CASE state WHEN 1 THEN 0 ELSE due_at END,
		state = CASE state WHEN 1 THEN 2 ELSE state END`)
	return err
}

// Close finishes the operations that wait and closes the file. Closing twice is
// harmless.
func (s *Store) Close() error { return s.close() }

func (s *Store) release() error {
	var errs []error
	if s.Reader != nil {
		errs = append(errs, s.Reader.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close()) // the kernel drops the lock with it
	}
	return errors.Join(errs...)
}

// Arrived is signalled after something new waits. One signal may stand for
// many.
func (s *Store) Arrived() <-chan struct{} { return s.arrived }

func (s *Store) signal() {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// dsn is a file: URI, so that no character of the path is taken for something
// else.
func dsn(path string, query url.Values) string {
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: query.Encode()}).String()
}
