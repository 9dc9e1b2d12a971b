package publish

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/edge/cloudfront/publish/kvstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// before is a store with an earlier table, most of which stays, changes or goes.
func before(t testing.TB) (*kvstest.Server, Wanted) {
	s := kvstest.Start(t)
	w := shards(11, 150)
	for key, value := range w.Items {
		s.Set(key, value)
	}
	_, done := Job{Wanted: w, Who: "ann"}.marks(State{}, noon)
	s.Set(MarkKey, done.encode())
	s.Forget()
	return s, w
}

// after is a table that adds, changes and removes more than one call holds.
func after(epoch uint64) Wanted {
	w := shards(epoch, 130)
	for key := range shards(11, 40).Items {
		if key != "table" {
			w.Items["q"+key] = w.Items[key]
			delete(w.Items, key)
		}
	}
	return w
}

func TestPublish_KilledAtAnyCallIsEndedByRunningItAgain(t *testing.T) {
	s, _ := before(t)
	_, err := publisher(t, s).Publish(t.Context(), Job{Wanted: after(12)})
	require.NoError(t, err)
	calls := len(s.Calls())
	require.Greater(t, len(s.Updates()), 3)

	for at := 1; at <= calls; at++ {
		for _, last := range []kvstest.Fault{kvstest.Lose, kvstest.LoseAnswer} {
			s, _ := before(t)
			ctx, kill := context.WithCancel(t.Context())
			s.Fail(func(_ string, n int) kvstest.Fault {
				if n < at {
					return kvstest.None
				}
				kill() // the process makes no call after this one
				return last
			})
			_, err := publisher(t, s).Publish(ctx, Job{Wanted: after(12)})
			require.Error(t, err)
			s.Fail(nil)
			r, err := publisher(t, s).Publish(t.Context(), Job{Wanted: after(12)})
			require.NoError(t, err, "killed at call %d", at)
			require.True(t, r.Verified)
			requireHas(t, s, after(12))
		}
	}
}

func TestPublish_KilledAndFollowedByALaterTable(t *testing.T) {
	s, old := before(t)
	ctx, kill := context.WithCancel(t.Context())
	s.Fail(func(op string, _ int) kvstest.Fault {
		if op == "UpdateKeys" {
			kill()
		}
		return kvstest.None
	})
	_, err := publisher(t, s).Publish(ctx, Job{Wanted: after(12), Who: "bob"})
	require.ErrorIs(t, err, ErrStopped)
	s.Fail(nil)

	_, err = publisher(t, s).Publish(t.Context(), Job{Wanted: old})
	require.ErrorIs(t, err, ErrOlder, "half of 12 is in the store: 11 is older")
	require.ErrorContains(t, err, "bob")
	back := old
	back.Epoch = 13
	_, err = publisher(t, s).Publish(t.Context(), Job{Wanted: back})
	require.NoError(t, err)
	requireHas(t, s, back)
}

func TestPublish_AnyFailuresEndInTheWantedTable(t *testing.T) {
	faults := []kvstest.Fault{kvstest.None, kvstest.None, kvstest.None, kvstest.Throttle, kvstest.Internal, kvstest.Lose, kvstest.LoseAnswer, kvstest.FailAfter, kvstest.Intrude}
	rapid.Check(t, func(r *rapid.T) {
		s, _ := before(t)
		script := rapid.SliceOfN(rapid.SampledFrom(faults), 0, 60).Draw(r, "faults")
		s.Lag = rapid.IntRange(0, 2).Draw(r, "lag")
		s.Fail(func(op string, n int) kvstest.Fault {
			if n > len(script) || script[n-1] == kvstest.Intrude && op != "UpdateKeys" {
				return kvstest.None
			}
			return script[n-1]
		})
		var err error
		for range 20 { // each time as a new process, as often as somebody runs it
			job := Job{Wanted: after(12), Overwrite: true}
			var result Result
			if result, err = publisher(t, s).Publish(t.Context(), job); err == nil {
				require.True(r, result.Verified)
				break
			}
		}
		require.NoError(r, err)
		requireHas(t, s, after(12))
	})
}

func TestPublish_TwoAtOnceEndInOneOfTheTwoTables(t *testing.T) {
	s, _ := before(t)
	_, err := publisher(t, s).Publish(t.Context(), Job{Wanted: after(12)})
	require.NoError(t, err)
	calls := len(s.Calls())

	for _, pair := range []struct {
		name   string
		second Wanted
	}{
		{"a later epoch wins", shards(13, 200)},
		{"an older epoch stops", shards(11, 90)},
		{"another table of the same epoch", shards(12, 200)},
	} {
		for at := 1; at <= calls; at++ {
			t.Log(pair.name, at)
			s, _ := before(t)
			var second error
			entered := false
			s.Fail(func(_ string, n int) kvstest.Fault {
				if n == at && !entered { // the second runs from begin to end within this call
					entered = true
					_, second = publisher(t, s).Publish(t.Context(), Job{Wanted: pair.second})
				}
				return kvstest.None
			})
			_, first := publisher(t, s).Publish(t.Context(), Job{Wanted: after(12)})
			s.Fail(nil)
			require.True(t, entered)
			requireOneOf(t, s, map[*Wanted]error{ptr(after(12)): first, &pair.second: second})
		}
	}
}

func ptr(w Wanted) *Wanted { return &w }

// requireOneOf makes sure that the store has one whole table, and that it is one
// whose publisher was not told otherwise.
func requireOneOf(t testing.TB, s *kvstest.Server, ends map[*Wanted]error) {
	t.Helper()
	items := s.Items()
	mark, err := readMark(items[MarkKey])
	require.NoError(t, err)
	require.Nil(t, mark.Writing)
	delete(items, MarkKey)
	found := false
	for w, err := range ends {
		if maps.Equal(w.Items, items) {
			found = true
			require.Equal(t, w.Epoch, mark.Epoch)
			require.NoError(t, err)
		}
		if err != nil {
			require.True(t, errors.Is(err, ErrOlder) || errors.Is(err, ErrSameEpoch) || errors.Is(err, ErrContended), "%v", err)
		}
	}
	require.True(t, found, "a mixture")
}

func TestPublish_ManyAtOnceInEarnest(t *testing.T) {
	s, _ := before(t)
	var group sync.WaitGroup
	var won atomic.Uint64
	errs := make([]error, 5)
	for i := range errs {
		group.Go(func() {
			w := after(uint64(12 + i))
			var err error
			for range 20 { // a publisher that was outrun says so, and is run again
				if _, err = publisher(t, s).Publish(t.Context(), Job{Wanted: w}); !errors.Is(err, ErrContended) {
					break
				}
			}
			if errs[i] = err; err == nil {
				won.Add(1)
			}
		})
	}
	group.Wait()
	require.NoError(t, errs[4], "the latest epoch gives way to nobody")
	requireHas(t, s, after(16))
	for _, err := range errs[:4] {
		if err != nil {
			require.ErrorIs(t, err, ErrOlder)
		}
	}
	require.GreaterOrEqual(t, won.Load(), uint64(1))
}
