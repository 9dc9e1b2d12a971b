package listing_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

const good = `{"seller":{"email":"ann@example.com","name":"Ann Angler"},"title":"Vintage creel","description":"Wicker.\nOne strap mended.",
	"price":{"amount":18900,"currency":"USD"},"category":"tackle","condition":"Good",
	"pictures":[{"name":"front of it.jpg","type":"image/jpeg","bytes":2097152},
	{"name":"lid.png","type":"image/png","bytes":5242880,"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}]}`

func TestParseJSON_ReadsTheWireForm(t *testing.T) {
	l, err := listing.ParseJSON([]byte(good))
	require.NoError(t, err)
	require.Equal(t, listing.Seller{Email: "ann@example.com", Name: "Ann Angler"}, l.Seller)
	require.Equal(t, order.Money{Amount: 18900, Currency: "USD"}, l.Price)
	require.Equal(t, "Wicker.\nOne strap mended.", l.Description)
	require.Len(t, l.Pictures, 2)
	p, ok := l.Picture("2")
	require.True(t, ok)
	require.EqualValues(t, 5<<20, p.Bytes)
}

func TestParseJSON_CannotSetWhatIsTheShopsToSet(t *testing.T) {
	l, err := listing.ParseJSON([]byte(strings.Replace(good, `{"seller"`, `{"id":"mine","key":"k","accepted_at":"2001-01-01T00:00:00Z","trace":"x","seller"`, 1)))
	require.NoError(t, err)
	require.Zero(t, l.ID+l.Key+l.Trace)
	require.True(t, l.AcceptedAt.IsZero())
}

func TestParseJSON_NamesEveryFieldThatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ from, to, field, detail string }{
		"not json":               {good, `{"seller":`, "body", "is not JSON"},
		"a list":                 {good, `[]`, "body", "is not a JSON object"},
		"a second object":        {good, good + good, "body", "has something after the JSON object"},
		"not UTF-8":              {"Vintage", "V\xff", "body", "is not valid UTF-8"},
		"text for a number":      {"18900", `"18900"`, "price.amount", "cannot be a JSON string"},
		"not an email":           {"ann@example.com", "ann", "seller.email", "is not an email address"},
		"no name":                {"Ann Angler", " ", "seller.name", "is missing"},
		"no title":               {"Vintage creel", "", "title", "is missing"},
		"a long title":           {"Vintage creel", strings.Repeat("a", 121), "title", "is longer than 120 bytes"},
		"a line break":           {"Vintage creel", `Vintage\ncreel`, "title", "holds a control character"},
		"text turned around":     {"Vintage creel", `Vintage\u202ecreel`, "title", "holds a control character"},
		"a bell":                 {"Wicker.", `Wicker\u0007`, "description", "holds a control character"},
		"a long description":     {"Wicker.", strings.Repeat("a", 5001), "description", "is longer than 5000 bytes"},
		"for nothing":            {"18900", "0", "price.amount", "is below 1"},
		"too dear":               {"18900", "100000001", "price.amount", "is above 100000000"},
		"no currency":            {"USD", "usd", "price.currency", "is not a currency of three capital letters, such as USD"},
		"thirteen pictures":      {`{"name":"lid.png"`, strings.Repeat(`{"name":"a","type":"image/png","bytes":1},`, 11) + `{"name":"lid.png"`, "pictures", "has more than 12 entries"},
		"an SVG":                 {"image/jpeg", "image/svg+xml", "pictures[0].type", "is not one of image/jpeg, image/png, image/webp"},
		"a page":                 {"image/jpeg", "text/html", "pictures[0].type", "is not one of image/jpeg, image/png, image/webp"},
		"an empty picture":       {"2097152", "0", "pictures[0].bytes", "is below 1"},
		"a large picture":        {"2097152", "5242881", "pictures[0].bytes", "is above 5242880"},
		"a negative size":        {"2097152", "-1", "pictures[0].bytes", "is below 1"},
		"a path":                 {"front of it.jpg", "../../etc/passwd", "pictures[0].name", "is a path; send the name of the file alone"},
		"a path on Windows":      {"front of it.jpg", `..\\boot.ini`, "pictures[0].name", "is a path; send the name of the file alone"},
		"a folder":               {"front of it.jpg", "..", "pictures[0].name", "is a path; send the name of the file alone"},
		"a name with a NUL":      {"front of it.jpg", `a\u0000.jpg`, "pictures[0].name", "holds a control character"},
		"a checksum of capitals": {"9f86", "9F86", "pictures[1].sha256", "is not a SHA-256 in lower-case hexadecimal"},
		"half a checksum":        {"9f86d081884c7d65", "", "pictures[1].sha256", "is not a SHA-256 in lower-case hexadecimal"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := listing.ParseJSON([]byte(strings.Replace(good, c.from, c.to, 1)))
			var invalid *order.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Contains(t, invalid.Detail(c.field), c.detail, "%v", err)
		})
	}
}

func TestParseForm_ReadsPricesExactly(t *testing.T) {
	form := func(price string) url.Values {
		return url.Values{"email": {"ann@example.com"}, "name": {"Ann"}, "title": {" Creel "}, "description": {"Wicker."},
			"price": {price}, "category": {"tackle"}, "condition": {"Good"}}
	}
	for price, want := range map[string]int64{"189": 18900, "189.50": 18950, "0.01": 1, " 7 ": 700} {
		l, err := listing.ParseForm(form(price))
		require.NoError(t, err, price)
		require.Equal(t, order.Money{Amount: want, Currency: "USD"}, l.Price)
		require.Equal(t, "Creel", l.Title)
	}
	for _, price := range []string{"", "a", "1.5", "1,50", "-1", "1e3", "1.500", ".50", "9999999999"} {
		l, err := listing.ParseForm(form(price))
		var invalid *order.InvalidError
		require.ErrorAs(t, err, &invalid, price)
		require.Len(t, invalid.Fields, 1, "%q: %v", price, err)
		require.Equal(t, "price.amount", invalid.Fields[0].Field)
		require.Equal(t, "Creel", l.Title, "what was typed is kept")
	}
	_, err := listing.ParseForm(url.Values{"price": {"x"}})
	var invalid *order.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Greater(t, len(invalid.Fields), 5, "everything that is wrong at once")
}

func TestClaim_KeysOfListingsAndOrdersNeverMeet(t *testing.T) {
	l, o := listing.Listing{Key: "k"}, order.Order{Key: "k"}
	require.NotEqual(t, o.Claim().Key, l.Claim().Key)
	require.Equal(t, order.KeyTTL, l.Claim().TTL)
	a, b := listing.Listing{Session: "a", Title: "b"}, listing.Listing{Session: "ab"}
	require.NotEqual(t, a.Claim().Key, b.Claim().Key)
	require.Equal(t, order.DerivedKeyTTL, a.Claim().TTL)
	a.ID, a.Trace = "x", "y"
	require.Equal(t, listing.Listing{Session: "a", Title: "b"}.Claim(), a.Claim(), "what intake sets is no part of it")
}

func TestPictureID_NamesEachPictureInOneWay(t *testing.T) {
	for n := range listing.MaxPictures {
		require.True(t, listing.ValidPictureID(listing.PictureID(n)))
	}
	for _, id := range []string{"", "0", "13", "01", "+1", "-1", " 1", "1.0", "../1", "¹"} {
		require.False(t, listing.ValidPictureID(id), id)
	}
	_, ok := listing.Listing{Pictures: make([]listing.Picture, 1)}.Picture("2")
	require.False(t, ok)
}

func TestPictureState_WordsRoundTrip(t *testing.T) {
	for _, s := range []listing.PictureState{listing.Waiting, listing.Complete, listing.Refused} {
		text, err := json.Marshal(s)
		require.NoError(t, err)
		var back listing.PictureState
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, s, back)
	}
	require.Error(t, new(listing.PictureState).UnmarshalText([]byte("lost")))
	for _, f := range []listing.Fault{listing.WrongSize, listing.WrongChecksum, listing.WrongType, listing.NoPicture, listing.TooManyPixels, listing.HasMarkup, listing.BadEnd} {
		back, ok := listing.ParseFault(string(f))
		require.True(t, ok)
		require.Equal(t, f, back)
		require.NotEmpty(t, f.Text())
	}
	_, ok := listing.ParseFault("lost")
	require.False(t, ok)
}

func TestEnvelope_HoldsWhatTheRelayNeedsAndNothingElse(t *testing.T) {
	l, err := listing.ParseJSON([]byte(good))
	require.NoError(t, err)
	l.ID = "x"
	require.Equal(t, l.OrderingKey(), l.Envelope().OrderingKey())
	text, err := json.Marshal(l.Envelope())
	require.NoError(t, err)
	require.NotContains(t, string(text), l.Title)
}

func FuzzParseJSON_NeverPanicsAndAcceptsOnlyWhatIsValid(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"pictures":[{}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := listing.ParseJSON(body)
		var invalid *order.InvalidError
		if err != nil && !errors.As(err, &invalid) {
			t.Fatalf("not an InvalidError: %v", err)
		}
		if err == nil {
			require.NoError(t, l.Validate())
		}
	})
}
