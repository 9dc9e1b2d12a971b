package fulfilment

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// inTx takes a connection, holds it for as long as the database is slow, and
// runs do in a transaction on it. Waiting for the connection ends with ctx. The
// time is spent before BEGIN, which may take a lock: a slow SQLite keeps its
// connections busy, as a slow server does, without stopping all other writers.
func (s *Store) inTx(ctx context.Context, slow time.Duration, do func(*sql.Tx) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("wait for a connection: %w", err)
	}
	defer conn.Close()
	if err := wait(ctx, slow); err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the reason is what matters; a broken connection undoes the transaction as well
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// retry tries again, a few times and a little later each time, while others are
// in the way or a connection has died in the pool. Even where a commit's answer
// was lost this is safe: the second attempt finds the first by its key.
func (s *Store) retry(ctx context.Context, try func() error) error {
	const attempts, step = 6, 5 * time.Millisecond
	for n := 1; ; n++ {
		err := try()
		if err == nil || n == attempts || (!passing(err) && !errors.Is(err, driver.ErrBadConn)) {
			return err
		}
		if err := wait(ctx, time.Duration(n)*step+rand.N(step)); err != nil {
			return err
		}
	}
}

// wait spends d, or less where ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
