package faults

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
)

// alone starts "banyan up" with a SQLite legacy and its relay held, so that
// every accepted order stays in the queue's file.
func alone(t *testing.T, data string) *rigtest.Up {
	t.Helper()
	return rigtest.NewUp(t, rigtest.Settings{
		Binary: binary, Data: data, Database: "sqlite:" + filepath.Join(t.TempDir(), "legacy.db"),
		Flags: []string{"--hold-relay", "--log-level", "ERROR"},
	})
}

// order places order n and returns its id, or "" and why not.
func (h *hand) order(up *rigtest.Up, n int64) (id, why string) {
	status, body, err := h.ask(up.Host(), purchase{n: n * 11}.request()) // of what there is plenty
	if answer := verdict(status, body, err); answer != "202 accepted" {
		return "", answer
	}
	return orderID(body), ""
}

// TestQueueFile_ALogCutShortLosesNothingBeforeTheCut cuts bytes off the end of
// the queue's log after a kill. A disk that loses what it said was safe loses
// the orders in it; all others are there, the ledger balances, and a shopper who
// asks again gets the first answer or, past the cut, a new order.
func TestQueueFile_ALogCutShortLosesNothingBeforeTheCut(t *testing.T) {
	const orders = 20
	for _, cut := range []int64{1, 100, 5000, 40_000} {
		t.Run(fmt.Sprintf("%d bytes", cut), func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			up, log := alone(t, data), filepath.Join(data, queueLog)
			ids, ends := make([]string, orders), make([]int64, orders)
			before := hand{}
			for n := range ids {
				id, why := before.order(up, int64(n))
				require.Empty(t, why)
				info, err := os.Stat(log)
				require.NoError(t, err)
				ids[n], ends[n] = id, info.Size()
			}
			up.Kill()
			end := ends[orders-1] - cut
			require.NoError(t, os.Truncate(log, end))
			require.NoError(t, up.Start())

			l, err := up.Ledger()
			require.NoError(t, err)
			require.True(t, l.Balanced, "%+v", l)
			after, intact := hand{}, int64(0)
			for n := range ids {
				id, why := after.order(up, int64(n))
				require.Empty(t, why)
				if ends[n] <= end {
					intact++
					require.Equal(t, ids[n], id, "order %d was safe in front of the cut", n)
				}
			}
			require.GreaterOrEqual(t, l.Accepted, intact)
			t.Logf("%d orders, %d in front of the cut, %d there after it", orders, intact, l.Accepted)
			l, err = up.Ledger()
			require.NoError(t, err)
			require.EqualValues(t, orders, l.Accepted)
		})
	}
}

// TestQueueFile_AFullDiskRefusesAndForgetsNothing fills the queue's own disk
// while shoppers order.
func TestQueueFile_AFullDiskRefusesAndForgetsNothing(t *testing.T) {
	disk, err := rigtest.NewDisk(t, 48)
	if err != nil {
		t.Skip(err)
	}
	up := alone(t, filepath.Join(disk.Dir, "data"))
	var mu sync.Mutex
	ids, refusals := map[int64]string{}, map[string]int{}
	rush := func(from, to int64) {
		var all sync.WaitGroup
		for worker := range int64(8) {
			all.Go(func() {
				for n := from + worker; n < to; n += 8 {
					h := hand{} // the edge closes a connection with its refusal
					id, why := h.order(up, n)
					h.close()
					mu.Lock()
					if id != "" {
						ids[n] = id
					} else {
						refusals[why]++
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
	}
	rush(100, 400)
	require.Empty(t, refusals)
	require.NoError(t, disk.Fill())
	rush(400, 700)
	require.NotZero(t, refusals["503 unavailable"], "nobody noticed that the disk is full")
	delete(refusals, "503 unavailable")
	delete(refusals, "503 <nil>") // the edge's own words, once its breaker is open
	require.Empty(t, refusals)
	up.Kill() // in the worst moment
	require.NoError(t, disk.Free())
	require.NoError(t, up.Start())
	answered := len(ids)
	clear(refusals)
	known := maps.Clone(ids)
	rush(100, 700)
	require.Empty(t, refusals)
	for n, id := range known {
		require.Equal(t, id, ids[n], "order %d", n)
	}
	l, err := up.Ledger()
	require.NoError(t, err)
	require.EqualValues(t, 600, l.Accepted, "%d were accepted before", answered)
	require.True(t, l.Balanced)
}
