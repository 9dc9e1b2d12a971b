package rehearsal_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/rehearsal"
	"github.com/banyan-edge/banyan/loadtest/sale/rig"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
)

const hot = "tourney-casting-rod"

// small is a sale of two seconds.
var small = rehearsal.Plan{
	Rate: 5, Spike: 40, Browse: 20, Lead: 500 * time.Millisecond, For: time.Second, Tail: 500 * time.Millisecond,
	Patience: 5 * time.Second, DrainWithin: time.Minute, Habits: shopper.Habits{Double: 0.2, Return: 0.3, Abandon: 0.2, Retry: 1}, Seed: 1,
}

// setUp puts up a storefront of real processes.
func setUp(t *testing.T, w rig.Way, more func(*rig.Options)) *rig.Stage {
	t.Helper()
	o := rig.Options{Executable: binary, Dir: filepath.Join(t.TempDir(), "run"), Connections: 6, Latency: 20 * time.Millisecond, Product: hot}
	if more != nil {
		more(&o)
	}
	s, err := rig.NewStage(t.Context(), o, w)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func play(t *testing.T, p rehearsal.Plan, s *rig.Stage) rehearsal.Run {
	t.Helper()
	run, err := p.Play(t.Context(), rehearsal.On(s), hot, nil)
	require.NoError(t, err)
	return run
}

func TestPlay_EveryWayTellsTheTruth(t *testing.T) {
	t.Parallel()
	for _, way := range []rig.Way{rig.Straight, rig.AllLegacy, rig.Flipped} {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			run := play(t, small, setUp(t, way, nil))
			require.Empty(t, run.Notes)
			require.NotNil(t, run.Verdict)
			require.True(t, run.Verdict.Clean, run.Verdict)
			require.Greater(t, run.Accepted, int64(20))
			require.Equal(t, run.Accepted, run.Verdict.Found)
			require.Positive(t, run.Verdict.Pairs)
			require.Positive(t, run.Tally(shopper.Browse, sale.During).Good())
			require.LessOrEqual(t, run.MostHeld, 6)
			require.Positive(t, run.MostHeld)
			require.Equal(t, 6, run.Split.Sum())
			if way == rig.Flipped {
				require.EqualValues(t, run.Accepted, run.Ledger.Written)
				require.Zero(t, run.Ledger.Waiting)
			}
		})
	}
}

func TestPlay_SoldOutIsToldHonestly(t *testing.T) {
	t.Parallel()
	run := play(t, small, setUp(t, rig.Flipped, func(o *rig.Options) { o.Stock = 10 }))
	require.True(t, run.Clean(), run.Verdict)
	require.Positive(t, run.Tally(shopper.Checkout, sale.During).Outcomes[sale.SoldOut])
	require.LessOrEqual(t, run.Verdict.Units, int64(10))
}

func TestPlay_AQueueThatPiledUpDrainsByItselfInSequence(t *testing.T) {
	t.Parallel()
	plan := small.Pile(150)
	plan.Patience, plan.DrainWithin = 10*time.Second, time.Minute
	run := play(t, plan, setUp(t, rig.Backlog, nil))
	require.True(t, run.Clean(), run.Verdict)
	require.Greater(t, run.Deepest, int64(75))
	require.Equal(t, run.Accepted, run.Deepest, "nothing was written before the relay was let go")
	require.Positive(t, run.Verdict.Pairs)
	require.Greater(t, run.EmptyAt, run.Released)
}

func TestPlay_WhatIsCutOffSaysWhatWasMeasured(t *testing.T) {
	t.Parallel()
	ctx, cut := context.WithCancel(t.Context())
	s := setUp(t, rig.Straight, nil)
	plan := small
	plan.For = time.Hour
	run, err := plan.Play(ctx, rehearsal.On(s), hot, func(now rehearsal.Standing) {
		if now.Accepted > 10 {
			cut()
		}
	})
	require.NoError(t, err)
	require.True(t, run.Cut)
	require.Greater(t, run.Accepted, int64(10))
	require.True(t, run.Clean(), "what was accepted until then is there: %v", run.Verdict)
}

func TestPlay_OnPostgreSQL(t *testing.T) {
	t.Parallel()
	pg := rigtest.NewPostgres(t)
	run := play(t, small, setUp(t, rig.Flipped, func(o *rig.Options) { o.Database = pg.URL("postgres") }))
	require.True(t, run.Clean(), run.Verdict)
	require.Equal(t, run.Accepted, run.Verdict.Found)
	require.LessOrEqual(t, run.MostHeld, 6)
	require.Greater(t, run.MostHeld, 1)
}

func TestPlan_RefusesWhatMakesNoSense(t *testing.T) {
	for _, spoil := range []func(*rehearsal.Plan){
		func(p *rehearsal.Plan) { p.Rate = -1 }, func(p *rehearsal.Plan) { p.Spike = 1e6 }, func(p *rehearsal.Plan) { p.For = 0 },
		func(p *rehearsal.Plan) { p.Tail = 2 * time.Hour }, func(p *rehearsal.Plan) { p.Patience = 0 },
	} {
		p := small
		spoil(&p)
		require.ErrorIs(t, p.Check(), rehearsal.ErrPlan)
	}
	require.NoError(t, small.Check())
}
