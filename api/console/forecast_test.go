package console_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/console"
)

func TestForecast_SaysWhenTheQueueWillBeEmpty(t *testing.T) {
	f := console.NewForecast(42_900, 350, 20, now)
	require.Equal(t, now.Add(130*time.Second), *f.EmptyAt)
	require.Equal(t, "The queue will be empty in 2 min 10 s, at 27 Nov 2026, 09:32:10 UTC: 350 a second leave it and 20 come.", f.Words)
}

func TestForecast_SaysThatItCannotKnow(t *testing.T) {
	for _, c := range []struct {
		waiting           int64
		leaving, arriving float64
		words             string
	}{
		{10, 0, 0, "No order has left the queue"},
		{10, 0, 5, "No order has left the queue"},
		{10, 5, 5, "does not get shorter: 5.0 a second leave it and 5.0 come"},
		{10, 5, 900, "does not get shorter"},
		{1 << 60, 0.1, 0, "does not get shorter"},
	} {
		f := console.NewForecast(c.waiting, c.leaving, c.arriving, now)
		require.Nil(t, f.EmptyAt, "%+v", c)
		require.Contains(t, f.Words, c.words)
	}
}

func TestForecast_OfAnEmptyQueueIsNow(t *testing.T) {
	f := console.NewForecast(0, 3, 9, now)
	require.Equal(t, now, *f.EmptyAt)
	require.Equal(t, "The queue is empty.", f.Words)
}

func TestOverview_SaysWhenTheQueueWillBeEmpty(t *testing.T) {
	c := saleDay()
	f := console.NewForecast(20, 4, 2, now)
	c.ledger.Forecast = &f
	b := open(t, c.options())
	require.Contains(t, text(b.page("/").Find("[data-forecast]")), "empty in 10 s")
	var answer struct{ Forecast console.Forecast }
	b.json("/ledger", &answer)
	require.Equal(t, f, answer.Forecast)
}
