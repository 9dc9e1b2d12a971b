package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/api/order"
)

// letterBox is dead letters in memory.
type letterBox struct {
	mu        sync.Mutex
	letters   []console.DeadLetter
	acts      []console.DeadAct
	redriving *console.Redriving
	fault     error // of mending
}

func (b *letterBox) Causes(context.Context) ([]console.DeadCause, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []console.DeadCause
	for _, l := range b.letters {
		i := slices.IndexFunc(all, func(c console.DeadCause) bool { return c.Cause == l.Cause })
		if i < 0 {
			i = len(all)
			all = append(all, console.DeadCause{Cause: l.Cause, Words: l.Words, Oldest: l.Since})
		}
		all[i].Letters++
		all[i].Newest = l.Since
	}
	return all, nil
}

func (b *letterBox) Letters(_ context.Context, f console.DeadFilter) (list []console.DeadLetter, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.letters {
		if l.Cause == f.Cause && l.ID > f.After && len(list) < f.Limit {
			list = append(list, l)
		}
	}
	return list, nil
}

func (b *letterBox) Letter(_ context.Context, id string) (console.DeadLetter, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.letters {
		if l.ID == id {
			return l, nil
		}
	}
	return console.DeadLetter{}, fmt.Errorf("find %s: %w", id, order.ErrNotFound)
}

func (b *letterBox) Redrive(_ context.Context, a console.DeadAct) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault == nil {
		b.acts = append(b.acts, a)
		b.redriving = &console.Redriving{Words: a.Cause + a.ID, Who: a.Who, Began: now, Redriven: 2, Written: 1}
	}
	return b.fault
}

func (b *letterBox) Drop(_ context.Context, a console.DeadAct) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault == nil {
		b.acts = append(b.acts, a)
		b.letters = slices.DeleteFunc(b.letters, func(l console.DeadLetter) bool { return l.ID == a.ID })
	}
	return b.fault
}

func (b *letterBox) Redriving() *console.Redriving {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.redriving
}

// outOfStock is the cause of the larger group.
const outOfStock = "out_of_stock"

// deadDay is a day with dead letters of three causes.
func deadDay() *letterBox {
	b := &letterBox{}
	price := order.Money{Amount: 18900, Currency: "USD"}
	add := func(n int, cause, words, request string) {
		l := console.DeadLetter{ID: fmt.Sprintf("01KA00000000000000000001%02d", n), Request: request, Cause: cause, Words: words,
			Since: now.Add(time.Duration(n-90) * time.Minute), Attempts: 1,
			Trail: []console.DeadEntry{{At: now.Add(time.Duration(n-90) * time.Minute), What: "refused", Who: "legacy", Words: words}}}
		if request == "" {
			l.Total, l.Lines = price, []order.Line{{SKU: "muskie-casting-rod", Quantity: 1, Price: &price}}
		}
		b.letters = append(b.letters, l)
	}
	for n := range 60 {
		add(n, outOfStock, "out of stock", "")
	}
	add(61, "a value is too long for its column (column address)", "a value is too long for its column (column address)", "")
	b.letters[60].Trail = append(b.letters[60].Trail, console.DeadEntry{At: now.Add(-time.Minute), What: "checked", Who: "joe", Why: "is the column wider now?", Words: "it would be refused: a value is too long for its column (column address)"})
	short := b.letters[60]
	short.ID, short.Trail = bought(7, "", order.Record{}).ID, short.Trail[:1]
	b.letters = append(b.letters, short)
	booking := "bookings request: legacy answered 422 Unprocessable Entity: there is no such city"
	add(62, booking, booking, "POST /bookings")
	return b
}

func TestDead_AreGroupedByCauseWithWhatToDo(t *testing.T) {
	b := open(t, saleDay().options())
	page := b.page("/dead")
	require.Equal(t, 3, page.Find("section.cause").Length())
	first := page.Find("section.cause").First()
	require.Equal(t, "60", text(first.Find(".figure")))
	require.Contains(t, text(first), "out of stock")
	require.Contains(t, text(first), "Take in stock there and put these back")
	require.Equal(t, "Dead letters", text(page.Find("nav [aria-current]")))

	var v struct {
		Letters int64
		Causes  []console.DeadCause
	}
	b.json("/dead", &v)
	require.EqualValues(t, 63, v.Letters)
	require.Len(t, v.Causes, 3)

	none := open(t, (&canned{letters: &letterBox{}}).options())
	require.Contains(t, text(none.page("/dead").Find("main")), "Nothing needs mending")
	without := open(t, (&canned{}).options())
	require.Equal(t, http.StatusNotFound, without.do(without.request(http.MethodGet, "/dead", "")).StatusCode)
	require.NotContains(t, without.do(without.request(http.MethodGet, "/", "")).Text, `href="/dead"`)
}

func TestDead_AGroupIsPutBackWithWhoAndWhy(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	group := "/dead/group?cause=" + outOfStock
	page := b.page(group)
	require.Equal(t, 50, page.Find("tbody tr").Length())
	next, there := page.Find("a[rel=next]").Attr("href")
	require.True(t, there)
	require.Equal(t, 10, b.page(next).Find("tbody tr").Length())

	a := b.post("/dead/redrive", url.Values{"cause": {outOfStock}, "why": {"the delivery came"}, "who": {"joe"}})
	require.Equal(t, http.StatusSeeOther, a.StatusCode)
	require.Equal(t, []console.DeadAct{{Cause: outOfStock, Who: "joe", Why: "the delivery came"}}, c.letters.acts)
	page = b.page("/dead")
	require.Contains(t, text(page.Find(".flash")), "They go back to the queue now")
	require.Contains(t, text(page.Find("#redriving")), "2 redriven, 1 written, 0 dead again")

	c.letters.fault = console.ErrRedriving
	a = b.post("/dead/redrive", url.Values{"cause": {outOfStock}})
	require.Equal(t, http.StatusConflict, a.StatusCode)
	require.Contains(t, a.Text, "are being put back already")
	require.Equal(t, http.StatusSeeOther, b.do(b.request(http.MethodGet, "/dead/group?cause=none+such", "")).StatusCode)
}

func TestDead_OneIsGivenUpAndNotWithoutAReason(t *testing.T) {
	c := saleDay()
	b := open(t, c.options())
	id := c.letters.letters[60].ID
	page := b.page("/dead/letters/" + id)
	require.Contains(t, text(page.Find(".entries")), "is the column wider now?")
	require.Contains(t, text(page.Find("form")), "banyan dead edit")
	require.Equal(t, "/dead/letters/"+id, b.page("/orders/"+id).Find(".head a.button").Last().AttrOr("href", ""))

	a := b.post("/dead/drop", url.Values{"id": {id}, "who": {"joe"}})
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	require.Contains(t, text(a.page(t).Find("#faults")), "why is missing: the shopper has a yes")
	require.Equal(t, "joe", a.page(t).Find("#who").AttrOr("value", ""), "the form as it was")
	require.Empty(t, c.letters.acts)

	a = b.post("/dead/drop", url.Values{"id": {id}, "who": {"joe"}, "why": {"paid back"}})
	require.Equal(t, http.StatusSeeOther, a.StatusCode)
	require.Equal(t, []console.DeadAct{{ID: id, Who: "joe", Why: "paid back"}}, c.letters.acts)
	require.Equal(t, http.StatusNotFound, b.do(b.request(http.MethodGet, "/dead/letters/"+id, "")).StatusCode)
	c.letters.fault = console.ErrMended
	require.Equal(t, http.StatusConflict, b.post("/dead/drop", url.Values{"id": {id}, "why": {"again"}}).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, b.post("/dead/drop", url.Values{"cause": {outOfStock}, "why": {"all"}}).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, b.post("/dead/redrive", url.Values{}).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, b.post("/dead/redrive", url.Values{"id": {"no id"}}).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, b.post("/dead/redrive", url.Values{"cause": {outOfStock}, "why": {strings.Repeat("w", 201)}}).StatusCode)
}

// TestBrowser_DeadLettersAreMended goes through the pages as somebody would.
// BANYAN_SCREENSHOTS names a folder that keeps the pictures.
func TestBrowser_DeadLettersAreMended(t *testing.T) {
	ctx := chromium(t)
	c := saleDay()
	server := httptest.NewServer(console.New(c.options()))
	t.Cleanup(server.Close)
	look := func(name string) chromedp.Action {
		return chromedp.ActionFunc(func(ctx context.Context) error {
			var picture []byte
			folder := os.Getenv("BANYAN_SCREENSHOTS")
			if err := chromedp.FullScreenshot(&picture, 100).Do(ctx); err != nil || folder == "" {
				return err
			}
			return os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)
		})
	}
	var said, state string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.EmulateViewport(1200, 800),
		chromedp.Navigate(server.URL+"/"),
		chromedp.Click(`[data-tile=dead]`), chromedp.WaitVisible("section.cause"), look("dead"),
		chromedp.Click("section.cause h2 a"), chromedp.WaitVisible("form [name=why]"), look("dead-group"),
		chromedp.SendKeys("#why", "the delivery came"), chromedp.SendKeys("#who", "joe"),
		chromedp.Click("button.primary"), chromedp.WaitVisible(".flash"), chromedp.Text(".flash", &said), look("dead-redriving"),
	))
	require.Contains(t, said, "They go back to the queue now")
	c.letters.mu.Lock()
	c.letters.redriving = &console.Redriving{Words: "out of stock", Who: "joe", Began: now, Redriven: 60, Written: 57, Refused: 3, Ended: true,
		Stopped: "stopped: 3 in a row died again of the same cause: out of stock"}
	c.letters.mu.Unlock()
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Poll(`document.querySelector("#redriving").textContent.includes("3 in a row")`, nil), look("dead-stopped"),
		chromedp.Navigate(server.URL+"/dead/letters/"+c.letters.letters[60].ID), chromedp.WaitVisible("button.danger"), look("dead-letter"),
		chromedp.Navigate(server.URL+"/dead/letters/"+c.letters.letters[62].ID), chromedp.WaitVisible("button.danger"), look("dead-request"),
		chromedp.SendKeys("#why", "paid back"), chromedp.Click("button.danger"), chromedp.WaitVisible(".flash"), chromedp.Text(".flash", &said),
		chromedp.EmulateViewport(390, 800), look("dead-narrow"),
		chromedp.Text("#content", &state),
	))
	require.Contains(t, said, "is given up for good")
	require.NotContains(t, strings.ToLower(state), "bookings request")
	require.Equal(t, "joe", c.letters.acts[1].Who, "the name is remembered")
}
