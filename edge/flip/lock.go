package flip

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// lockFile is what command line, console and edge lock before they write. It
// holds nothing; the lock goes with the process that held it.
const lockFile = "flip.lock"

// lock keeps every other writer out, of this process and of others, until
// unlock is called.
func (s *Store) lock() (unlock func(), err error) {
	if err := os.MkdirAll(s.data, 0o755); err != nil {
		return nil, fmt.Errorf("lock the flips: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(s.data, lockFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the flips: %w", err)
	}
	return flock(f, syscall.LOCK_EX)
}

// lockShared keeps writers out while something is read. Where nobody has ever
// written there is nothing to lock, and nothing is made.
func (s *Store) lockShared() (unlock func(), err error) {
	f, err := os.Open(filepath.Join(s.data, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock the flips: %w", err)
	}
	return flock(f, syscall.LOCK_SH)
}

func flock(f *os.File, how int) (unlock func(), err error) {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock the flips: %w", err)
		}
	}
}
