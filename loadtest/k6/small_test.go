package k6

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/sale"
)

// TestScenario_WhatShoppersWereToldIsInTheLegacyDatabase plays the traffic of
// every scenario small, by the generator in Go.
func TestScenario_WhatShoppersWereToldIsInTheLegacyDatabase(t *testing.T) {
	pg := server(t)
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			r := newRig(t, pg, s.name, s.small.size)
			began := time.Now()
			book := sale.NewBook(func(time.Duration) sale.Phase { return sale.During })
			c := newCrowd(t, r, book, began)
			stopped := r.begin(t, s, s.small.whole)
			sale.Run(t.Context(), began, s.small.whole, book, s.small.streams(c, s.small.whole)...)
			require.NoError(t, <-stopped)

			v, _ := r.requireTruth(t, c.purchases())
			require.NotZero(t, v.Accepted)
			requireGood(t, book, s.small)
			listed := r.requireOffers(t, c.offers)
			if s.after != nil {
				s.after(t, r)
			}
			t.Logf("%d orders and %d listings accepted, %d orders in legacy; %+v", v.Accepted, listed, v.Rows, c.Notes.Did())
		})
	}
}

// requireGood: everybody got what could be got, but where legacy alone has it
// and is away, and where a copy is told to come back.
func requireGood(t *testing.T, book *sale.Book, p play) {
	t.Helper()
	for kind, phases := range book.Tallies() {
		if p.bad[kind] || kind == "copy" {
			continue
		}
		tally := phases[sale.During]
		require.NotZero(t, tally.Sum(), kind)
		require.Equal(t, tally.Sum(), tally.Good(), "%s: %v %v", kind, tally.Outcomes, tally.Errors)
	}
}
