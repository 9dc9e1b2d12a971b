package shop_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop"
)

const someID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

// standing is Ann's order in a state.
func standing(state order.State, cause string) order.Record {
	price := order.Money{Amount: 17900, Currency: "USD"} // what it cost then
	return order.Record{State: state, Cause: cause, Order: order.Order{ID: someID,
		Customer: order.Customer{Email: "ann@example.com", Name: "Ann Angler", Address: "1 Main St"},
		Lines:    []order.Line{{SKU: "muskie-casting-rod", Quantity: 2, Price: &price}, {SKU: "gone-since", Quantity: 1, Price: &price}},
		Payment:  order.Payment{Token: "tok_secret"}, Total: price.Times(3), AcceptedAt: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)}}
}

func shopWith(record order.Record, err error) http.Handler {
	return shop.New(shop.Options{Orders: orders{find: func(context.Context, string) (order.Record, error) { return record, err }}})
}

func TestOrderPage_SaysHowTheOrderStands(t *testing.T) {
	for _, test := range []struct {
		state   order.State
		cause   string
		heading string
		final   bool
	}{
		{order.Accepted, "", "Order received", false},
		{order.Accepted, "constraint orders_email_key", "Order received", false},
		{order.Written, "", "Confirmed", true},
		{order.Rejected, "constraint orders_email_key", "We could not complete this order", true},
		{order.Cancelled, "", "Cancelled", true},
	} {
		t.Run(test.heading, func(t *testing.T) {
			h := shopWith(standing(test.state, test.cause), nil)
			res := get(t, h, "/orders/"+someID)
			require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
			doc := page(t, res)
			lint(t, "/orders", doc)
			require.Equal(t, test.heading, doc.Find("h1").Text())
			require.Equal(t, !test.final, doc.Find("[data-follow]").Length() == 1)
			require.Equal(t, !test.final, doc.Find("script[src]").Length() == 1)
			require.Contains(t, doc.Find(".receipt").Text(), "2 × $179.00", "the price is the one that was paid")
			require.Contains(t, doc.Find(".sum").Text(), "$537.00")
			require.Equal(t, !test.final, doc.Find("head noscript").Length() == 1, "a page without script asks again")

			answer := decode(t, get(t, h, "/orders/"+someID, "Accept", "application/json"))
			require.Equal(t, test.state.String(), answer["status"])
			require.Equal(t, test.final, answer["final"])
			require.Equal(t, test.heading, answer["heading"])
			require.Equal(t, test.state == order.Accepted && test.cause != "", answer["attention"])
		})
	}
}

func TestOrderPage_TellsNobodyWhoBought(t *testing.T) {
	h := shopWith(standing(order.Accepted, "constraint orders_email_key"), nil)
	for _, accept := range []string{"text/html", "application/json"} {
		body := text(t, get(t, h, "/orders/"+someID, "Accept", accept))
		for _, secret := range []string{"ann@example.com", "Ann Angler", "1 Main St", "tok_secret", "orders_email_key"} {
			require.NotContains(t, body, secret)
		}
	}
	require.Contains(t, text(t, get(t, h, "/orders/"+someID)), "a•••@example.com")
}

func TestOrderPage_UnknownOrAwayIsSaidPlainly(t *testing.T) {
	require.Equal(t, http.StatusNotFound, get(t, shopWith(order.Record{}, order.ErrNotFound), "/orders/"+someID).StatusCode)
	away := get(t, shopWith(order.Record{}, order.ErrUnavailable), "/orders/"+someID, "Accept", "application/json")
	require.Equal(t, http.StatusServiceUnavailable, away.StatusCode)
	require.Equal(t, "5", away.Header.Get("Retry-After"))
}
