package local_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/api/intake/intaketest"
	"github.com/banyan-edge/banyan/api/intake/local"
)

// TestMain also is the store in another process, for the tests that kill one.
func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		os.Exit(runChild(role))
	}
	goleak.VerifyTestMain(m)
}

func TestStore_PassesTheSuite(t *testing.T) {
	intaketest.Run(t, func(t *testing.T, clock *intaketest.Clock) intaketest.Harness {
		o := local.Options{Path: filepath.Join(t.TempDir(), "orders.db"), Now: clock.Now, NoSync: true}
		s := open(t, o)
		return intaketest.Harness{Store: s, Reopen: func(t *testing.T) intaketest.Store {
			require.NoError(t, s.Close())
			s = open(t, o)
			return s
		}}
	})
}

// open opens a store that is closed at the end of the test.
func open(t testing.TB, o local.Options) *local.Store {
	t.Helper()
	s, err := local.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}
