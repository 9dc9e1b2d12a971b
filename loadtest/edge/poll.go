//go:build linux

package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// poller waits for many sockets with one thread. Origin and generator use it
// rather than net, so that on two cores they leave the proxies as much of the
// second as they can.
type poller struct {
	fd     int
	events [256]syscall.EpollEvent
}

func newPoller() (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &poller{fd: fd}, nil
}

// watch waits for fd to be readable and, where writable is set, writable.
func (p *poller) watch(fd, operation int, writable bool) error {
	event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)}
	if writable {
		event.Events |= syscall.EPOLLOUT
	}
	return syscall.EpollCtl(p.fd, operation, fd, &event)
}

// own takes a socket away from net: it returns a copy that does not block, and
// closes the original.
func own(socket interface {
	File() (*os.File, error)
	Close() error
}) (fd int, err error) {
	file, err := socket.File()
	if err != nil {
		return 0, err
	}
	defer file.Close()
	defer socket.Close()
	if fd, err = syscall.Dup(int(file.Fd())); err != nil {
		return 0, err
	}
	return fd, syscall.SetNonblock(fd, true)
}

// sysEpollPwait2 has the same number on every 64-bit Linux; it is Linux 5.11's.
// epoll_wait counts in milliseconds, which is as long as some answers take.
const sysEpollPwait2 = 441

// wait returns the sockets that are ready; a negative limit waits for ever.
func (p *poller) wait(limit time.Duration) ([]syscall.EpollEvent, error) {
	var span *syscall.Timespec
	if limit >= 0 {
		ts := syscall.NsecToTimespec(limit.Nanoseconds())
		span = &ts
	}
	n, _, errno := syscall.Syscall6(sysEpollPwait2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])),
		uintptr(len(p.events)), uintptr(unsafe.Pointer(span)), 0, 0)
	switch errno {
	case 0:
		return p.events[:n], nil
	case syscall.EINTR:
		return nil, nil
	}
	return nil, fmt.Errorf("epoll_pwait2 (Linux 5.11 or later): %w", errno)
}

// read and write go to the kernel without telling Go's scheduler: the sockets
// never block.
func read(fd int, p []byte) (int, error)  { return transfer(syscall.SYS_READ, fd, p) }
func write(fd int, p []byte) (int, error) { return transfer(syscall.SYS_WRITE, fd, p) }

func transfer(call uintptr, fd int, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
