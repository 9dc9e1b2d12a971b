package faults

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// processFaults are what may befall Banyan and the shop.
func processFaults() []fault {
	return []fault{
		{"banyan killed", banyanKilled},
		{"banyan killed in mid-write", banyanTorn},
		{"banyan stopped and started", banyanStopped},
		{"legacy shop killed", shopKilled},
	}
}

func banyanKilled(ctx context.Context, r *rig, hold time.Duration) error {
	r.up.Kill()
	wait(ctx, hold/10)
	return r.up.Start()
}

// banyanTorn leaves the queue's log as a death in the middle of a write does:
// with a piece of a frame at its end that no commit ever followed.
func banyanTorn(ctx context.Context, r *rig, hold time.Duration) error {
	r.up.Kill()
	if err := tear(filepath.Join(r.up.Data(), queueLog)); err != nil {
		return err
	}
	wait(ctx, hold/10)
	return r.up.Start()
}

// queueLog is SQLite's write-ahead log of the queue file.
const queueLog = "intake.db-wal"

// tear appends a piece of a frame to the log.
func tear(log string) error {
	f, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0)
	if os.IsNotExist(err) {
		return nil // it was killed before it wrote anything
	}
	if err != nil {
		return err
	}
	defer f.Close()
	piece := make([]byte, 1+mathrand.IntN(4000))
	rand.Read(piece)
	_, err = f.Write(piece)
	return err
}

func banyanStopped(ctx context.Context, r *rig, hold time.Duration) error {
	r.up.Stop()
	wait(ctx, hold/10)
	return r.up.Start()
}

// shopKilled ends the shop that Banyan is put in front of. It does not start
// while the database is away, so it is tried until it does.
func shopKilled(ctx context.Context, r *rig, hold time.Duration) error {
	r.shop.Kill()
	wait(ctx, hold/2)
	err := r.shop.Start()
	for err != nil && ctx.Err() == nil {
		wait(ctx, 200*time.Millisecond)
		err = r.shop.Start()
	}
	return err
}
