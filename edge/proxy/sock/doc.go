// Package sock does the system calls of a connection that is known to be
// non-blocking, without telling the scheduler: on Linux they are raw, since none
// of them can block, elsewhere they are the ordinary ones. Its functions are
// for use inside the callbacks of a syscall.RawConn, where the descriptor
// cannot be closed by another.
package sock
