package legacydb_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
)

func TestClose_LeavesNothingRunning(t *testing.T) {
	onEachShop(t, func(t *testing.T, s *legacyShop) {
		s.stocked("rod", 5)
		before := goleak.IgnoreCurrent()
		db, err := legacydb.Open(context.Background(), shopMapping(s.database, 3), legacydb.Options{})
		require.NoError(t, err)
		require.Equal(t, []string{"written"}, write(t, db, buy("ann@example.com", "rod")))
		n, err := db.Count(context.Background())
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		require.NoError(t, db.Close())
		goleak.VerifyNone(t, before)
	})
}
