package replay_test

import (
	"context"
	"sync"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// clock is a clock that a test sets forward.
type clock struct {
	mu sync.Mutex
	by time.Duration
}

func newClock() *clock { return &clock{} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.by)
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by += d
}

// database answers lookups: with failures first, then so many times that there
// is no such row, then that there is.
type database struct {
	mu                       sync.Mutex
	failures, missing, asked int
	err                      error
	values                   []string
}

func (d *database) Found(_ context.Context, _ route.Stencil, values []string) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	d.values = values
	if d.asked <= d.failures {
		return false, d.err
	}
	return d.asked > d.failures+d.missing, nil
}
