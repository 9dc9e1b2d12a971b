package order_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/order"
)

const good = `{"customer":{"email":"ann@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"},
	"lines":[{"sku":"muskie-casting-rod","quantity":1,"price":{"amount":18900,"currency":"USD"}}],
	"payment":{"token":"tok_demo"}}`

func TestParseJSON_ReadsTheWireForm(t *testing.T) {
	o, err := order.ParseJSON([]byte(good))
	require.NoError(t, err)
	require.Equal(t, "ann@example.com", o.Customer.Email)
	require.Equal(t, []order.Line{{SKU: "muskie-casting-rod", Quantity: 1, Price: &order.Money{Amount: 18900, Currency: "USD"}}}, o.Lines)
	require.Equal(t, "tok_demo", o.Payment.Token)
}

func TestParseJSON_CannotSetWhatIsTheShopsToSet(t *testing.T) {
	o, err := order.ParseJSON([]byte(strings.Replace(good, `{"customer"`,
		`{"id":"mine","total":{"amount":1,"currency":"USD"},"accepted_at":"2001-01-01T00:00:00Z","key":"k","customer"`, 1)))
	require.NoError(t, err)
	require.Zero(t, o.ID)
	require.Zero(t, o.Total)
	require.Zero(t, o.Key)
	require.True(t, o.AcceptedAt.IsZero())
}

func TestParseJSON_NamesEveryFieldThatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ from, to, field, detail string }{
		"not json":             {good, `{"customer":`, "body", "is not JSON"},
		"a list":               {good, `[]`, "body", "is not a JSON object"},
		"a second object":      {good, good + good, "body", "has something after the JSON object"},
		"not UTF-8":            {"Ann Angler", "Ann \xff", "body", "is not valid UTF-8"},
		"text for a number":    {`"quantity":1`, `"quantity":"one"`, "lines.quantity", "is a JSON string where a whole number is wanted"},
		"a fraction":           {`"quantity":1`, `"quantity":1.5`, "lines.quantity", "is a JSON number 1.5 where a whole number is wanted"},
		"no email":             {"ann@example.com", "", "customer.email", "is missing"},
		"not an email":         {"ann@example.com", "ann", "customer.email", "is not an email address"},
		"a name and an email":  {"ann@example.com", "Ann <ann@example.com>", "customer.email", "is not an email address"},
		"a long name":          {"Ann Angler", strings.Repeat("A", 201), "customer.name", "is longer than 200 bytes"},
		"a line break":         {"Ann Angler", `Ann\nAngler`, "customer.name", "holds a control character"},
		"no address":           {"1 Main St, Albany NY 12207", "", "customer.address", "is missing"},
		"no lines":             {`{"sku":"muskie-casting-rod","quantity":1,"price":{"amount":18900,"currency":"USD"}}`, "", "lines", "is empty"},
		"a quantity of zero":   {`"quantity":1`, `"quantity":0`, "lines[0].quantity", "is below 1"},
		"a negative quantity":  {`"quantity":1`, `"quantity":-1`, "lines[0].quantity", "is below 1"},
		"a very large order":   {`"quantity":1`, `"quantity":1001`, "lines[0].quantity", "is above 1000"},
		"a number too large":   {`"quantity":1`, `"quantity":99999999999999999999`, "lines.quantity", "is a JSON number 99999999999999999999 where a whole number is wanted"},
		"a negative price":     {"18900", "-1", "lines[0].price", "is negative"},
		"no sku":               {"muskie-casting-rod", "", "lines[0].sku", "is missing"},
		"no payment":           {"tok_demo", "", "payment.token", "is missing"},
		"too many lines":       {`[{"sku"`, "[" + strings.Repeat(`{"sku":"a","quantity":1},`, 100) + `{"sku"`, "lines", "has more than 100 entries"},
		"a customer as a text": {`{"email":"ann@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"}`, `"Ann"`, "customer", "is a JSON string where an object is wanted"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := order.ParseJSON([]byte(strings.Replace(good, c.from, c.to, 1)))
			var invalid *order.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Contains(t, invalid.Detail(c.field), c.detail, "%v", invalid.Fields)
		})
	}
}

func TestParseJSON_ListsAllFaultsAtOnce(t *testing.T) {
	_, err := order.ParseJSON([]byte(`{}`))
	var invalid *order.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Len(t, invalid.Fields, 5)
}

func form() url.Values {
	return url.Values{
		"email": {" ann@example.com "}, "name": {"Ann Angler"}, "address": {"1 Main St\r\nAlbany NY 12207"}, "payment": {"tok_demo"},
		"sku": {"muskie-casting-rod", "vintage-creel-1962"}, "quantity": {"2", "1"}, "price": {"18900", ""},
	}
}

func TestParseForm_ReadsTheSameFields(t *testing.T) {
	o, err := order.ParseForm(form())
	require.NoError(t, err)
	require.Equal(t, order.Customer{Email: "ann@example.com", Name: "Ann Angler", Address: "1 Main St, Albany NY 12207"}, o.Customer)
	require.Equal(t, []order.Line{
		{SKU: "muskie-casting-rod", Quantity: 2, Price: &order.Money{Amount: 18900, Currency: "USD"}},
		{SKU: "vintage-creel-1962", Quantity: 1},
	}, o.Lines)
}

func TestParseForm_RefusesWhatIsNotAnOrderAndKeepsTheRest(t *testing.T) {
	for name, c := range map[string]struct {
		field, value, fault string
	}{
		"quantity": {"quantity", "two", "lines[0].quantity"},
		"price":    {"price", "$189", "lines[0].price"},
		"steps":    {"sku", "only-one", "lines"},
		"email":    {"email", "", "customer.email"},
	} {
		t.Run(name, func(t *testing.T) {
			f := form()
			f.Set(c.field, c.value)
			if c.field == "quantity" || c.field == "price" {
				f.Add(c.field, "1")
			}
			o, err := order.ParseForm(f)
			var invalid *order.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.NotEmpty(t, invalid.Detail(c.fault), "%v", invalid.Fields)
			require.Equal(t, "Ann Angler", o.Customer.Name, "what could be read is kept to show the form again")
		})
	}
}

func TestPrice_IsTheCatalogues(t *testing.T) {
	catalogue := func(sku string) (order.Money, bool) {
		return order.Money{Amount: 500, Currency: "USD"}, sku == "lure"
	}
	two := order.Order{Lines: []order.Line{{SKU: "lure", Quantity: 2}, {SKU: "lure", Quantity: 1, Price: &order.Money{Amount: 500, Currency: "USD"}}}}
	priced, err := two.Price(catalogue)
	require.NoError(t, err)
	require.Equal(t, "$15.00", priced.Total.String())
	require.Nil(t, two.Lines[0].Price, "the shopper's order is left as it was")

	_, err = order.Order{Lines: []order.Line{{SKU: "reel", Quantity: 1}}}.Price(catalogue)
	var unknown *order.UnknownProductError
	require.ErrorAs(t, err, &unknown)

	_, err = order.Order{Lines: []order.Line{{SKU: "lure", Quantity: 1, Price: &order.Money{Amount: 400, Currency: "USD"}}}}.Price(catalogue)
	var changed *order.PriceChangedError
	require.ErrorAs(t, err, &changed)
	require.EqualValues(t, 500, changed.Price.Amount)
}

func FuzzParseJSON(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"lines":[{"sku":"a","quantity":1e3}]}`))
	f.Add([]byte("\xff\xfe{}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := order.ParseJSON(body)
		requireInvalidOrValid(t, o, err)
		if err == nil {
			wire, err := json.Marshal(o)
			require.NoError(t, err)
			again, err := order.ParseJSON(wire)
			require.NoError(t, err)
			require.Equal(t, o.Claim(), again.Claim(), "an order survives its wire form")
		}
	})
}

func FuzzParseForm(f *testing.F) {
	f.Add(form().Encode())
	f.Add("sku=a&quantity=1&price=&email=a@b&name=n&address=x&payment=t")
	f.Add("quantity=9999999999999999999999&sku=%00")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		o, err := order.ParseForm(values)
		requireInvalidOrValid(t, o, err)
	})
}

func requireInvalidOrValid(t *testing.T, o order.Order, err error) {
	var invalid *order.InvalidError
	if errors.As(err, &invalid) {
		require.NotEmpty(t, invalid.Fields)
		return
	}
	require.NoError(t, err)
	require.NoError(t, o.Validate())
	for _, quantity := range o.Units() {
		require.Positive(t, quantity)
	}
}
