package replay_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/edge/route"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
)

func TestReplay_HealthyLegacyIsSeenAsItAnswers(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	a := f.shopper("ann").post("rod", "ok")
	require.Equal(t, http.StatusCreated, a.status)
	require.Equal(t, "ok "+form("rod"), a.body)
	require.Equal(t, []string{"sid=new; Path=/"}, a.header["Set-Cookie"])
	require.Equal(t, "text/plain; charset=utf-8", a.header.Get("Content-Type"))
	require.Empty(t, a.header.Get("Cache-Control"), "nothing is added")

	a = f.shopper("bob").post("reel", "redirect")
	require.Equal(t, http.StatusFound, a.status)
	require.Equal(t, "../thanks?order=7", a.header.Get("Location"))
	require.Len(t, a.header["Set-Cookie"], 2)
	f.requireLedger(order.Ledger{Accepted: 2, Written: 2})
}

func TestReplay_LegacyGetsTheRequestAsItWas(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	ann := f.shopper("ann")
	req := ann.request(http.MethodPut, "/shop/%6frders/a%20b?x=1&x=2&%zz", "\x00\xff raw", "ok")
	req.Host = "shop.example.com"
	req.Header.Set("X-Forwarded-For", "198.51.100.7")
	req.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	req.Header["Accept-Language"] = []string{"en", "sv"}
	require.Equal(t, http.StatusCreated, ann.ask(req).status)

	h := s.seen["\x00\xff raw"][0]
	require.Equal(t, "PUT /shop/%6frders/a%20b?x=1&x=2&%zz", h.line)
	require.Equal(t, "shop.example.com", h.host)
	require.Equal(t, "sid=ann", h.Get("Cookie"))
	require.Equal(t, "198.51.100.7", h.Get("X-Forwarded-For"))
	require.Equal(t, []string{"en", "sv"}, h.Header["Accept-Language"])
	require.True(t, order.ValidID(h.Get("Idempotency-Key")), "a capture that brought no key is known by its id")
}

func TestReplay_LegacyIsToldTheSecretThatNoViewerCanSet(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s, func(o *replay.Options) { o.Legacy.SecretHeader, o.Legacy.Secret = "X-Banyan-Secret", "from-the-edge" })
	ann := f.shopper("ann")
	req := ann.request(http.MethodPost, "/orders", "one", "ok")
	req.Header.Set("X-Banyan-Secret", "a guess")
	require.Equal(t, http.StatusCreated, ann.ask(req).status)
	require.Equal(t, []string{"from-the-edge"}, s.seen["one"][0].Header["X-Banyan-Secret"])
}

func TestReplay_NotInTimeIs202AndFollowed(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.wait = 20 * time.Millisecond
	ann := f.shopper("ann")
	a := ann.post("rod", "wait")
	require.Equal(t, http.StatusAccepted, a.status)
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	follow := a.header.Get("Location")
	require.Contains(t, a.body, `"status":"accepted"`)
	require.Contains(t, ann.get(follow).body, `"final":false`)

	close(s.gate)
	record := f.ends(follow)
	require.Equal(t, replay.Written, record.State)
	require.Contains(t, ann.get(follow).body, `"status":"written"`)
	last := ann.get(follow + "/answer")
	require.Equal(t, http.StatusOK, last.status)
	require.Equal(t, "ok "+form("rod"), last.body)
	require.Equal(t, "no-store", last.header.Get("Cache-Control"))
	f.requireLedger(order.Ledger{Accepted: 1, Written: 1})
}

func TestReplay_LegacyThatIsAwayCostsNoRequest(t *testing.T) {
	s := openShop(t)
	s.close()
	f := openFront(t, s)
	f.wait = 30 * time.Millisecond
	var pages []string
	for _, name := range []string{"ann", "bob", "cid", "dee", "eve"} {
		a := f.shopper(name).post(name, "ok")
		require.Equal(t, http.StatusAccepted, a.status)
		pages = append(pages, a.header.Get("Location"))
	}
	f.run()
	eventually(t, "the breaker opens", func() bool { return f.Status().Breaker == "open" })
	s.reopen()
	for _, page := range pages {
		require.Equal(t, replay.Written, f.ends(page).State)
	}
	for _, name := range []string{"ann", "bob", "cid", "dee", "eve"} {
		require.Equal(t, 1, s.orders[form(name)])
	}
	eventually(t, "the breaker closes", func() bool { return f.Status().Breaker == "closed" })
	f.requireLedger(order.Ledger{Accepted: 5, Written: 5})
}

func TestReplay_NobodyIsHeldForALegacyKnownToBeAway(t *testing.T) {
	s := openShop(t)
	s.close()
	f := openFront(t, s, func(o *replay.Options) { o.BreakerRest = time.Hour })
	f.wait = 30 * time.Millisecond
	f.run()
	for f.Status().Breaker != "open" {
		f.shopper("ann").post(time.Now().String(), "ok")
	}
	f.wait = time.Hour
	require.Equal(t, http.StatusAccepted, f.shopper("bob").post("rod", "ok").status)
	require.Zero(t, f.Status().InHand)
}

// lost are the ways in which a legacy leaves it open what it has done.
var lost = map[string]struct {
	do   string
	done bool
}{
	"500 after it committed":      {"500-after", true},
	"500 and nothing done":        {"500-before", false},
	"hangs up after it committed": {"cut-after", true},
	"hangs up before":             {"cut-before", false},
	"half an answer":              {"half", true},
	"a gateway's 502":             {"502", false},
}

func TestReplay_LostAnswerIsFoundOutAndNeverRepeatedBlindly(t *testing.T) {
	for name, c := range lost {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			f := openFront(t, s)
			f.route.FoundBy = found
			f.run()
			a := f.shopper("ann").post("rod", c.do+",ok")
			require.Equal(t, 1, s.count(s.orders, form("rod")), "once, whatever was lost")
			if c.done {
				require.Equal(t, http.StatusOK, a.status, "%s", a.body)
				require.Contains(t, a.body, `"status":"written"`)
				require.Equal(t, 1, s.count(s.sendings, form("rod")))
			} else {
				require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
				require.Equal(t, 2, s.count(s.sendings, form("rod")))
			}
			f.requireLedger(order.Ledger{Accepted: 1, Written: 1})
		})
	}
}

func TestReplay_OutcomeThatNothingTellsIsADeadLetterAndNotRepeated(t *testing.T) {
	for name, c := range lost {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			f := openFront(t, s)
			f.run()
			a := f.shopper("ann").post("rod", c.do)
			dead, err := f.store.Dead(t.Context(), replay.DeadFilter{})
			require.NoError(t, err)
			require.Len(t, dead, 1)
			require.Contains(t, dead[0].Cause, "outcome unknown: ")
			require.Contains(t, dead[0].Cause, "the route checkout has no found_by")
			require.Equal(t, 1, s.count(s.sendings, form("rod")))
			f.requireLedger(order.Ledger{Accepted: 1, Dead: 1})
			if c.do == "500-after" {
				require.Equal(t, http.StatusInternalServerError, a.status, "the shopper who waits sees what legacy said")
				require.Equal(t, "Cart not found\n", a.body)
			}
			require.Equal(t, a.status, f.shopper("ann").post("rod", "ok").status, "and again, as long as the key holds")
			require.Equal(t, 1, s.count(s.sendings, form("rod")))
		})
	}
}

func TestReplay_SafeToRepeatIsRepeated(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.route.Repeat = route.RepeatSafe
	f.run()
	require.Equal(t, http.StatusCreated, f.shopper("ann").post("rod", "cut-before,500-before,502,ok").status)
	require.Equal(t, 4, s.sendings[form("rod")])
}

func TestReplay_NotFoundIsNotBelievedWhileLegacyMayBeAtWork(t *testing.T) {
	s := openShop(t)
	clock := newClock()
	f := openFront(t, s, func(o *replay.Options) { o.Grace, o.Now = time.Minute, clock.now })
	f.route.FoundBy = found
	f.wait = 50 * time.Millisecond
	f.run()
	page := f.shopper("ann").post("rod", "cut-before,ok").header.Get("Location")
	eventually(t, "it is known to be unknown", func() bool {
		r, err := f.store.Find(context.Background(), page[len(replay.FollowPath):])
		return err == nil && r.State == replay.Unknown && r.Doubt
	})
	require.Equal(t, 1, s.count(s.sendings, form("rod")))
	s.commit(form("rod")) // legacy was slow, and is done now
	clock.add(2 * time.Minute)
	f.shopper("bob").post("reel", "ok") // has the loop look at the clock
	record := f.ends(page)
	require.Equal(t, replay.Written, record.State)
	require.Nil(t, record.Answer)
	require.Equal(t, 1, s.count(s.sendings, form("rod")))
}

func TestReplay_LookupThatFailsIsAskedAgain(t *testing.T) {
	s := openShop(t)
	db := &database{failures: 3, err: errors.New("the database is starting up")}
	f := openFront(t, s, func(o *replay.Options) { o.Database = db })
	f.route.FoundBy = &route.Lookup{SQL: "SELECT 1 FROM orders WHERE body = :form.body AND path = :path.2 AND sid = :cookie.sid AND q = :query.from AND k = :key"}
	f.run()
	ann := f.shopper("ann")
	ann.key = "my-key"
	require.Equal(t, http.StatusOK, ann.post("rod", "cut-after").status)
	require.Equal(t, 4, db.asked)
	require.Equal(t, []string{"rod", "orders", "ann", "cart", "my-key"}, db.values)
	require.Equal(t, 1, s.sendings[form("rod")])
}

func TestReplay_LookupThatTheRequestCannotFillMakesADeadLetter(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.route.FoundBy = &route.Lookup{Request: "GET /find/{body.cart_id}"}
	f.run()
	f.shopper("ann").post("rod", "cut-after")
	dead, err := f.store.Dead(t.Context(), replay.DeadFilter{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, "outcome unknown: the answer was lost, and the lookup needs body.cart_id, which the request does not have", dead[0].Cause)
}

func TestReplay_LookupThatFindsNothingIsNotBelieved(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.route.FoundBy = &route.Lookup{Request: "GET /find/wrong-{form.body}"}
	f.run()
	ann := f.shopper("ann")
	require.Equal(t, http.StatusCreated, ann.post("rod", "ok").status)
	ann.post("reel", "cut-after,ok")
	require.Equal(t, 1, s.count(s.orders, form("reel")), "the lookup was seen not to find the first")
	dead, err := f.store.Dead(t.Context(), replay.DeadFilter{Limit: 1})
	require.NoError(t, err)
	require.Contains(t, dead[0].Cause, "the lookup did not find what legacy had taken before")

	f.route.FoundBy = found // mended
	require.NoError(t, f.store.Redrive(t.Context(), dead[0].ID, joe))
	eventually(t, "the ledger is even", func() bool {
		l, err := f.store.Ledger(context.Background())
		return err == nil && l.Dead+l.Waiting == 0
	})
	require.Equal(t, 1, s.count(s.orders, form("reel")), "what may have arrived is found out before it is sent again")
}

func TestReplay_SlowDownIsObeyed(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.run()
	require.Equal(t, http.StatusCreated, f.shopper("ann").post("rod", "429,429,ok").status)
	require.Equal(t, 3, s.sendings[form("rod")])
	f.requireLedger(order.Ledger{Accepted: 1, Written: 1})
}

func TestReplay_RefusalIsTheWaitingShoppersAnswer(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	ann := f.shopper("ann")
	a := ann.post("rod", "409,ok")
	require.Equal(t, http.StatusConflict, a.status)
	require.Contains(t, a.body, "has ordered already")
	f.requireLedger(order.Ledger{Accepted: 1, Cancelled: 1})

	require.Equal(t, http.StatusCreated, ann.post("rod", "409,ok").status, "nothing was done, so the form may be sent again")
	f.requireLedger(order.Ledger{Accepted: 2, Written: 1, Cancelled: 1})
}

func TestReplay_RefusalAfterThe202IsADeadLetterInLegacysWords(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.wait = 0
	ann := f.shopper("ann")
	page := ann.post("rod", "409").header.Get("Location")
	f.run()
	record := f.ends(page)
	require.Equal(t, replay.Dead, record.State)
	require.Equal(t, "legacy answered 409 Conflict: ann@example.com has ordered already", record.Cause)
	require.Equal(t, http.StatusConflict, record.Answer.Status)
	require.Contains(t, ann.get(page).body, `"attention":true`)
	f.requireLedger(order.Ledger{Accepted: 1, Dead: 1})

	require.NoError(t, f.store.Drop(t.Context(), record.ID, replay.Act{Who: "joe", Why: "the shopper called"}))
	f.requireLedger(order.Ledger{Accepted: 1, Cancelled: 1})
}

func TestReplay_RefusalOfARepeatIsHeldAgainstTheLookup(t *testing.T) {
	s := openShop(t)
	db := &database{failures: 0}
	f := openFront(t, s, func(o *replay.Options) { o.Database = db })
	f.route.FoundBy = &route.Lookup{SQL: "SELECT 1 WHERE :form.body"}
	db.missing = 1 // the first lookup comes before legacy has committed
	f.run()
	a := f.shopper("ann").post("rod", "cut-after,409")
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, a.body, `"status":"written"`, "409 of the second says that the first went in")
	f.requireLedger(order.Ledger{Accepted: 1, Written: 1})
}

func TestReplay_RedrivenDeadLetterIsSentAgain(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.run()
	f.wait = 0
	page := f.shopper("ann").post("rod", "409,ok").header.Get("Location")
	record := f.ends(page)
	require.NoError(t, f.store.Redrive(t.Context(), record.ID, joe))
	eventually(t, "it is written", func() bool { return f.ends(page).State == replay.Written })
	f.requireLedger(order.Ledger{Accepted: 1, Written: 1})
	require.ErrorIs(t, f.store.Redrive(t.Context(), record.ID, joe), replay.ErrNotDead)
}

func TestReplay_AnswerTooLargeToKeepIsCountedAsWritten(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s, func(o *replay.Options) { o.AnswerBytes = 4 })
	a := f.shopper("ann").post("rod", "ok")
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, a.body, `"status":"written"`)
	f.requireLedger(order.Ledger{Accepted: 1, Written: 1})
}
