package local

import (
	"context"
	"sync/atomic"
)

// task is one operation on its way through the writer.
type task struct {
	ctx   context.Context
	run   func(*tx) error
	state atomic.Int32
	err   error
	done  chan struct{}
}

// A task is either begun by the writer or abandoned by its caller, never both:
// an operation whose caller was told that it did not happen is not written.
const (
	taskWaiting = iota
	taskBegun
	taskAbandoned
)

// begin reports whether the operation is to be run: its caller still waits. A
// task that has begun may begin again, when its transaction failed.
func (t *task) begin() bool {
	if t.err = t.ctx.Err(); t.err != nil {
		return false
	}
	return t.state.CompareAndSwap(taskWaiting, taskBegun) || t.state.Load() == taskBegun
}
