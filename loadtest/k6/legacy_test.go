package k6

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// A slow legacy works for a moment and then stands still for longer.
const (
	slowWorks  = 60 * time.Millisecond
	slowStands = 240 * time.Millisecond
)

// brownout does to legacy what a bad day does, in fifths of the whole: nothing at
// first; then its shop and its database are slow; then the database is dead
// and the shop hangs, and dies; then both come back.
func brownout(ctx context.Context, r *rig, whole time.Duration) error {
	began, fifth := time.Now(), whole/5
	until := func(at time.Duration) { wait(ctx, time.Until(began.Add(at))) }
	until(fifth)
	r.slow(ctx, began.Add(2*fifth))
	r.pg.Crash()
	syscall.Kill(r.shop.PID(), syscall.SIGSTOP)
	until(5 * fifth / 2)
	r.shop.Kill()
	until(3 * fifth)
	if err := r.pg.Start(); err != nil {
		return fmt.Errorf("the database did not come back: %w", err)
	}
	if err := r.shop.Start(); err != nil {
		return fmt.Errorf("the shop did not come back: %w", err)
	}
	return nil
}

// slow makes legacy's shop and database stand still most of the time.
func (r *rig) slow(ctx context.Context, end time.Time) {
	for time.Now().Before(end) && ctx.Err() == nil {
		r.pg.Signal(syscall.SIGSTOP)
		syscall.Kill(r.shop.PID(), syscall.SIGSTOP)
		time.Sleep(slowStands) // not to be cut short: both have to go on afterwards
		syscall.Kill(r.shop.PID(), syscall.SIGCONT)
		r.pg.Signal(syscall.SIGCONT)
		wait(ctx, slowWorks)
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
