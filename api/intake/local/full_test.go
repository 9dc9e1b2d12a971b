package local_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
)

func TestStore_FullDiskRefusesOrdersWholeAndRecovers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.db")
	require.NoError(t, stocked(t, local.Options{Path: path}).Close())

	child, lines := startChild(t, "full", path, "")
	for lines.Scan() {
		t.Log(lines.Text())
	}
	require.NoError(t, child.Wait())

	requireSound(t, path)
	s := open(t, local.Options{Path: path})
	ledger, err := s.Ledger(t.Context())
	require.NoError(t, err)
	require.True(t, ledger.Balanced())
}

// fillDisk runs in a process of its own whose files may not grow: a write fails
// as on a full disk, in the middle of a commit.
func fillDisk(s *local.Store) error {
	signal.Ignore(syscall.SIGXFSZ) // a write then fails, rather than the process
	if err := limitFiles(64 << 10); err != nil {
		return err
	}
	accepted, refused := acceptUntilFull(s)
	if len(refused) < 100 {
		return fmt.Errorf("only %d orders were refused", len(refused))
	}
	fmt.Printf("accepted %d, refused %d\n", accepted, len(refused))
	if err := agree(s, accepted); err != nil {
		return fmt.Errorf("while the disk is full: %w", err)
	}
	if err := unlimitFiles(); err != nil {
		return err
	}
	for _, key := range refused {
		receipt, err := s.Accept(context.Background(), orderWith(key))
		if err != nil || receipt.Replayed {
			return fmt.Errorf("after the disk has room again: %+v, %w", receipt, err)
		}
	}
	return agree(s, accepted+len(refused))
}

// acceptUntilFull places orders from many callers until many were refused, and
// returns how many were accepted and the keys of those that were not.
func acceptUntilFull(s *local.Store) (accepted int, refused []string) {
	const callers, enough = 8, 100
	var mu sync.Mutex
	var wg sync.WaitGroup
	var n atomic.Int64
	for range callers {
		wg.Go(func() {
			for {
				key := fmt.Sprint("key", n.Add(1))
				_, err := s.Accept(context.Background(), orderWith(key))
				mu.Lock()
				if err == nil {
					accepted++
				} else if errors.Is(err, order.ErrUnavailable) {
					refused = append(refused, key)
				}
				done := len(refused) >= enough
				mu.Unlock()
				if done {
					return
				}
			}
		})
	}
	wg.Wait()
	return accepted, refused
}

// agree checks every count against the orders known to be accepted.
func agree(s *local.Store, accepted int) error {
	ledger, err := s.Ledger(context.Background())
	if err != nil {
		return err
	}
	stocks, err := s.Stocks(context.Background())
	if err != nil {
		return err
	}
	left, err := s.Left(context.Background(), rod)
	if err != nil {
		return err
	}
	n := int64(accepted)
	if ledger != (order.Ledger{Accepted: n, Waiting: n}) || stocks[0].Held != accepted || left != stocks[0].Left() {
		return fmt.Errorf("%d accepted, but ledger %+v, stock %+v, left %d", accepted, ledger, stocks[0], left)
	}
	return nil
}

func limitFiles(bytes uint64) error {
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: unlimited()})
}

func unlimitFiles() error {
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: unlimited(), Max: unlimited()})
}

func unlimited() uint64 {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return l.Max
}
