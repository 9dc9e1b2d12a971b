package sale_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/loadtest/sale"
)

// inThree are three phases of a second each.
func inThree(due time.Duration) sale.Phase {
	return []sale.Phase{sale.Before, sale.During, sale.After}[min(int(due/time.Second), 2)]
}

// play runs one stream in made-up time.
func play(t *testing.T, until time.Duration, s sale.Stream) *sale.Book {
	book := sale.NewBook(inThree)
	synctest.Test(t, func(t *testing.T) {
		s.Kind = "page"
		sale.Run(t.Context(), time.Now(), until, book, s)
	})
	return book
}

func TestStream_ShoppersComeWhetherOrNotTheStorefrontKeepsUp(t *testing.T) {
	// It answers nothing for the whole of the second second.
	stalls := func(ctx context.Context, _ int, due time.Duration) (sale.Outcome, string) {
		if due >= time.Second && due < 2*time.Second {
			time.Sleep(2*time.Second - due)
		}
		time.Sleep(time.Millisecond)
		return sale.Done, ""
	}
	book := play(t, 3*time.Second, sale.Stream{Shape: sale.Steady(100), Ask: stalls})
	tallies := book.Tallies()["page"]
	require.EqualValues(t, 100, tallies[sale.During].Sum(), "all of them came")
	require.InDelta(t, 500, tallies[sale.During].P50, 20, "half of them waited for half a second or more")
	require.InDelta(t, 1, tallies[sale.Before].P99, 0.1)
	require.InDelta(t, 1, tallies[sale.After].P99, 0.1)
}

func TestStream_SpikeIsFollowed(t *testing.T) {
	book := play(t, 3*time.Second, sale.Stream{Shape: sale.Spike(10, 1000, time.Second, time.Second),
		Ask: func(context.Context, int, time.Duration) (sale.Outcome, string) { return sale.SoldOut, "" }})
	tallies := book.Tallies()["page"]
	require.InDelta(t, 10, tallies[sale.Before].Sum(), 1)
	require.InDelta(t, 1000, tallies[sale.During].Sum(), 2)
	require.InDelta(t, 10, tallies[sale.After].Sum(), 2)
	require.InDelta(t, 1000, book.Seconds("page")[1].Good, 2)
}

func TestStream_MoreThanCanBeKeptOpenAreCountedAsNotSent(t *testing.T) {
	book := play(t, time.Second, sale.Stream{Shape: sale.Steady(2 * float64(sale.AtOnce())), Ask: func(ctx context.Context, _ int, _ time.Duration) (sale.Outcome, string) {
		time.Sleep(time.Hour)
		return sale.TimedOut, "time-out"
	}})
	tally := book.Tallies()["page"][sale.Before]
	require.EqualValues(t, sale.AtOnce(), tally.Outcomes[sale.TimedOut])
	require.EqualValues(t, sale.AtOnce(), tally.Errors["time-out"])
	require.InDelta(t, sale.AtOnce(), tally.Outcomes[sale.NotSent], 2)
	require.Zero(t, tally.Good())
}

func TestStream_EndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		sale.Run(ctx, began, time.Hour, sale.NewBook(inThree), sale.Stream{Shape: sale.Steady(1), Ask: func(ctx context.Context, _ int, _ time.Duration) (sale.Outcome, string) {
			<-ctx.Done()
			return sale.Failed, "cut off"
		}})
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestShape_AsManyComeAsItAddsUpTo(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		counts := rapid.SliceOfN(rapid.Float64Range(0, 50), 1, 5).Draw(rt, "counts")
		times := rapid.Float64Range(0.1, 3).Draw(rt, "times")
		want := 0.0
		for _, n := range counts {
			want += n * times
		}
		sent := int64(0)
		for _, tally := range play(t, time.Duration(len(counts))*time.Second, sale.Stream{Shape: sale.Counts(time.Second, counts, times),
			Ask: func(context.Context, int, time.Duration) (sale.Outcome, string) { return sale.Done, "" }}).Tallies()["page"] {
			sent += tally.Sum()
		}
		require.InDelta(rt, want, sent, 1.01)
	})
}
