package shop_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	resale "github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/api/shop"
)

// offers stands in for a store of listings and for where their pictures are.
type offers struct {
	accept   func(resale.Listing) (resale.Receipt, error)
	record   resale.Record
	standing []resale.Standing
	view     error
	origin   string
}

const offerID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

func (o offers) Accept(_ context.Context, l resale.Listing) (resale.Receipt, error) {
	if o.accept != nil {
		return o.accept(l)
	}
	l.ID = offerID
	return resale.Receipt{Listing: l}, nil
}

func (o offers) Find(_ context.Context, id string) (resale.Record, error) {
	if id != o.record.ID {
		return resale.Record{}, order.ErrNotFound
	}
	return o.record, nil
}

func (o offers) Addresses(_ context.Context, l resale.Listing) ([]resale.Upload, error) {
	return make([]resale.Upload, len(l.Pictures)), nil
}

func (o offers) Look(context.Context, resale.Listing) ([]resale.Standing, error) {
	return o.standing, nil
}

func (o offers) View(_ context.Context, _ resale.Listing, picture string) (string, error) {
	return "https://pictures.example.com/" + picture, o.view
}

func (o offers) Origin(context.Context) string { return o.origin }

func selling(t *testing.T, o offers) http.Handler {
	return shop.New(shop.Options{Orders: database(t), Listings: o, Uploads: o})
}

const offerBody = `{"seller":{"email":"ann@example.com","name":"Ann Angler"},"title":"Creel","description":"Wicker.",
	"price":{"amount":18900,"currency":"USD"},"category":"tackle","condition":"Very good","pictures":[{"name":"a.jpg","type":"image/jpeg","bytes":5}]}`

func offerForm() url.Values {
	return url.Values{"email": {"ann@example.com"}, "name": {"Ann"}, "title": {"Creel"}, "description": {"Wicker."},
		"price": {"189.50"}, "category": {"tackle"}, "condition": {"Good"}}
}

func TestOffer_IsAnsweredWithWhereItsPicturesGo(t *testing.T) {
	res := postJSON(t, selling(t, offers{}), "/resale/listings", offerBody, "Idempotency-Key", "k", "X-Banyan-Epoch", "7")
	require.Equal(t, http.StatusAccepted, res.StatusCode)
	require.Equal(t, "/resale/listings/"+offerID, res.Header.Get("Location"))
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	answer := decode(t, res)
	require.Equal(t, offerID, answer["listing_id"])
	require.Equal(t, "accepted", answer["status"])
	require.Equal(t, "1", answer["pictures"].([]any)[0].(map[string]any)["id"])
}

func TestOffer_HandsOnKeyTraceAndEpoch(t *testing.T) {
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	var got resale.Listing
	h := selling(t, offers{accept: func(l resale.Listing) (resale.Receipt, error) { got = l; return resale.Receipt{Listing: l}, nil }})
	postJSON(t, h, "/resale/listings", offerBody, "Idempotency-Key", `"k"`, "Traceparent", trace, "X-Banyan-Epoch", "7")
	require.Equal(t, "k", got.Key)
	require.Equal(t, trace, got.Trace)
	require.EqualValues(t, 7, got.Epoch)
}

func TestOffer_RefusalsSpeakOfListings(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"a key that was used":    {order.ErrKeyReused, 422, "key_reused"},
		"a store that is away":   {order.ErrUnavailable, 503, "unavailable"},
		"something nobody knows": {errors.New("disk on fire"), 503, "unavailable"},
	} {
		h := selling(t, offers{accept: func(resale.Listing) (resale.Receipt, error) { return resale.Receipt{}, c.err }})
		res := postJSON(t, h, "/resale/listings", offerBody)
		require.Equal(t, c.status, res.StatusCode, name)
		problem := decode(t, res)
		require.Equal(t, c.code, problem["code"], name)
		require.NotContains(t, problem["detail"], "rdered", name)
		require.NotContains(t, problem["detail"], "fire", name)
	}
	res := postJSON(t, selling(t, offers{}), "/resale/listings", strings.Replace(offerBody, `"tackle"`, `"cars"`, 1), "Idempotency-Key", "two words")
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	res = postJSON(t, selling(t, offers{}), "/resale/listings", offerBody, "Sec-Fetch-Site", "cross-site")
	require.Equal(t, http.StatusForbidden, res.StatusCode)
}

func TestOffer_AFormWorksWithoutScriptAndSaysWhatIsWrong(t *testing.T) {
	h := selling(t, offers{})
	blank := page(t, get(t, h, "/resale/sell"))
	require.Equal(t, 1, blank.Find("form[action='/resale/listings'][method=post]").Length())
	require.Contains(t, blank.Find("noscript").Text(), "without them")
	_, hidden := blank.Find("[data-chooser]").Attr("hidden")
	require.True(t, hidden, "nobody is shown what does not work")

	res := postForm(t, h, "/resale/listings", offerForm().Encode())
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	require.Equal(t, "/resale/listings/"+offerID, res.Header.Get("Location"))

	wrong := offerForm()
	wrong.Set("price", "much")
	wrong.Set("category", "cars")
	wrong.Set("title", `"><script>alert(1)</script>`)
	res = postForm(t, h, "/resale/listings", wrong.Encode())
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	doc := page(t, res)
	require.Equal(t, wrong.Get("title"), doc.Find("#title").AttrOr("value", ""), "what was typed is there, and is text")
	require.Contains(t, doc.Find("#price-fault").Text(), "amount")
	require.Zero(t, doc.Find("script:not([src])").Length())
	wrong.Set("price", "1")
	doc = page(t, postForm(t, h, "/resale/listings", wrong.Encode()))
	require.Contains(t, doc.Find("#category-fault").Text(), "shelf")
}

func TestListingPage_ShowsCheckedPicturesAndNotWhoSells(t *testing.T) {
	rec := resale.Record{State: order.Written, Listing: resale.Listing{ID: offerID, Title: "Creel", Seller: resale.Seller{Email: "ann@example.com", Name: "Ann Angler"},
		Price: order.Money{Amount: 18900, Currency: "USD"}, Condition: "Good",
		Pictures: []resale.Picture{{Name: "a.jpg"}, {Name: "b.jpg"}, {Name: "<b>.jpg"}}}}
	h := selling(t, offers{record: rec, origin: "https://pictures.example.com", standing: []resale.Standing{
		{State: resale.Complete}, {}, {State: resale.Refused, Fault: resale.NoPicture}}})
	res := get(t, h, "/resale/listings/"+offerID)
	require.Contains(t, res.Header.Get("Content-Security-Policy"), "img-src 'self' https://pictures.example.com;")
	require.Contains(t, res.Header.Get("Content-Security-Policy"), "script-src 'self';")
	doc := page(t, res)
	require.Equal(t, 1, doc.Find("main img").Length())
	require.Contains(t, doc.Find("li[data-state=refused]").Text(), "<b>.jpg: refused. What was uploaded is not a JPEG")
	require.NotContains(t, doc.Text(), "ann@example.com")
	answer := decode(t, get(t, h, "/resale/listings/"+offerID, "Accept", "application/json"))
	require.Equal(t, "written", answer["status"])
	require.Equal(t, false, answer["final"], "a picture waits")
	require.NotContains(t, answer, "seller")
	require.Equal(t, "no_picture", answer["pictures"].([]any)[2].(map[string]any)["code"])

	seen := get(t, h, "/resale/listings/"+offerID+"/pictures/1")
	require.Equal(t, http.StatusFound, seen.StatusCode)
	require.Equal(t, "https://pictures.example.com/1", seen.Header.Get("Location"))
	require.Equal(t, "no-store", seen.Header.Get("Cache-Control"))
}

func TestListingPage_WhatIsNotThereIs404(t *testing.T) {
	h := selling(t, offers{record: resale.Record{Listing: resale.Listing{ID: offerID}}, view: order.ErrNotFound})
	for _, path := range []string{"/resale/listings/01ARZ3NDEKTSV4RRFFQ69G5FAW", "/resale/listings/x", "/resale/listings/" + offerID + "/pictures/1", "/resale/listings/" + offerID + "/pictures/..%2fkey"} {
		require.Equal(t, http.StatusNotFound, get(t, h, path).StatusCode, path)
	}
	require.Equal(t, http.StatusMethodNotAllowed, get(t, h, "/resale/listings").StatusCode)
	require.Equal(t, http.StatusNotFound, get(t, open(t), "/resale/sell").StatusCode, "a shop that takes no listings has no such page")
}
