package local

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// LockedError says that another process has the store open for writing.
type LockedError struct {
	Path string // of the lock file
	PID  int    // of the other process; 0 where unknown
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return "another process has it open for writing"
	}
	return fmt.Sprintf("process %d has it open for writing", e.PID)
}

// Hint says what to do about it.
func (e *LockedError) Hint() string {
	return "stop the other process first, or give this one a data directory of its own"
}

// lock keeps a second process from writing to the same store. SQLite would let
// both write in turn, but each store counts stock in its own memory. The kernel
// drops the lock when the process dies, however it dies.
type lock struct{ file *os.File }

func acquire(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = &LockedError{Path: path, PID: readPID(path)}
	}
	if err == nil {
		err = writePID(f)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &lock{f}, nil
}

func (l *lock) release() error { return l.file.Close() }

// writePID leaves a note for whoever is refused. The lock itself is the
// kernel's, so a disk too full for the note is no reason not to open.
func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	if errors.Is(err, syscall.ENOSPC) {
		return nil
	}
	return err
}

func readPID(path string) int {
	note, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(note)))
	if err != nil {
		return 0
	}
	return pid
}
