package receipt

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/route"
)

// storefront is a shop whose n-th answer, counted from 1, is made by answer, and
// a clock that stands still between questions and moves on when asked to wait.
func storefront(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) Question {
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		answer(n, w, r)
	}))
	t.Cleanup(server.Close)
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	return Question{
		URL: server.URL + "/shop/rods/muskie-casting-rod", Arm: route.Serverless,
		Now: func() time.Time { return now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			now = now.Add(d)
			return ctx.Err()
		},
	}
}

func reveal(w http.ResponseWriter, arm route.Arm) { w.Header().Set("x-banyan-arm", arm.String()) }

func TestAsk_SaysHowLongItTookUntilTheNewArmAnswers(t *testing.T) {
	q := storefront(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		reveal(w, map[bool]route.Arm{true: route.Serverless}[n > 2])
	})
	r, err := Ask(t.Context(), q)
	require.NoError(t, err)
	require.True(t, r.Answered)
	require.Equal(t, 500*time.Millisecond, r.After, "two pauses, of 200 and 300 ms")
	require.Equal(t, 5, r.Asked, "three in a row")
	require.Equal(t, 2, r.Others)
	require.Equal(t, "x-banyan-arm", r.Evidence)
}

func TestAsk_OneAnswerOfTheNewArmIsNotEnough(t *testing.T) {
	q := storefront(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		reveal(w, map[bool]route.Arm{true: route.Serverless}[n == 1 || n > 3])
	})
	r, err := Ask(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, 6, r.Asked)
	require.Greater(t, r.After, 400*time.Millisecond, "the first answer did not count")
}

func TestAsk_EndsWithItsTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	q := storefront(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		reveal(w, route.Legacy)
		if n == 4 {
			cancel()
		}
	})
	r, err := Ask(ctx, q)
	require.ErrorIs(t, err, ErrNotYet)
	require.False(t, r.Answered)
	require.GreaterOrEqual(t, r.Others, 3)
}

func TestAsk_GoesOnThroughFailures(t *testing.T) {
	q := storefront(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n < 4 {
			panic(http.ErrAbortHandler)
		}
		reveal(w, route.Serverless)
	})
	r, err := Ask(t.Context(), q)
	require.NoError(t, err)
	require.Empty(t, r.Failure)
}

func TestAsk_WhereNothingTellsTheArmsApart(t *testing.T) {
	q := storefront(t, func(_ int, w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a shop") })
	r, err := Ask(t.Context(), q)
	require.ErrorIs(t, err, ErrCannotTell)
	require.Equal(t, clueless, r.Asked)
}

func TestAsk_KnowsAPIGatewayByItsHeader(t *testing.T) {
	q := storefront(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.Header().Set("apigw-requestid", "Jx=") })
	r, err := Ask(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, "apigw-requestid", r.Evidence)
}

func TestAsk_Markers(t *testing.T) {
	for _, marker := range []Marker{{Text: "new shop"}, {Header: "Server"}, {Header: "Server", Text: "sale/2"}} {
		q := storefront(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			reveal(w, route.Legacy) // the marker is believed, not this
			if n > 1 {
				w.Header().Set("Server", "sale/2")
				fmt.Fprint(w, "<p>the new shop")
			}
		})
		q.Marker = marker
		r, err := Ask(t.Context(), q)
		require.NoError(t, err, marker)
		require.Equal(t, 4, r.Asked)
		require.Equal(t, "marker "+marker.String(), r.Evidence)
	}
}

func TestAsk_IsTheSameShopperEachTime(t *testing.T) {
	var seen []string
	answer := func(n int, w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie(route.VisitorCookie); err == nil {
			seen = append(seen, c.Value)
		} else {
			http.SetCookie(w, &http.Cookie{Name: route.VisitorCookie, Value: "given", Path: "/"})
		}
		reveal(w, route.Serverless)
	}
	_, err := Ask(t.Context(), storefront(t, answer))
	require.NoError(t, err)
	require.Equal(t, []string{"given", "given"}, seen)

	seen = nil
	q := storefront(t, answer)
	q.Visitor = "chosen"
	_, err = Ask(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, []string{"chosen", "chosen", "chosen"}, seen)
}

func TestAsk_RefusesWhatIsNoAddress(t *testing.T) {
	_, err := Ask(t.Context(), Question{URL: "/shop/rods"})
	require.ErrorContains(t, err, "not the address of a page")
}

func TestVisitorIn_IsWithinTheShare(t *testing.T) {
	for _, share := range []route.Share{1, 25, 2_500, route.Everyone} {
		visitor, ok := VisitorIn("muskie-casting-rod", share)
		require.True(t, ok)
		require.True(t, route.ValidVisitor(visitor))
		require.Less(t, route.Bucket(visitor, "muskie-casting-rod"), int(share))
	}
	_, ok := VisitorIn("muskie-casting-rod", 0)
	require.False(t, ok)
}
