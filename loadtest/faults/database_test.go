package faults

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// fault breaks something, holds it broken for a while, and mends it.
type fault struct {
	name string
	do   func(ctx context.Context, r *rig, hold time.Duration) error
}

// longPause is longer than the relay gives a batch.
const longPause = 33 * time.Second

// databaseFaults are what may befall the legacy database.
func databaseFaults(r *rig, p plan) []fault {
	faults := []fault{
		{"database killed", databaseKilled},
		{"one of its processes killed", backendKilled},
		{"database paused", databasePaused},
		{"connections refused", connectionsRefused},
		{"connections dropped in mid-transaction", connectionsDropped},
		{"connections ended by the database", connectionsEnded},
		{"database slow", databaseSlow},
		{"deadlocks", deadlocks},
		{"rows locked", rowsLocked},
	}
	if p.patient {
		faults = append(faults, fault{"database paused for longer than a batch may take", func(ctx context.Context, r *rig, _ time.Duration) error {
			return databasePaused(ctx, r, longPause)
		}})
	}
	if r.disk != nil {
		faults = append(faults, fault{"disk full", diskFull})
	}
	return faults
}

func databaseKilled(ctx context.Context, r *rig, hold time.Duration) error {
	r.pg.Crash()
	wait(ctx, hold)
	return r.pg.Start()
}

// backendKilled kills the process behind one of Banyan's connections. The
// server then ends all others and recovers.
func backendKilled(ctx context.Context, r *rig, hold time.Duration) error {
	conn, err := pgx.Connect(ctx, r.pg.URL("shop"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var pid int
	err = conn.QueryRow(ctx, "SELECT pid FROM pg_stat_activity WHERE application_name = 'banyan' LIMIT 1").Scan(&pid)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // Banyan has none just now
	}
	if err != nil {
		return err
	}
	if slices.Contains(r.pg.Children(), pid) {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	wait(ctx, hold)
	return r.pg.Answers()
}

func databasePaused(ctx context.Context, r *rig, hold time.Duration) error {
	r.pg.Signal(syscall.SIGSTOP)
	wait(ctx, hold)
	r.pg.Signal(syscall.SIGCONT)
	return nil
}

func connectionsRefused(ctx context.Context, r *rig, hold time.Duration) error {
	r.wire.Stop()
	wait(ctx, hold)
	return r.wire.Start()
}

// connectionsDropped lets every connection break after some thousand bytes: in
// the middle of whatever it is sending, or of the answer.
func connectionsDropped(ctx context.Context, r *rig, hold time.Duration) error {
	for _, stream := range []string{"upstream", "downstream"} {
		for range 3 {
			if err := r.poison("limit_data", stream, `{"bytes":`+bytesText()+`}`); err != nil {
				return err
			}
			wait(ctx, hold/6)
			if err := r.wire.Toxics.RemoveToxic(context.WithoutCancel(ctx), "limit_data"+stream); err != nil {
				return err
			}
		}
	}
	return nil
}

func bytesText() string {
	return []string{"700", "3000", "9000", "40000", "150000"}[rand.IntN(5)]
}

func connectionsEnded(ctx context.Context, r *rig, hold time.Duration) error {
	for end := time.Now().Add(hold); time.Now().Before(end) && ctx.Err() == nil; wait(ctx, 150*time.Millisecond) {
		err := r.pg.Exec(ctx, "shop", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'banyan'")
		if err != nil {
			return err
		}
	}
	return nil
}

func databaseSlow(ctx context.Context, r *rig, hold time.Duration) error {
	if err := r.poison("latency", "downstream", `{"latency":60,"jitter":50}`); err != nil {
		return err
	}
	wait(ctx, hold)
	return r.wire.Toxics.RemoveToxic(context.WithoutCancel(ctx), "latencydownstream")
}

// deadlocks lets a rival lock the rows that batches lock, the other way around.
func deadlocks(ctx context.Context, r *rig, hold time.Duration) error {
	conn, err := pgx.Connect(ctx, r.pg.URL("shop"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for end := time.Now().Add(hold); time.Now().Before(end) && ctx.Err() == nil; {
		_, err := conn.Exec(ctx, "BEGIN; UPDATE stock SET on_hand = on_hand WHERE sku = '"+alsoMany+"'; "+
			"SELECT pg_sleep(0.05); UPDATE stock SET on_hand = on_hand WHERE sku = '"+plentiful+"'; COMMIT")
		var answer *pgconn.PgError
		if err != nil && !(errors.As(err, &answer) && answer.Code == "40P01") {
			return err
		}
		if err != nil {
			if _, err := conn.Exec(ctx, "ROLLBACK"); err != nil {
				return err
			}
		}
	}
	return nil
}

// rowsLocked is a clerk who began to edit the stock and went for coffee.
func rowsLocked(ctx context.Context, r *rig, hold time.Duration) error {
	conn, err := pgx.Connect(ctx, r.pg.URL("shop"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "BEGIN; UPDATE stock SET on_hand = on_hand WHERE sku = '"+plentiful+"'"); err != nil {
		return err
	}
	wait(ctx, hold)
	_, err = conn.Exec(context.WithoutCancel(ctx), "ROLLBACK")
	return err
}

func diskFull(ctx context.Context, r *rig, hold time.Duration) error {
	if err := r.disk.Fill(); err != nil {
		return err
	}
	wait(ctx, hold)
	return r.disk.Free()
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
