package aws

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func sum(all []int) (n int) {
	for _, one := range all {
		n += one
	}
	return n
}

func TestDeal_PartsDifferByOneAtMost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		units, n := rapid.IntRange(0, 1000).Draw(rt, "units"), rapid.IntRange(1, MaxShards).Draw(rt, "shards")
		parts := deal(units, n)
		require.Len(rt, parts, n)
		require.Equal(rt, units, sum(parts))
		require.LessOrEqual(rt, slices.Max(parts)-slices.Min(parts), 1)
	})
}

func TestLevel_EmptiestGetTheirsFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		avail := rapid.SliceOfN(rapid.IntRange(0, 30), 1, MaxShards).Draw(rt, "available")
		n := rapid.IntRange(len(avail), MaxShards).Draw(rt, "shards")
		units := rapid.IntRange(0, 500).Draw(rt, "units")
		given := level(avail, n, units)
		require.Len(rt, given, n)
		require.Equal(rt, units, sum(given))
		have := append(slices.Clone(avail), make([]int, n-len(avail))...)
		highest := 0
		for i, more := range given {
			require.GreaterOrEqual(rt, more, 0)
			have[i] += more
			if more > 0 {
				highest = max(highest, have[i])
			}
		}
		require.GreaterOrEqual(rt, slices.Min(have)+1, highest, "one was given more while another had less")
	})
}

func TestShare_TakesWhatIsThere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		avail := rapid.SliceOfN(rapid.IntRange(0, 1000), 1, MaxShards).Draw(rt, "available")
		n := rapid.IntRange(0, sum(avail)).Draw(rt, "units")
		taken := share(avail, n)
		require.Equal(rt, n, sum(taken))
		for i, units := range taken {
			require.LessOrEqual(rt, units, avail[i])
			require.GreaterOrEqual(rt, units, 0)
		}
	})
}

func TestPick_TakesOneShardWhereOneHasEnough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		known := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 8).Draw(rt, "available")
		n := rapid.IntRange(1, 20).Draw(rt, "units")
		busy := rapid.IntRange(0, len(known)-1).Draw(rt, "busy")
		var s shelves
		s.seen("sku", known)
		picked := s.pick(units{"sku", n}, map[string]bool{stockKey("sku", busy): true}, false)
		if n > sum(known) {
			require.Empty(rt, picked)
			return
		}
		total := 0
		for _, h := range picked {
			require.LessOrEqual(rt, h.Units, known[h.Shard])
			total += h.Units
		}
		require.Equal(rt, n, total)
		if slices.Max(known) >= n {
			require.Len(rt, picked, 1)
		}
		if i := slices.IndexFunc(known, func(a int) bool { return a >= n }); i >= 0 && i != busy {
			require.NotEqual(rt, busy, picked[0].Shard)
		}
	})
}

func TestUndoing_FitsATransactionForEveryOrderThatIsAccepted(t *testing.T) {
	t.Parallel()
	holds := make([]held, maxCounts)
	for i := range holds {
		holds[i] = held{SKU: string(rune('a' + i)), Units: 1}
	}
	require.Equal(t, maxCounts, undoing(holds))
	holds[0].Shard = 1
	require.Greater(t, undoing(holds), maxCounts)
}
