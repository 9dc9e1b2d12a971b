package proxy

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// keeper is a Capture that tells what it was given.
type keeper struct {
	kept     chan kept
	followed chan *http.Request
	answer   func(http.ResponseWriter, *http.Request)
}

type kept struct {
	r    *http.Request
	body string
	err  error
	d    route.Decision
}

func newKeeper() *keeper {
	return &keeper{kept: make(chan kept, 10), followed: make(chan *http.Request, 10)}
}

func (k *keeper) Capture(w http.ResponseWriter, r *http.Request, d route.Decision) {
	body, err := io.ReadAll(r.Body)
	k.kept <- kept{r, string(body), err, d}
	if err != nil {
		return
	}
	if k.answer != nil {
		k.answer(w, r)
		return
	}
	w.Header().Set("X-Banyan-Secret", "no")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, "kept")
}

func (k *keeper) Follow(w http.ResponseWriter, r *http.Request) {
	k.followed <- r
	_, _ = io.WriteString(w, "followed")
}

// toQueue is the decision for a request that is captured.
var toQueue = decided{Reason: route.RouteMatched, Rule: "loyalty", Epoch: 7, Capture: true, Wait: 3 * time.Second, Visitor: "v1", NewVisitor: true}

func TestProxy_CapturedRequestIsDressedAsLegacyWouldGetIt(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		legacy := startOrigin(t, say(plainAnswer))
		k := newKeeper()
		e := startEdge(t, Options{Table: always(toQueue), Legacy: legacy.origin(), Capture: k, RevealArm: true})
		a := e.get(request("POST /loyalty/p%6Fints?a=%zz", "X-Banyan-Arm: serverless", "X-Forwarded-For: 6.6.6.6", "Connection: x-hop",
			"X-Hop: 1", "Cookie: sid=1", "Idempotency-Key: k", "Content-Length: 5") + "\x00body")
		require.Equal(t, http.StatusAccepted, a.StatusCode)
		require.Equal(t, "kept", a.body)
		require.Empty(t, a.Header.Get("X-Banyan-Secret"))
		require.Equal(t, "legacy", a.Header.Get("X-Banyan-Arm"))
		require.Contains(t, a.Header.Get("Set-Cookie"), "banyan_visitor=v1")

		got := <-k.kept
		require.NoError(t, got.err)
		require.Equal(t, "\x00body", got.body)
		require.Equal(t, "/loyalty/p%6Fints?a=%zz", got.r.RequestURI)
		require.Equal(t, "shop.example", got.r.Host)
		require.Equal(t, route.Decision(toQueue), got.d)
		require.Equal(t, "legacy", got.r.Header.Get("X-Banyan-Arm"))
		require.Equal(t, "7", got.r.Header.Get("X-Banyan-Epoch"))
		require.Equal(t, "127.0.0.1", got.r.Header.Get("X-Forwarded-For"))
		require.Equal(t, "sid=1", got.r.Header.Get("Cookie"))
		require.Equal(t, "k", got.r.Header.Get("Idempotency-Key"))
		require.Len(t, got.r.Header.Get("Traceparent"), traceLength)
		require.Empty(t, got.r.Header.Get("X-Hop"))
		legacy.quiet()

		line := e.log.next(t, "request")
		require.Equal(t, "loyalty", line["rule"])
		require.EqualValues(t, http.StatusAccepted, line["status"])
	})
}

func TestProxy_CaptureSeesTheShopperBehindATrustedHop(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		k := newKeeper()
		e := startEdge(t, Options{Table: always(toQueue), Capture: k, TrustedHops: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		e.get(request("POST /buy", "X-Forwarded-For: 198.51.100.7", "Content-Length: 0"))
		require.Equal(t, "198.51.100.7:0", (<-k.kept).r.RemoteAddr)
	})
}

func TestProxy_WithoutCaptureAQueuedRouteGoesToLegacy(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		legacy := startOrigin(t, say(plainAnswer))
		e := startEdge(t, Options{Table: always(toQueue), Legacy: legacy.origin()})
		require.Equal(t, "ok", e.get(request("POST /buy", "Content-Length: 0")).body)
		require.Equal(t, "ok", e.get(request("GET "+FollowPath+"x")).body)
	})
}

func TestProxy_FollowedPagesAreBanyansWhateverTheTableSays(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		legacy := startOrigin(t, say(plainAnswer))
		k := newKeeper()
		for _, table := range []decided{{}, toServerless, {Reason: route.AllLegacy}} {
			e := startEdge(t, Options{Table: always(table), Legacy: legacy.origin(), Capture: k})
			require.Equal(t, "followed", e.get(request("GET "+FollowPath+"01ABC?x=1", "Cookie: sid=1")).body)
			require.Equal(t, FollowPath+"01ABC?x=1", (<-k.followed).RequestURI)
		}
		legacy.quiet()
	})
}

func TestProxy_CaptureOfABodyThatNeverComesIsRefusedByTheEdge(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		k := newKeeper()
		e := startEdge(t, Options{Table: always(toQueue), Capture: k, Limits: Limits{BodyIdle: 50 * time.Millisecond}})
		a := e.get(request("POST /buy", "Content-Length: 5") + "abc")
		require.Equal(t, http.StatusRequestTimeout, a.StatusCode)
		require.Error(t, (<-k.kept).err)
	})
}

func TestProxy_ShopperWhoHangsUpWhileHeldIsNoticed(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		k := newKeeper()
		k.answer = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		e := startEdge(t, Options{Table: always(toQueue), Capture: k})
		v := e.dial(request("POST /buy", "Content-Length: 3") + "abc")
		<-k.kept
		require.NoError(t, v.Close())
		line := e.log.next(t, "request")
		require.EqualValues(t, statusGone, line["status"])
		require.Equal(t, "viewer-gone", line["outcome"])
	})
}

func TestProxy_CaptureThatPanicsIs500(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		k := newKeeper()
		k.answer = func(http.ResponseWriter, *http.Request) { panic(errors.New("boom")) }
		e := startEdge(t, Options{Table: always(toQueue), Capture: k})
		require.Equal(t, http.StatusInternalServerError, e.get(request("POST /buy", "Content-Length: 0")).StatusCode)
	})
}
