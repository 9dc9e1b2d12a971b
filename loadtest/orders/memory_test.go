package orders

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
)

// memory measures what Banyan holds while orders wait because the database is
// away, relay and breaker running.
func memory(t *testing.T, tab *table, sc scale) {
	s := newServer(t)
	up := rigtest.NewUp(t, rigtest.Settings{Binary: binary, Database: s.copy("memory"), Legacy: "http://127.0.0.1:9"})
	defer up.Kill()
	s.Crash() // for good
	var first atomic.Int64
	for _, n := range sc.waiting {
		if more := n - first.Load(); more > 0 {
			preload(t, up.Host(), more, s.of(manySKUs), &first)
		}
		time.Sleep(sc.settle) // the collector's turn
		l, err := up.Ledger()
		require.NoError(t, err)
		require.Equal(t, n, l.Waiting)
		bytes, err := rigtest.Resident(up.PID())
		require.NoError(t, err)
		tab.add(fmt.Sprintf("memory/waiting=%d", n), "MB", float64(bytes)/1e6)
	}
}
