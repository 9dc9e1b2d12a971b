//go:build !386 && !s390x

package sock

import (
	"syscall"
	"unsafe"
)

// Read reads what is there. At the end of the stream it returns 0 and no error;
// where nothing is there yet, ErrAgain.
func Read(fd uintptr, p []byte) (int, error) {
	return result(syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		syscall.MSG_DONTWAIT, 0, 0))
}

// Write writes what there is room for, and returns how much that was; where
// there is no room, ErrAgain.
func Write(fd uintptr, p []byte) (int, error) {
	return result(syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0))
}

// Write2 writes two pieces as if they were one.
func Write2(fd uintptr, a, b []byte) (int, error) {
	pieces := [2]syscall.Iovec{{Base: unsafe.SliceData(a)}, {Base: unsafe.SliceData(b)}}
	pieces[0].SetLen(len(a))
	pieces[1].SetLen(len(b))
	return result(syscall.RawSyscall(syscall.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&pieces)), 2))
}

// Quiet reports whether nothing has arrived: neither a byte nor the end.
func Quiet(fd uintptr) bool {
	var one [1]byte
	_, _, err := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&one)), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	return err == syscall.EAGAIN
}

func result(n, _ uintptr, err syscall.Errno) (int, error) {
	switch err {
	case 0:
		return int(n), nil
	case syscall.EAGAIN, syscall.EINTR:
		return 0, ErrAgain
	}
	return 0, err
}
