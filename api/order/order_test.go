package order_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/api/order"
)

func TestNewID_SortsByTimeAndIsNotGuessable(t *testing.T) {
	at := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	a, b, later := order.NewID(at), order.NewID(at), order.NewID(at.Add(time.Millisecond))
	require.NotEqual(t, a, b)
	require.Less(t, a, later)
	require.True(t, order.ValidID(a))
	for _, bad := range []string{"", "1", a[1:], a + "0", "'; DROP TABLE orders; --123"} {
		require.False(t, order.ValidID(bad), bad)
	}
}

func TestUnits_TwoLinesOfOneSKUAddUp(t *testing.T) {
	o := order.Order{Lines: []order.Line{{SKU: "a", Quantity: 2}, {SKU: "b", Quantity: 1}, {SKU: "a", Quantity: 3}}}
	require.Equal(t, map[string]int{"a": 5, "b": 1}, o.Units())
}

func TestOrderingKey_IsTheCustomerHoweverTheyTypeTheirAddress(t *testing.T) {
	a := order.Order{Customer: order.Customer{Email: " Ann@Example.com"}}
	b := order.Order{Customer: order.Customer{Email: "ann@example.com"}}
	require.Equal(t, a.OrderingKey(), b.OrderingKey())
}

func TestMoney_PrintsAPriceTag(t *testing.T) {
	for want, m := range map[string]order.Money{
		"$189.00":       {Amount: 18900, Currency: "USD"},
		"$0.05":         {Amount: 5, Currency: "USD"},
		"$1,234,567.89": {Amount: 123456789, Currency: "USD"},
		"-$1.50":        {Amount: -150, Currency: "USD"},
		"249.00 SEK":    {Amount: 24900, Currency: "SEK"},
	} {
		require.Equal(t, want, m.String())
	}
}

func TestState_WordsRoundTrip(t *testing.T) {
	for _, s := range []order.State{order.Accepted, order.Written, order.Rejected, order.Cancelled} {
		text, err := json.Marshal(s)
		require.NoError(t, err)
		var back order.State
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, s, back)
	}
	_, err := order.ParseState("shipped")
	require.ErrorContains(t, err, `unknown order state "shipped"`)
}

func TestRecord_ADeadLetterIsAcceptedWithACause(t *testing.T) {
	require.True(t, order.Record{State: order.Accepted, Cause: "out_of_stock"}.Dead())
	require.False(t, order.Record{State: order.Accepted}.Dead())
	require.False(t, order.Record{State: order.Cancelled, Cause: "out_of_stock"}.Dead())
}

func TestLedger_BalancesExactlyWhenNoOrderIsMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1e6)
		l := order.Ledger{Written: n.Draw(t, "written"), Waiting: n.Draw(t, "waiting"), Dead: n.Draw(t, "dead"), Cancelled: n.Draw(t, "cancelled")}
		l.Accepted = l.Written + l.Waiting + l.Dead + l.Cancelled
		require.True(t, l.Balanced())
		l.Accepted++
		require.False(t, l.Balanced())
	})
}

func TestStock_NeverHasLessThanNothingLeft(t *testing.T) {
	require.Equal(t, 1, order.Stock{OnHand: 5, Held: 3, Sold: 1}.Left())
	require.Equal(t, 0, order.Stock{OnHand: 0, Held: 1}.Left())
}
