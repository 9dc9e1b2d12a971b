package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/api/order"
)

func TestOrders_ListShowsNoPersonalData(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	for _, path := range []string{"/", "/orders", "/orders?show=dead"} {
		var any map[string]any
		for _, body := range []string{b.do(b.request(http.MethodGet, path, "")).Text, b.json(path, &any).Text} {
			require.NotContains(t, body, "cleo@", path)
			require.NotContains(t, body, "Shopper Number", path)
			require.NotContains(t, body, "Main St", path)
			require.NotContains(t, body, "tok_secret", path)
			require.Contains(t, body, "c…@example.com", path)
		}
	}
}

func TestOrders_AreFilteredByTheLedgersWords(t *testing.T) {
	b := open(t, saleDay().options())
	for show, states := range map[string][]string{
		"":          {"Waiting", "Waiting", "Dead", "Written", "Cancelled", "Rejected"},
		"waiting":   {"Waiting", "Waiting"},
		"written":   {"Written"},
		"dead":      {"Dead"},
		"cancelled": {"Cancelled"},
		"rejected":  {"Rejected"},
	} {
		doc := b.page("/orders?show=" + show)
		require.Equal(t, states, doc.Find("td .state").Map(func(_ int, s *goquery.Selection) string { return text(s) }))
		require.Equal(t, 1, doc.Find(".tabs [aria-current]").Length())
	}
	require.Equal(t, http.StatusBadRequest, b.do(b.request(http.MethodGet, "/orders?show=failed", "")).StatusCode)
	require.Contains(t, text(b.page("/orders?show=dead").Find(".cause")), "the address is longer")
}

func TestOrders_ComePageByPageFromTheNewest(t *testing.T) {
	c := &canned{}
	for i := 120; i > 0; i-- {
		c.orders = append(c.orders, bought(i, "ann@example.com", order.Record{}))
	}
	b := open(t, c.options())
	var first, second, third struct {
		Orders []struct{ ID string }
		Next   string
	}
	b.json("/orders", &first)
	b.json("/orders?before="+first.Next, &second)
	b.json("/orders?before="+second.Next, &third)
	require.Equal(t, []int{50, 50, 20}, []int{len(first.Orders), len(second.Orders), len(third.Orders)})
	require.Equal(t, c.orders[50].ID, second.Orders[0].ID)
	require.Empty(t, third.Next)

	require.Equal(t, "/orders?show=waiting&before="+first.Next, b.page("/orders?show=waiting").Find("a[rel=next]").AttrOr("href", ""))
	require.Contains(t, text(b.page("/orders?before=0").Find(".empty")), "No older orders")
}

func TestOrders_EmptyListsSayWhatThatMeans(t *testing.T) {
	b := open(t, (&canned{}).options())
	for show, words := range map[string]string{
		"": "No orders yet. Buy something in the storefront.", "dead": "No dead letters. Nothing needs mending.", "written": "No orders are written.",
	} {
		require.Equal(t, words, text(b.page("/orders?show="+show).Find(".empty")))
	}
	var v map[string]any
	require.Contains(t, b.json("/orders", &v).Text, `"orders":[]`)
}

func TestOrders_AreFoundByNumber(t *testing.T) {
	b := open(t, saleDay().options())
	a := b.do(b.request(http.MethodGet, "/orders?id=+01ka0000000000000000000007+", ""))
	require.Equal(t, http.StatusSeeOther, a.StatusCode)
	require.Equal(t, "/orders/01KA0000000000000000000007", a.Header.Get("Location"))

	a = b.do(b.request(http.MethodGet, "/orders?id=12", ""))
	require.Equal(t, http.StatusBadRequest, a.StatusCode)
	require.Contains(t, text(a.page(t).Find("#fault-id")), "is not an order number")
}

func TestOrder_ShowsItsWayAndItsCustomer(t *testing.T) {
	b := open(t, saleDay().options())
	for minute, way := range map[int][]string{
		9: {"Accepted", "Waiting for legacy", "Written"},
		7: {"Accepted", "Dead letter", "Written"},
		6: {"Accepted", "Written"},
		5: {"Accepted", "Cancelled"},
		4: {"Accepted", "Rejected"},
	} {
		doc := b.page(fmt.Sprintf("/orders/01KA0000000000000000000%03d", minute))
		require.Equal(t, way, doc.Find(".way strong").Map(func(_ int, s *goquery.Selection) string { return text(s) }), minute)
	}
	doc := b.page("/orders/01KA0000000000000000000008")
	require.Contains(t, text(doc.Find(".way")), "Tried 3 times")
	require.Equal(t, "3", doc.Find("body").AttrOr("data-refresh", ""), "a waiting order's page follows it")
	require.Contains(t, text(b.page("/orders/01KA0000000000000000000006").Find(".way")), "exactly once. It took 1.25s.")

	doc = b.page("/orders/01KA0000000000000000000007")
	facts := text(doc.Find(".facts"))
	for _, fact := range []string{"cleo@example.com", "Shopper Number 7", "1 Main St, Albany NY 12207", "4bf92f3577b34da6a3ce929d0e0e4736",
		"the address is longer than the legacy column takes", "Attempts1"} {
		require.Contains(t, facts, fact)
	}
	require.Equal(t, "$378.00", text(doc.Find(".lines tfoot .number")))
	require.Equal(t, "https://shop.example.com/orders/01KA0000000000000000000007", doc.Find(".head .button").AttrOr("href", ""))
}

func TestOrder_JSONIsTheRecordWithoutThePaymentToken(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	var r order.Record
	a := b.json("/orders/01KA0000000000000000000007", &r)
	require.Equal(t, "cleo@example.com", r.Customer.Email)
	require.True(t, r.Dead())
	require.NotContains(t, a.Text, "tok_secret")
	require.NotContains(t, b.do(b.request(http.MethodGet, "/orders/01KA0000000000000000000007", "")).Text, "tok_secret")
	require.Equal(t, "tok_secret", c.orders[2].Payment.Token, "the store's own record is left alone")
}

func TestOrder_UnknownIsExplained(t *testing.T) {
	b := open(t, saleDay().options())
	a := b.do(b.request(http.MethodGet, "/orders/"+strings.Repeat("x", 500), ""))
	require.Equal(t, http.StatusNotFound, a.StatusCode)
	require.Equal(t, "There is no such order", text(a.page(t).Find("h1")))
}

func TestHistory_ShowsWhoWhyAndWhat(t *testing.T) {
	b := open(t, saleDay().options())
	doc := b.page("/history")
	first := doc.Find(".entries li").First()
	require.Equal(t, "tourney-casting-rod: legacy → serverless", text(first.Find(".what")))
	require.Equal(t, "the newsletter is out", text(first.Find(".why")))
	require.Equal(t, "epoch 11 · mia · 27 Nov 2026, 09:26:00 UTC", text(first.Find(".by")))

	require.Equal(t, 1, b.page("/history?product=brass-spinner-set").Find(".entries li").Length())
	require.Contains(t, text(open(t, (&canned{}).options()).page("/history").Find(".empty")), "Nothing has been flipped yet")
}

func TestHistory_ShowsMoreOnDemand(t *testing.T) {
	c := &canned{}
	for i := range 60 {
		c.entries = append(c.entries, console.Entry{Epoch: uint64(60 - i), At: now, What: "a flip", Product: "creel"})
	}
	b := open(t, c.options())
	doc := b.page("/history?product=creel")
	require.Equal(t, 50, doc.Find(".entries li").Length())
	more := doc.Find(".pager a").AttrOr("href", "")
	require.Equal(t, "/history?limit=200&product=creel", more)
	doc = b.page(more)
	require.Equal(t, 60, doc.Find(".entries li").Length())
	require.Zero(t, doc.Find(".pager").Length())

	var v struct{ Entries []console.Entry }
	b.json("/history?limit=2", &v)
	require.Len(t, v.Entries, 2)
}
