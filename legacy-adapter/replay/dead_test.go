package replay_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/edge/route"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
)

// joe looks after dead letters.
var joe = replay.Act{Who: "joe", Why: "the cause is mended"}

func TestReplay_LegacyThatAlwaysFailsOnARequestMakesADeadLetterThatHoldsNobodyUp(t *testing.T) {
	for name, arrange := range map[string]func(*front){
		"and does not have it":     func(f *front) { f.route.FoundBy = found },
		"and it is safe to repeat": func(f *front) { f.route.Repeat = route.RepeatSafe },
	} {
		t.Run(name, func(t *testing.T) {
			s, clock := openShop(t), newClock()
			f := openFront(t, s, func(o *replay.Options) { o.Now = clock.now })
			arrange(f)
			f.wait = 0
			f.run()
			ann := f.shopper("ann")
			page := ann.post("rod", "500-before").header.Get("Location")
			behind := ann.post("reel", "ok").header.Get("Location")
			eventually(t, "it is sent again, though for less than two hours", func() bool {
				return s.count(s.sendings, form("rod")) > 2*replay.DefaultGiveUpAnswers
			})
			require.Zero(t, s.count(s.sendings, form("reel")), "the session goes in order")
			clock.add(replay.DefaultGiveUpAfter)
			dead := f.ends(page)
			require.Equal(t, replay.Dead, dead.State)
			require.Equal(t, "legacy answered 500 Internal Server Error again and again, "+name, dead.Cause)
			require.Equal(t, replay.Written, f.ends(behind).State)
			f.requireLedger(order.Ledger{Accepted: 2, Written: 1, Dead: 1})
			sent := s.count(s.sendings, form("rod"))
			require.NoError(t, f.store.Redrive(t.Context(), dead.ID, joe))
			eventually(t, "redriven, it has all its tries again", func() bool { return s.count(s.sendings, form("rod")) > sent+2 })
		})
	}
}

func TestReplay_LegacyThatIsAwayForDaysMakesNoDeadLetter(t *testing.T) {
	for _, do := range []string{"502", "503", "cut-before"} {
		t.Run(do, func(t *testing.T) {
			s, clock := openShop(t), newClock()
			f := openFront(t, s, func(o *replay.Options) { o.Now, o.BreakerRest = clock.now, time.Millisecond })
			f.route.FoundBy = found
			f.wait = 0
			f.run()
			page := f.shopper("ann").post("rod", do+","+do+","+do+","+do+","+do+","+do+","+do+","+do+","+do+","+do+","+do+","+do+","+do+",ok").header.Get("Location")
			for sent := 1; sent < 14; sent++ {
				eventually(t, "it is sent again", func() bool { return s.count(s.sendings, form("rod")) >= sent })
				clock.add(24 * time.Hour)
			}
			require.Equal(t, replay.Written, f.ends(page).State)
			f.requireLedger(order.Ledger{Accepted: 1, Written: 1})
		})
	}
}

func TestCheck_SaysWhatRedrivingWouldDo(t *testing.T) {
	s := openShop(t)
	db := &database{}
	f := openFront(t, s, func(o *replay.Options) { o.Database = db })
	f.wait = 0
	f.run()
	unknown := f.ends(f.shopper("ann").post("rod", "cut-before").header.Get("Location")).Capture
	refused := f.ends(f.shopper("bob").post("reel", "409").header.Get("Location")).Capture
	whole := func(c replay.Capture) replay.Capture {
		c, err := f.store.Load(context.Background(), c.Seq)
		require.NoError(t, err)
		return c
	}
	check := func(c replay.Capture) replay.Checkup { return f.Check(t.Context(), whole(c)) }

	require.Equal(t, "nothing tells whether legacy has it: the route checkout has no found_by; redriven, it would die of the same again", check(unknown).Words)
	require.Equal(t, replay.Checkup{OK: true, Asked: true, Words: "legacy refused it and did nothing; redriven, it is sent again"}, check(refused))
	f.route.Repeat = route.RepeatSafe
	require.True(t, check(unknown).OK)

	f.route = route.Route{Name: "checkout", FoundBy: found}
	require.Equal(t, replay.Checkup{OK: true, Asked: true, Words: "legacy does not have it; redriven, it is sent again"}, check(unknown))
	s.commit(form("rod"))
	require.Equal(t, replay.Checkup{Found: true, OK: true, Asked: true, Words: "legacy has it; redriven, it counts as written"}, check(unknown))

	db.failures, db.err = 1, context.DeadlineExceeded
	f.route.FoundBy = sqlLookup("SELECT 1 FROM orders WHERE body = :form.body")
	require.False(t, check(unknown).Asked)
	require.Equal(t, 1, s.count(s.sendings, form("rod")), "nothing was sent")
}
