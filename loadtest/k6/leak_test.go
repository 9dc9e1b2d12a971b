package k6

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
)

// What Banyan may take more of between the first third of a soak and its end:
// the heap grows to a multiple of what is alive before it is collected, and
// connections come and go.
const (
	moreMemory = 128 << 20
	moreFiles  = 200
)

// steadyState compares what Banyan holds a third into the soak and at its end.
func steadyState(ctx context.Context, r *rig, whole time.Duration) error {
	wait(ctx, whole/3)
	early, err := holdingsOf(r.up.PID())
	if err != nil {
		return err
	}
	wait(ctx, whole-whole/3)
	late, err := holdingsOf(r.up.PID())
	if err != nil {
		return err
	}
	if late.memory > 2*early.memory+moreMemory || late.files > 2*early.files+moreFiles {
		return fmt.Errorf("banyan holds more and more: %v a third into the soak, %v at its end", early, late)
	}
	return nil
}

// holdings are what a process has of the machine.
type holdings struct {
	memory int64 // bytes
	files  int   // open files and sockets
}

func (h holdings) String() string { return fmt.Sprintf("%d MB and %d files", h.memory>>20, h.files) }

func holdingsOf(pid int) (h holdings, err error) {
	if h.memory, err = rigtest.Resident(pid); err != nil {
		return h, err
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	h.files = len(files)
	return h, err
}
