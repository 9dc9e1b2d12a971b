package replay_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/replay"
)

func TestReplay_DoubleClickIsOneRequest(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	ann := f.shopper("ann")
	answers := make([]answer, 8)
	var clicks sync.WaitGroup
	for i := range answers {
		clicks.Go(func() { answers[i] = ann.post("rod", "ok") })
	}
	clicks.Wait()
	for _, a := range answers {
		require.Equal(t, http.StatusCreated, a.status)
		require.Equal(t, answers[0].body, a.body)
		require.Equal(t, []string{"sid=new; Path=/"}, a.header["Set-Cookie"])
	}
	require.Equal(t, 1, s.sendings[form("rod")])
	require.Equal(t, answers[0].body, ann.post("rod", "ok").body, "and once more, later")
	f.requireLedger(order.Ledger{Accepted: 1, Written: 1})

	require.Equal(t, http.StatusCreated, f.shopper("bob").post("rod", "ok").status)
	f.requireLedger(order.Ledger{Accepted: 2, Written: 2}) // another shopper's, however alike
}

func TestReplay_DerivedKeyHoldsTenMinutesAndAsLongAsTheFirstWaits(t *testing.T) {
	s := openShop(t)
	clock := newClock()
	f := openFront(t, s, func(o *replay.Options) { o.Now = clock.now })
	f.wait = 0
	ann := f.shopper("ann")
	first := ann.post("rod", "ok").header.Get("Location")
	require.Equal(t, first, ann.post("rod", "ok").header.Get("Location"))
	f.run()
	f.ends(first)
	require.Equal(t, http.StatusCreated, ann.post("rod", "ok").status, "the first one's answer")
	require.Equal(t, 1, s.count(s.sendings, form("rod")))
}

func TestReplay_ClientsKeyIsRepeatedAndReused(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	ann := f.shopper("ann")
	ann.key = `"8e03978e-40d5-43dd-bc93-6894a57f9324"`
	first := ann.post("rod", "ok")
	require.Equal(t, first.body, ann.post("rod", "ok").body)
	require.Equal(t, 1, s.sendings[form("rod")])
	require.Equal(t, ann.key, s.seen[form("rod")][0].Get("Idempotency-Key"), "as the client wrote it")

	other := ann.post("reel", "ok")
	require.Equal(t, http.StatusUnprocessableEntity, other.status)
	require.Equal(t, "application/problem+json", other.header.Get("Content-Type"))
	require.Zero(t, s.sendings[form("reel")])

	bob := f.shopper("bob")
	bob.key = ann.key
	require.Equal(t, "ok "+form("reel"), bob.post("reel", "ok").body, "a key counts within its session: nobody is given another's answer")

	ann.key = "two words"
	require.Equal(t, http.StatusBadRequest, ann.post("lure", "ok").status)
}

func TestReplay_OneSessionGoesInOrderAndOthersDoNotWait(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.wait = 0
	ann, bob := f.shopper("ann"), f.shopper("bob")
	var pages []string
	pages = append(pages, ann.post("ann-0", "wait").header.Get("Location"))
	for i := 1; i < 5; i++ {
		pages = append(pages, ann.post(fmt.Sprintf("ann-%d", i), "429,cut-before,ok").header.Get("Location"))
	}
	bobs := bob.post("bob", "ok").header.Get("Location")
	f.route.FoundBy = found
	f.run()
	require.Equal(t, replay.Written, f.ends(bobs).State, "while ann's first is still on its way")
	require.Equal(t, 1, s.count(s.sendings, form("ann-0")))
	require.Zero(t, s.count(s.sendings, form("ann-1")))
	close(s.gate)
	for _, page := range pages {
		require.Equal(t, replay.Written, f.ends(page).State)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	last := -1
	for _, body := range s.arrived {
		if !strings.HasPrefix(body, "body=ann-") {
			continue
		}
		n := int(body[len("body=ann-")] - '0')
		require.GreaterOrEqual(t, n, last)
		require.LessOrEqual(t, n, last+1)
		last = n
	}
	require.Equal(t, 4, last)
}

func TestReplay_DeadLetterDoesNotHoldUpItsSession(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	f.wait = 0
	ann := f.shopper("ann")
	ann.post("rod", "409")
	second := ann.post("reel", "ok").header.Get("Location")
	f.run()
	require.Equal(t, replay.Written, f.ends(second).State)
	f.requireLedger(order.Ledger{Accepted: 2, Written: 1, Dead: 1})
}

func TestReplay_WaitingShopperHasTheSessionsEarlierOnesSentNow(t *testing.T) {
	s := openShop(t)
	s.close()
	f := openFront(t, s, func(o *replay.Options) {
		o.BackoffBase, o.BackoffCap, o.Rand = time.Hour, time.Hour, func() float64 { return 1 }
	})
	f.wait = 10 * time.Millisecond
	ann := f.shopper("ann")
	require.Equal(t, http.StatusAccepted, ann.post("rod", "ok").status, "deferred for an hour")
	s.reopen()
	f.wait = patience
	require.Equal(t, http.StatusCreated, ann.post("reel", "ok").status)
	require.Equal(t, []string{form("rod"), form("reel")}, s.arrived)
}

func TestReplay_BudgetIsNeverExceededAndOneIsEnough(t *testing.T) {
	for _, limit := range []int{1, 3} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			s := openShop(t)
			f := openFront(t, s, func(o *replay.Options) { o.Budget = leases{relay.NewBudget(limit)} })
			f.route.FoundBy = found
			f.run()
			var crowd sync.WaitGroup
			for i := range 60 {
				crowd.Go(func() {
					a := f.shopper(fmt.Sprint("s", i%20)).post(fmt.Sprint("b", i), "500-before,cut-after,ok")
					require.Less(t, a.status, 300)
				})
			}
			crowd.Wait()
			s.mu.Lock()
			defer s.mu.Unlock()
			require.LessOrEqual(t, s.most, limit)
			for body, n := range s.orders {
				require.Equal(t, 1, n, body)
			}
			require.Len(t, s.orders, 60)
		})
	}
}

func TestReplay_ShopperWhoHangsUpLosesNothing(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	ann := f.shopper("ann")
	ctx, cancel := context.WithCancel(t.Context())
	req := ann.request(http.MethodPost, "/orders", form("rod"), "wait,ok").WithContext(ctx)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, err := http.DefaultTransport.(*http.Transport).Clone().RoundTrip(req)
		require.Error(t, err)
	}()
	eventually(t, "it is being sent", func() bool { return s.count(s.sendings, form("rod")) == 1 })
	cancel()
	<-gone
	eventually(t, "nobody waits", func() bool { return f.Status().Held == 0 })
	close(s.gate)
	eventually(t, "it is written all the same", func() bool {
		l, err := f.store.Ledger(context.Background())
		return err == nil && l.Written == 1
	})
}

func TestReplay_TooMuchIsRefusedAndNotKept(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s, func(o *replay.Options) { o.BodyBytes = 100 })
	ann := f.shopper("ann")
	require.Equal(t, http.StatusRequestEntityTooLarge, ann.post(strings.Repeat("x", 101), "ok").status)
	req := ann.request(http.MethodPost, "/orders", strings.Repeat("x", 101), "ok")
	req.ContentLength = -1 // chunked
	require.Equal(t, http.StatusRequestEntityTooLarge, ann.ask(req).status)
	require.Equal(t, http.StatusCreated, ann.ask(ann.request(http.MethodPost, "/orders", strings.Repeat("x", 100), "ok")).status)
	f.requireLedger(order.Ledger{Accepted: 1, Written: 1})
}

func TestReplay_StoreThatCannotWriteAcceptsNothing(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s)
	require.NoError(t, f.store.Close())
	a := f.shopper("ann").post("rod", "ok")
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.Equal(t, "5", a.header.Get("Retry-After"))
	require.Empty(t, s.arrived, "nothing is sent that is not on disk")
}

func TestReplay_HeldSendsNothing(t *testing.T) {
	s := openShop(t)
	f := openFront(t, s, func(o *replay.Options) { o.Hold = true })
	f.run()
	require.Equal(t, http.StatusAccepted, f.shopper("ann").post("rod", "ok").status)
	require.Empty(t, s.arrived)
	f.requireLedger(order.Ledger{Accepted: 1, Waiting: 1})
}
