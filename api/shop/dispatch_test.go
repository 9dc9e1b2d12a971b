package shop_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop"
)

func TestDispatch_AnotherMethodIsToldWhichOnesAreKnown(t *testing.T) {
	h := open(t)
	for path, allow := range map[string]string{"/": "GET, HEAD", "/checkout": "GET, HEAD, POST", "/cart/remove": "POST"} {
		res := request{method: http.MethodDelete, path: path, headers: []string{"Accept", "application/json"}}.to(t, h)
		require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
		require.Equal(t, allow, res.Header.Get("Allow"))
		require.Equal(t, "method_not_allowed", decode(t, res)["code"])
	}
	require.Equal(t, http.StatusMethodNotAllowed, get(t, h, "/cart/remove").StatusCode)
}

func TestDispatch_APanicIsACalmPageAndALoudLog(t *testing.T) {
	var log bytes.Buffer
	h := shop.New(shop.Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), Orders: orders{
		find: func(context.Context, string) (order.Record, error) { panic("the secret of the pool") }}})
	res := get(t, h, "/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV")
	require.Equal(t, http.StatusInternalServerError, res.StatusCode)
	text := page(t, res).Text()
	require.Contains(t, text, "Our mistake")
	require.NotContains(t, text, "secret")
	require.Contains(t, log.String(), "secret")
	require.Equal(t, http.StatusOK, get(t, h, "/healthz").StatusCode, "the next request is fine")
}

func TestDispatch_AnAbortedHandlerStaysAborted(t *testing.T) {
	h := shop.New(shop.Options{Orders: orders{find: func(context.Context, string) (order.Record, error) { panic(http.ErrAbortHandler) }}})
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { get(t, h, "/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV") })
}

func TestDispatch_AnotherSiteMayLinkButNotPost(t *testing.T) {
	h := open(t)
	res := postForm(t, h, "/cart", "sku=muskie-casting-rod", "Sec-Fetch-Site", "cross-site")
	require.Equal(t, http.StatusForbidden, res.StatusCode)
	require.Empty(t, res.Cookies())
	require.Equal(t, http.StatusSeeOther, postForm(t, h, "/cart", "sku=muskie-casting-rod", "Sec-Fetch-Site", "same-origin").StatusCode)
	require.Equal(t, http.StatusOK, get(t, h, "/shop", "Sec-Fetch-Site", "cross-site").StatusCode)
}

func TestDispatch_EveryAnswerCarriesTheContentPolicy(t *testing.T) {
	h := open(t)
	for _, path := range []string{"/", "/none", "/healthz", "/cart"} {
		res := get(t, h, path)
		require.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'", path)
		require.NotContains(t, res.Header.Get("Content-Security-Policy"), "unsafe", path)
		require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"), path)
	}
}

func TestNew_WithoutOrdersIsAMistake(t *testing.T) {
	require.Panics(t, func() { shop.New(shop.Options{}) })
}
