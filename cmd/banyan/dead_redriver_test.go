package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// graveyard is dead letters and what becomes of them when they are redriven: a
// cause, "" for written, "later" for deferred for ever.
type graveyard struct {
	mu       sync.Mutex
	fates    []string
	records  map[string]*order.Record
	redriven []time.Time
	most     int // whose outcome was not known, at once
	open     int
}

func newGraveyard(fates ...string) *graveyard {
	g := &graveyard{fates: fates, records: map[string]*order.Record{}}
	for i := range fates {
		g.records[fmt.Sprint(i)] = &order.Record{Cause: "first", Attempts: 1}
	}
	return g
}

func (g *graveyard) Find(_ context.Context, id string) (order.Record, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return *g.records[id], nil
}

// Redrive lets the order meet its fate a second later.
func (g *graveyard) Redrive(_ context.Context, id string, _ intake.Act) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.records[id]
	if !r.Dead() {
		return &refusal{NotDead: true}
	}
	g.redriven = append(g.redriven, time.Now())
	g.open++
	g.most = max(g.most, g.open)
	r.Cause = ""
	var n int
	fmt.Sscan(id, &n)
	time.AfterFunc(time.Second, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		r.Attempts++
		switch fate := g.fates[n]; fate {
		case "later":
			return
		case "":
			r.State = order.Written
		default:
			r.Cause = fate
		}
		g.open--
	})
	return nil
}

// redrive redrives all of them in a bubble of time and returns what was done.
func (g *graveyard) redrive(t *testing.T, change func(*redriver)) (done redriven) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r := redriver{mender: g, book: g, every: 10 * time.Millisecond, stopAfter: 3, wait: 30 * time.Second, watch: true,
			next: func(context.Context) (string, bool, error) {
				n++
				return fmt.Sprint(n - 1), n <= len(g.fates), nil
			}}
		if change != nil {
			change(&r)
		}
		var err error
		done, err = r.run(t.Context())
		require.NoError(t, err)
	})
	return done
}

func repeat(fate string, n int) []string {
	fates := make([]string, n)
	for i := range fates {
		fates[i] = fate
	}
	return fates
}

func TestRedriver_StopsAfterAFewOfTheSameCauseAndLeavesTheRest(t *testing.T) {
	g := newGraveyard(repeat("too long", 1000)...)
	done := g.redrive(t, nil)
	require.Equal(t, 3, done.Redriven)
	require.Equal(t, 3, done.Refused)
	require.Equal(t, "too long", done.Cause)
	require.Zero(t, done.Waiting)
}

func TestRedriver_GoesOnWhereCausesDifferOrSomeAreWritten(t *testing.T) {
	g := newGraveyard("a", "a", "b", "a", "a", "", "a", "a", "", "b", "b")
	done := g.redrive(t, nil)
	require.Equal(t, redriven{Redriven: 11, Written: 2, Refused: 9}, done)
}

func TestRedriver_BeginsSlowlyAndGetsFaster(t *testing.T) {
	g := newGraveyard(repeat("", 500)...)
	done := g.redrive(t, func(r *redriver) { r.every = time.Millisecond })
	require.Equal(t, redriven{Redriven: 500, Written: 500}, done)
	require.LessOrEqual(t, g.most, mostOpen)
	require.Less(t, g.redriven[len(g.redriven)-1].Sub(g.redriven[0]), 10*time.Second)
}

func TestRedriver_KeepsToItsRate(t *testing.T) {
	g := newGraveyard(repeat("", 20)...)
	g.redrive(t, func(r *redriver) { r.every = 500 * time.Millisecond })
	for i := 1; i < len(g.redriven); i++ {
		require.GreaterOrEqual(t, g.redriven[i].Sub(g.redriven[i-1]), 500*time.Millisecond)
	}
}

func TestRedriver_LeavesTheRestWhereLegacyTakesNone(t *testing.T) {
	g := newGraveyard(repeat("later", 50)...)
	done := g.redrive(t, nil)
	require.Equal(t, 3, done.Redriven)
	require.Equal(t, 3, done.Waiting)
	require.Contains(t, done.Stopped, "for 30s")
	require.Empty(t, done.Cause)
}

func TestRedriver_DoesNotWaitForAnybodyWhereNobodyDelivers(t *testing.T) {
	g := newGraveyard(repeat("later", 50)...)
	done := g.redrive(t, func(r *redriver) { r.watch = false })
	require.Equal(t, redriven{Redriven: 50, Waiting: 50}, done)
}

func TestRedriver_PassesOverWhatSomebodyElseRedrove(t *testing.T) {
	g := newGraveyard("", "", "")
	g.records["1"].Cause = ""
	done := g.redrive(t, nil)
	require.Equal(t, redriven{Redriven: 2, Written: 2, Skipped: 1}, done)
}

func TestRate_IsReadAsPeopleWriteIt(t *testing.T) {
	var p perSecond
	for text, every := range map[string]time.Duration{"10/s": 100 * time.Millisecond, "2": 500 * time.Millisecond, "0.5/s": 2 * time.Second} {
		require.NoError(t, p.UnmarshalText([]byte(text)))
		require.Equal(t, every, p.every())
	}
	for _, text := range []string{"", "0/s", "-1/s", "fast", "NaN", "10/m"} {
		require.Error(t, p.UnmarshalText([]byte(text)), text)
	}
}
