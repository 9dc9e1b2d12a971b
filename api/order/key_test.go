package order_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/api/order"
)

func TestParseKey(t *testing.T) {
	for header, want := range map[string]string{
		"":                                     "",
		"8e03978e-40d5-43dd-bc93-6894a57f9324": "8e03978e-40d5-43dd-bc93-6894a57f9324",
		`"8e03978e"`:                           "8e03978e", // the structured-field form of the draft
		" abc ":                                "abc",
	} {
		key, err := order.ParseKey(header)
		require.NoError(t, err, "%q", header)
		require.Equal(t, want, key)
	}
	for _, header := range []string{`""`, "two words", "tab\tbed", "ünïcode", `quo"te`, strings.Repeat("k", 256)} {
		_, err := order.ParseKey(header)
		require.Error(t, err, "%q", header)
	}
}

func TestClaim_AClientsKeyHoldsForADayAndADerivedOneForTenMinutes(t *testing.T) {
	o := sample()
	o.Key = "mine"
	require.Equal(t, 24*time.Hour, o.Claim().TTL)
	o.Key = ""
	require.Equal(t, 10*time.Minute, o.Claim().TTL)
}

func TestClaim_TheSameFormTwiceIsOneOrder(t *testing.T) {
	a, b := sample(), sample()
	a.Session, b.Session = "s1", "s1"
	require.Equal(t, a.Claim(), b.Claim())
	b.Session = "s2"
	require.NotEqual(t, a.Claim().Key, b.Claim().Key, "another browser is another order")
	b = sample()
	b.Session, b.Lines[0].Quantity = "s1", 2
	require.NotEqual(t, a.Claim().Key, b.Claim().Key, "another cart is another order")
}

func TestClaim_FingerprintIsOfWhatWasAskedNotOfThePrice(t *testing.T) {
	a, b := sample(), sample()
	b.Lines[0].Price = &order.Money{Amount: 1, Currency: "USD"}
	b.ID, b.AcceptedAt, b.Trace = "x", time.Now(), "t"
	require.Equal(t, a.Claim().Fingerprint, b.Claim().Fingerprint)
}

func TestClaim_FieldsDoNotRunIntoEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := order.Order{}, order.Order{}
		a.Customer.Email, a.Customer.Name = rapid.String().Draw(t, "a1"), rapid.String().Draw(t, "a2")
		b.Customer.Email, b.Customer.Name = rapid.String().Draw(t, "b1"), rapid.String().Draw(t, "b2")
		require.Equal(t, a.Customer == b.Customer, a.Claim().Fingerprint == b.Claim().Fingerprint)
	})
}

func sample() order.Order {
	return order.Order{
		Customer: order.Customer{Email: "ann@example.com", Name: "Ann", Address: "1 Main St"},
		Lines:    []order.Line{{SKU: "muskie-casting-rod", Quantity: 1}},
		Payment:  order.Payment{Token: "tok_demo"},
	}
}
