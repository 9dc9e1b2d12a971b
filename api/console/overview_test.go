package console_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/api/order"
)

func TestOverview_SaysInWordsThatNothingIsLost(t *testing.T) {
	doc := open(t, saleDay().options()).page("/")
	require.Equal(t, "Every order is accounted for.", text(doc.Find("[data-verdict]")))
	require.Equal(t, "1,204 accepted = 1,180 written + 20 waiting + 1 dead + 3 cancelled", text(doc.Find(".sum")))
	require.Equal(t, "true", doc.Find("[data-live]").AttrOr("data-balanced", ""))
	require.Equal(t, "412", text(doc.Find("[data-rate=accepted_per_second]")))
	require.Equal(t, "25", text(doc.Find("[data-rate=written_per_second]")))
	require.Equal(t, "true", doc.Find("[data-tile=dead]").AttrOr("data-some", ""))
	require.Equal(t, "open", doc.Find(".breakers li").Last().AttrOr("data-state", ""))
	require.Contains(t, text(doc.Find(".breakers li").Last()), "legacy database not answering")
	require.Equal(t, 6, doc.Find(".orders tbody tr").Length())
	require.Equal(t, 3, doc.Find(".entries li").Length())
}

func TestOverview_EveryNumberTheScriptMovesIsInTheLedger(t *testing.T) {
	b := open(t, saleDay().options())
	var ledger map[string]any
	b.json("/ledger", &ledger)
	b.page("/").Find("[data-value], [data-rate], [data-spark-line]").Each(func(_ int, s *goquery.Selection) {
		name := s.AttrOr("data-value", s.AttrOr("data-rate", s.AttrOr("data-spark-line", "")))
		require.Contains(t, ledger, name)
	})
}

func TestOverview_EveryPartTheScriptSwapsHasAName(t *testing.T) {
	doc := open(t, saleDay().options()).page("/")
	require.Equal(t, "5", doc.Find("body").AttrOr("data-refresh", ""), "and a browser without script loads it anew")
	doc.Find("[data-swap]").Each(func(_ int, s *goquery.Selection) { require.NotEmpty(t, s.AttrOr("id", "")) })
}

func TestOverview_EmptyShopIsWelcomed(t *testing.T) {
	c := &canned{ledger: console.LedgerView{Balanced: true}}
	doc := open(t, c.options()).page("/")
	require.Equal(t, "No orders yet. The ledger is ready.", text(doc.Find("[data-verdict]")))
	require.Contains(t, text(doc.Find("#last-orders")), "Buy something in the storefront")
	require.Contains(t, text(doc.Find("#last-flips")), "Nothing has been flipped yet")
	require.Equal(t, "Nothing reports here.", text(doc.Find("#health .empty")))
}

func TestOverview_StandsWhenEveryStoreIsDown(t *testing.T) {
	c := saleDay()
	c.fault = errors.New("disk full")
	b := open(t, c.options())
	doc := b.page("/")
	require.Contains(t, text(doc.Find(".banner.bad")), "The ledger cannot be read right now")
	require.Equal(t, 2, doc.Find(".fault").Length())
	require.NotContains(t, text(doc.Selection), "disk full")

	var v struct{ Missing []string }
	b.json("/", &v)
	require.Equal(t, []string{"ledger", "orders", "history"}, v.Missing)

	for _, path := range []string{"/ledger", "/orders", "/orders/01KA0000000000000000000007", "/history"} {
		a := b.do(b.request(http.MethodGet, path, ""))
		require.Equal(t, http.StatusServiceUnavailable, a.StatusCode, path)
		require.NotContains(t, a.Text, "disk full")
	}
}

func TestOverview_BrokenFilesShowOnEveryPageAndTheLastGoodTableStays(t *testing.T) {
	c := saleDay()
	c.table.Problems = []string{"products.yaml:3:25: unknown arm (serverles)"}
	b := open(t, c.options())
	for _, path := range []string{"/", "/products", "/orders", "/history", "/mode"} {
		banner := text(b.page(path).Find(".banner.warn"))
		require.Contains(t, banner, "The last good table, epoch 11, stays in force", path)
		require.Contains(t, banner, "products.yaml:3:25: unknown arm (serverles)", path)
	}
}

func TestLedger_JSONIsTheNumbersThatMustBalance(t *testing.T) {
	b := open(t, saleDay().options())
	a := b.do(b.request(http.MethodGet, "/ledger", "")) // JSON for everybody
	require.Equal(t, "application/json", a.Header.Get("Content-Type"))
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.Text), &got))
	for name, value := range map[string]any{"accepted": 1204.0, "written": 1180.0, "waiting": 20.0, "dead": 1.0, "cancelled": 3.0,
		"balanced": true, "legacy_rows": 1180.0, "queue_depth": 21.0} {
		require.Equal(t, value, got[name], name)
	}
}

func TestLedger_VerdictSaysWhatIsWrong(t *testing.T) {
	rows := int64(7)
	for verdict, v := range map[string]console.LedgerView{
		"1 order missing: accepted, and nowhere to be found since.": {Ledger: order.Ledger{Accepted: 10, Written: 9}},
		"1,200 orders too many: counted twice, or never accepted.":  {Ledger: order.Ledger{Accepted: 10, Written: 1210}},
		"Legacy counts 7 orders where the ledger has 9 written.":    {Ledger: order.Ledger{Accepted: 10, Written: 9, Waiting: 1}, LegacyRows: &rows},
		"The ledger does not balance.":                              {Ledger: order.Ledger{Accepted: 10, Written: 10}},
		"Every order is accounted for.":                             {Ledger: order.Ledger{Accepted: 10, Written: 10}, Balanced: true},
	} {
		require.Equal(t, verdict, v.Verdict())
	}
}
