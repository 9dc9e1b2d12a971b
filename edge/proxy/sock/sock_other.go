//go:build unix && (!linux || 386 || s390x)

package sock

import (
	"errors"
	"syscall"
)

// Read reads what is there. At the end of the stream it returns 0 and no error;
// where nothing is there yet, ErrAgain.
func Read(fd uintptr, p []byte) (int, error) { return result(syscall.Read(int(fd), p)) }

// Write writes what there is room for, and returns how much that was; where
// there is no room, ErrAgain.
func Write(fd uintptr, p []byte) (int, error) { return result(syscall.Write(int(fd), p)) }

// Write2 writes two pieces as if they were one.
func Write2(fd uintptr, a, b []byte) (int, error) {
	n, err := Write(fd, a)
	if err != nil || n < len(a) {
		return n, err
	}
	m, err := Write(fd, b)
	if errors.Is(err, ErrAgain) {
		err = nil
	}
	return n + m, err
}

// Quiet reports whether nothing has arrived: neither a byte nor the end.
func Quiet(fd uintptr) bool {
	var one [1]byte
	_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return err == syscall.EAGAIN
}

func result(n int, err error) (int, error) {
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return 0, ErrAgain
	}
	return 0, err
}
