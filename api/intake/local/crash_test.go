package local_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/order"
)

func TestStore_KilledAtFullSpeedKeepsEveryOrderItAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.db")
	require.NoError(t, stocked(t, local.Options{Path: path}).Close())
	acknowledged := map[string]string{}
	for round := range 3 {
		child, lines := startChild(t, "busy", path, fmt.Sprint("round", round))
		for n := 0; lines.Scan(); n++ {
			key, id, whole := strings.Cut(lines.Text(), " ")
			if whole && order.ValidID(id) { // the last line may be torn by the kill
				acknowledged[key] = id
			}
			if n == 200+150*round {
				require.NoError(t, child.Process.Kill())
			}
		}
		require.Error(t, child.Wait())
		verify(t, path, acknowledged)
	}
	require.Greater(t, len(acknowledged), 1000)
}

// verify checks a store that was killed: every acknowledged order is there once,
// under its key, and every count agrees with every other.
func verify(t *testing.T, path string, acknowledged map[string]string) {
	t.Helper()
	requireSound(t, path)
	s := open(t, local.Options{Path: path, NoSync: true})
	defer func() { require.NoError(t, s.Close()) }()
	all, err := s.List(t.Context(), intake.Filter{Limit: 1 << 30})
	require.NoError(t, err)

	byID, byKey, held, sold := map[string]order.Record{}, map[string]string{}, 0, 0
	for _, r := range all {
		require.NotContains(t, byKey, r.Key, "accepted twice")
		byID[r.ID], byKey[r.Key] = r, r.ID
		if r.State == order.Written {
			sold++
		} else {
			held++
		}
	}
	for key, id := range acknowledged {
		require.Equal(t, key, byID[id].Key, "an acknowledged order is gone")
	}
	ledger, err := s.Ledger(t.Context())
	require.NoError(t, err)
	require.True(t, ledger.Balanced(), "%+v", ledger)
	require.EqualValues(t, len(all), ledger.Accepted)
	stocks, err := s.Stocks(t.Context())
	require.NoError(t, err)
	require.Equal(t, held, stocks[0].Held)
	require.Equal(t, sold, stocks[0].Sold)

	receipt, err := s.Accept(t.Context(), orderWith(all[0].Key))
	require.NoError(t, err)
	require.True(t, receipt.Replayed)
	require.Equal(t, all[0].ID, receipt.OrderID)
}

func TestStore_TornWALLosesOnlyItsEnd(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "orders.db")
	s := stocked(t, local.Options{Path: path, NoSync: true})
	var ids []string
	for i := range 30 {
		receipt, err := s.Accept(t.Context(), orderWith(fmt.Sprint(i)))
		require.NoError(t, err)
		ids = append(ids, receipt.OrderID)
	}
	main, err := os.ReadFile(path)
	require.NoError(t, err)
	wal, err := os.ReadFile(path + "-wal")
	require.NoError(t, err)

	for _, cut := range []int{1, 4095, 4120, 20_000, 60_000} {
		t.Run(fmt.Sprint(cut, " bytes cut off"), func(t *testing.T) {
			requirePrefix(t, main, wal[:len(wal)-cut], ids)
		})
		t.Run(fmt.Sprint(cut, " bytes overwritten"), func(t *testing.T) {
			torn := append([]byte{}, wal...)
			clear(torn[len(torn)-cut:])
			requirePrefix(t, main, torn, ids)
		})
	}
}

// requirePrefix opens a store of which the end was lost: what is left is what
// had been accepted up to some moment, whole, and it goes on from there.
func requirePrefix(t *testing.T, main, wal []byte, ids []string) {
	path := filepath.Join(t.TempDir(), "orders.db")
	require.NoError(t, os.WriteFile(path, main, 0o600))
	require.NoError(t, os.WriteFile(path+"-wal", wal, 0o600))

	s := open(t, local.Options{Path: path, NoSync: true})
	waiting, err := s.Waiting(t.Context(), 0, len(ids)+1)
	require.NoError(t, err)
	require.NotEmpty(t, waiting)
	require.Less(t, len(waiting), len(ids))
	for i, q := range waiting {
		require.Equal(t, ids[i], q.Order.ID)
	}
	ledger, err := s.Ledger(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, len(waiting), ledger.Accepted)
	require.True(t, ledger.Balanced())

	_, err = s.Accept(t.Context(), orderWith(fmt.Sprint(len(ids)-1)))
	require.NoError(t, err)
	requireSound(t, path)
}

func TestStore_OpensItsFileAnewOnceItIsMended(t *testing.T) {
	o := quick(t)
	s := stocked(t, o)
	tamper(t, o.Path, "ALTER TABLE stock RENAME TO mislaid")
	for range 3 {
		_, err := s.Accept(t.Context(), orderWith("k"))
		require.ErrorIs(t, err, order.ErrUnavailable)
	}
	tamper(t, o.Path, "ALTER TABLE mislaid RENAME TO stock")

	receipt, err := s.Accept(t.Context(), orderWith("k"))
	require.NoError(t, err)
	require.False(t, receipt.Replayed)
	ledger, err := s.Ledger(t.Context())
	require.NoError(t, err)
	require.Equal(t, order.Ledger{Accepted: 1, Waiting: 1}, ledger)
}

// tamper changes the file behind the store's back.
func tamper(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}

// requireSound lets SQLite check the file.
func requireSound(t *testing.T, path string) {
	t.Helper()
	require.Equal(t, "ok", ask[string](t, path, "PRAGMA integrity_check"))
}

// ask puts a question to the file by a connection of its own.
func ask[T any](t *testing.T, path, question string) (answer T) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRowContext(t.Context(), question).Scan(&answer))
	return answer
}
