package k6

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// smallWhole is how long a script plays in a test; smallBrownout is longer, for
// legacy takes its time to come back.
const (
	smallWhole    = 5 * time.Second
	smallBrownout = 10 * time.Second
)

// smallKnobs make of the scripts what goes into a few seconds.
var smallKnobs = []string{"-e", "GRACE=0.5", "-e", "RECOVER=2.5", "-e", "WRITTEN=30", "-e", "PICTURE=100000"}

// patience is how much longer a script may take: k6 itself starts and ends
// slowly, and shoppers who wait are waited for.
const patience = 2 * time.Minute

// full reports whether the scripts are to be played at full size, and for how
// long each; zero is as long as the scenario says.
func full(t *testing.T) (bool, time.Duration) {
	text, asked := os.LookupEnv("BANYAN_LOADTEST")
	if !asked || text == "" {
		return asked, 0
	}
	seconds, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err, "BANYAN_LOADTEST is the seconds that each scenario plays")
	return true, time.Duration(seconds * float64(time.Second))
}

// TestK6_WhatShoppersWereToldIsInTheLegacyDatabase plays the scripts: small, or,
// where BANYAN_LOADTEST is set, at full size and held to their thresholds.
func TestK6_WhatShoppersWereToldIsInTheLegacyDatabase(t *testing.T) {
	k6 := where(t)
	full, whole := full(t)
	pg := server(t)
	var rows table
	defer rows.print(os.Stdout)
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			p := plan{s, full}
			switch {
			case !full && s.name == "brownout":
				p.full.whole = smallBrownout
			case !full:
				p.full.whole, p.full.stock = smallWhole, s.small.stock
			case whole > 0:
				p.full.whole = whole
			}
			p.play(t, k6, newRig(t, pg, s.name, p.full), rows.add(s.name))
		})
	}
}

// plan is a script and how it is played.
type plan struct {
	scenario
	judged bool // k6's thresholds decide
}

// flags are the knobs of the script. Small, no threshold decides: they are
// about time, and a test's machine has other things to do.
func (p plan) flags(r *rig) []string {
	flags := []string{"-e", "TARGET=" + r.up.Storefront, "-e", "HOT=" + hot, "-e", fmt.Sprintf("FOR=%g", p.full.whole.Seconds())}
	if !p.judged {
		return append(flags, smallKnobs...)
	}
	return append(flags, strings.Fields(os.Getenv("BANYAN_LOADTEST_FLAGS"))...)
}

// play runs the script, with what goes on beside it, and judges.
func (p plan) play(t *testing.T, k6 string, r *rig, row *row) {
	s := &script{name: p.name, flags: p.flags(r)}
	begun := make(chan (<-chan error), 1)
	ctx, cancel := context.WithTimeout(t.Context(), p.full.whole+patience)
	defer cancel()
	require.NoError(t, s.run(ctx, k6, t.TempDir(), func() { begun <- r.begin(t, p.scenario, p.full.whole) }))
	row.summary(s.summary)
	if p.trouble != nil {
		require.Len(t, begun, 1, "the script never said that it began")
		require.NoError(t, <-<-begun)
	}
	purchases, err := readNotes(s.notes)
	require.NoError(t, err)
	l, err := r.up.Ledger()
	require.NoError(t, err)
	row.waiting = l.Waiting

	v, took := r.requireTruth(t, purchases)
	row.truth(v, took, r.held.most())
	offers, err := readOffers(s.notes)
	require.NoError(t, err)
	row.listings = r.requireOffers(t, offers)
	require.NotZero(t, int(v.Accepted)+row.listings)
	require.Empty(t, s.summary.empty(), "nothing was measured of what has a threshold")
	if p.judged {
		require.Empty(t, s.summary.crossed(), "thresholds that were crossed")
		require.False(t, s.crossed)
	}
	require.Empty(t, s.summary.rates(), "not everybody got what could be got")
	if p.after != nil {
		p.after(t, r)
	}
	row.passed = true
}
