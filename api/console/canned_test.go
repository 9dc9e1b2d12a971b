package console_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/edge/route"
)

// now is the clock of every test.
var now = time.Date(2026, 11, 27, 9, 30, 0, 0, time.UTC)

// canned is a shop in memory: a table that flips, orders, a ledger. A fault set
// on it is what its methods then return.
type canned struct {
	mu      sync.Mutex
	table   console.Table
	entries []console.Entry // newest first
	orders  []order.Record  // newest first
	ledger  console.LedgerView
	fault   error // of reading
	refusal error // of flipping

	flips   []console.Flip
	modes   []console.ModeChange
	letters *letterBox // nil: there are no pages of dead letters
}

func (c *canned) Table() console.Table {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table
}

func (c *canned) Flip(_ context.Context, f console.Flip) (console.Entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusal != nil {
		return console.Entry{}, c.refusal
	}
	c.flips = append(c.flips, f)
	products := slices.DeleteFunc(slices.Clone(c.table.Products), func(p console.Product) bool { return p.Slug == f.Product })
	c.table.Products = append(products, console.Product{Slug: f.Product, Arm: f.Arm, Share: f.Share, From: f.From, Until: f.Until})
	return c.record(f.Product+": → "+f.Arm.String(), f.Product, f.Who, f.Why), nil
}

func (c *canned) SetMode(_ context.Context, m console.ModeChange) (console.Entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusal != nil {
		return console.Entry{}, c.refusal
	}
	c.modes = append(c.modes, m)
	c.table.AllLegacy = m.AllLegacy
	return c.record(fmt.Sprintf("mode: all-legacy %v", m.AllLegacy), "", m.Who, m.Why), nil
}

func (c *canned) record(what, product, who, why string) console.Entry {
	c.table.Epoch++
	e := console.Entry{Epoch: c.table.Epoch, At: now, Who: who, Why: why, What: what, Product: product}
	c.entries = append([]console.Entry{e}, c.entries...)
	return e
}

func (c *canned) History(_ context.Context, f console.HistoryFilter) ([]console.Entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []console.Entry
	for _, e := range c.entries {
		if (f.Product == "" || e.Product == f.Product) && len(found) < f.Limit {
			found = append(found, e)
		}
	}
	return found, c.fault
}

func (c *canned) List(_ context.Context, f console.OrderFilter) ([]order.Record, error) {
	var found []order.Record
	for _, r := range c.orders {
		if f.Show.Matches(r) && (f.Before == "" || r.ID < f.Before) && len(found) < f.Limit {
			found = append(found, r)
		}
	}
	return found, c.fault
}

func (c *canned) Find(_ context.Context, id string) (order.Record, error) {
	for _, r := range c.orders {
		if r.ID == id {
			return r, c.fault
		}
	}
	if c.letters != nil {
		if l, err := c.letters.Letter(context.Background(), id); err == nil && l.Request == "" {
			return order.Record{Order: order.Order{ID: l.ID, Lines: l.Lines, Total: l.Total, AcceptedAt: l.Since}, Cause: l.Words, Attempts: 1}, c.fault
		}
	}
	return order.Record{}, fmt.Errorf("find %s: %w", id, order.ErrNotFound)
}

func (c *canned) Ledger(context.Context) (console.LedgerView, error) { return c.ledger, c.fault }

func (c *canned) options() console.Options {
	o := console.Options{
		Products: c, Flipper: c, History: c, Orders: c, Ledger: c,
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, "banyan_orders_accepted_total 1204")
		}),
		Storefront: "https://shop.example.com",
		Version:    "1.0.0",
		Now:        func() time.Time { return now },
	}
	if c.letters != nil {
		o.DeadLetters, o.Mender = c.letters, c.letters
	}
	return o
}

// saleDay is a shop in the middle of a sale, with one of everything.
func saleDay() *canned {
	one := 1
	legacyRows := int64(1180)
	c := &canned{letters: deadDay()}
	c.table = console.Table{Epoch: 11, Products: []console.Product{
		{Slug: "bamboo-fly-rod-1948", Share: route.Everyone, Note: "one of one", Stock: &one},
		{Slug: "brass-spinner-set", Arm: route.Serverless, Share: 2500},
		{Slug: "loch-leven-reel", Arm: route.Serverless, Share: route.Everyone, From: now.Add(24 * time.Hour), Until: now.Add(36 * time.Hour)},
		{Slug: "muskie-casting-rod", Share: route.Everyone},
		{Slug: "tourney-casting-rod", Arm: route.Serverless, Share: route.Everyone},
		{Slug: "vintage-creel-1962", Arm: route.Serverless, Share: 5000, Until: now.Add(-time.Hour)},
	}}
	c.entries = []console.Entry{
		{Epoch: 11, At: now.Add(-4 * time.Minute), Who: "mia", Why: "the newsletter is out", What: "tourney-casting-rod: legacy → serverless", Product: "tourney-casting-rod"},
		{Epoch: 10, At: now.Add(-50 * time.Minute), Who: "joe", What: "brass-spinner-set: serverless 10% → serverless 25%", Product: "brass-spinner-set"},
		{Epoch: 9, At: now.Add(-26 * time.Hour), Who: "console", What: "mode: all-legacy → normal"},
	}
	c.orders = []order.Record{
		bought(9, "ann@example.com", order.Record{State: order.Accepted}),
		bought(8, "bob@example.com", order.Record{State: order.Accepted, Attempts: 3}),
		bought(7, "cleo@example.com", order.Record{State: order.Accepted, Attempts: 1, Cause: "the address is longer than the legacy column takes (40 characters)"}),
		bought(6, "dan@example.com", order.Record{State: order.Written, Attempts: 1, WrittenAt: now.Add(-6*time.Minute + 1250*time.Millisecond)}),
		bought(5, "eve@example.com", order.Record{State: order.Cancelled}),
		bought(4, "finn@example.com", order.Record{State: order.Rejected, Attempts: 1, Cause: "out of stock in legacy"}),
	}
	c.ledger = console.LedgerView{
		Ledger:   order.Ledger{Accepted: 1204, Written: 1180, Waiting: 20, Dead: 1, Cancelled: 3},
		Balanced: true, LegacyRows: &legacyRows, QueueDepth: 21, AcceptedPerSecond: 412.4, WrittenPerSecond: 24.96,
		Breakers: []console.Breaker{
			{Name: "serverless arm", State: "closed"},
			{Name: "legacy database", State: "open", Note: "orders wait in the queue; asked again in 20 seconds"},
		},
	}
	return c
}

// bought returns an order of that many minutes ago in reverse: 9 is the newest.
func bought(minute int, email string, r order.Record) order.Record {
	at := now.Add(time.Duration(minute-12) * time.Minute)
	price := order.Money{Amount: 18900, Currency: "USD"}
	r.Order = order.Order{
		ID:         fmt.Sprintf("01KA0000000000000000000%03d", minute),
		Customer:   order.Customer{Email: email, Name: "Shopper Number " + fmt.Sprint(minute), Address: "1 Main St, Albany NY 12207"},
		Lines:      []order.Line{{SKU: "muskie-casting-rod", Quantity: 2, Price: &price}},
		Payment:    order.Payment{Token: "tok_secret"},
		Total:      price.Times(2),
		AcceptedAt: at,
		Trace:      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		Epoch:      11,
	}
	return r
}

// TestLook serves the sale day for somebody to look at, until it is stopped:
//
//	BANYAN_CONSOLE_LOOK=127.0.0.1:7070 go test ./api/console -run TestLook -timeout 0
//
// Its numbers move. A comma and "empty", "broken" or "bad-day" behind the
// address shows another day.
func TestLook(t *testing.T) {
	address, day, _ := strings.Cut(os.Getenv("BANYAN_CONSOLE_LOOK"), ",")
	if address == "" {
		t.Skip("only where BANYAN_CONSOLE_LOOK names an address")
	}
	c := saleDay()
	switch day {
	case "empty":
		c = &canned{ledger: console.LedgerView{Balanced: true}, letters: &letterBox{}}
	case "broken":
		c.table.Problems = []string{"products.yaml:3:25: unknown arm (serverles)\n  hint: write serverless or legacy"}
		c.ledger.Balanced, c.ledger.Written = false, c.ledger.Written-2
	case "bad-day":
		c.table.AllLegacy = true
	}
	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	t.Logf("look at http://%s", l.Addr())
	o := c.options()
	o.Ledger = &moving{LedgerView: c.ledger}
	require.NoError(t, http.Serve(l, console.New(o)))
}

// moving is a ledger whose numbers go up at every look.
type moving struct {
	sync.Mutex
	console.LedgerView
}

func (m *moving) Ledger(context.Context) (console.LedgerView, error) {
	m.Lock()
	defer m.Unlock()
	step := m.Accepted % 37
	m.Accepted, m.Written, m.Waiting = m.Accepted+step, m.Written+step/2, m.Waiting+step-step/2
	m.AcceptedPerSecond, m.WrittenPerSecond = float64(step), float64(step/2)
	return m.LedgerView, nil
}
