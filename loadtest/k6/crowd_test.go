package k6

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/shop"
	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
)

// crowd is the shoppers of loadtest/sale and those whom only these scenarios
// have: bots, and a customer who orders without end.
type crowd struct {
	*shopper.Crowd
	client http.Client
	others []shopper.Item // products that are not the hot one

	mu     sync.Mutex
	more   []shopper.Purchase // those that the scenarios placed
	offers []offer
}

// newCrowd returns one with the usual habits.
func newCrowd(t *testing.T, r *rig, book *sale.Book, began time.Time) *crowd {
	known, err := shopper.Look(t.Context(), r.up.Storefront, hot)
	require.NoError(t, err)
	shoppers, err := shopper.New(shopper.Options{
		Target: r.up.Storefront, Shop: known, Book: book, Began: began, Habits: shopper.Usual, Seed: 1, Name: "small",
	})
	require.NoError(t, err)
	t.Cleanup(shoppers.Close)
	c := &crowd{Crowd: shoppers, others: otherProducts(), client: http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: shopper.DefaultPatience}}
	t.Cleanup(c.client.CloseIdleConnections)
	return c
}

// otherProducts are those that the sample shop sells beside the hot one.
func otherProducts() (items []shopper.Item) {
	for _, p := range shop.Sample().Products() {
		if p.Slug != hot {
			items = append(items, shopper.Item{SKU: p.SKUs()[0].SKU, Unit: p.Price.Amount})
		}
	}
	return items
}

// purchases are all that anybody tried.
func (c *crowd) purchases() []shopper.Purchase {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append(c.Notes.Purchases(), c.more...)
}

// press sends something to the checkout, and returns the order's id where there
// is one.
func (c *crowd) press(ctx context.Context, key, body string) (status int, id string, err error) {
	var says struct {
		OrderID string `json:"order_id"`
	}
	header := map[string]string{"Content-Type": "application/json", "Accept": "application/json", "Idempotency-Key": key}
	status, err = c.send(ctx, http.MethodPost, "/checkout", header, []byte(body), &says)
	return status, says.OrderID, err
}

// wire is an order with one line.
func wire(email, token, line string) string {
	return fmt.Sprintf(`{"customer":{"email":%q,"name":"Ann Angler","address":"1 Main St, Albany NY 12207"},"lines":[%s],"payment":{"token":%q}}`, email, line, token)
}

// wholesale is the next order of the one customer.
func (c *crowd) wholesale(ctx context.Context, n int, _ time.Duration) (sale.Outcome, string) {
	return c.order(ctx, fmt.Sprintf("wholesale-%d", n), "wholesale@example.com", c.Shop.Hot)
}

// another is an order of somebody new, for some other product.
func (c *crowd) another(ctx context.Context, n int, _ time.Duration) (sale.Outcome, string) {
	return c.order(ctx, fmt.Sprintf("another-%d", n), fmt.Sprintf("another-%d@example.com", n), c.others[n%len(c.others)])
}

// copy sends one and the same order.
func (c *crowd) copy(ctx context.Context, _ int, _ time.Duration) (sale.Outcome, string) {
	return c.order(ctx, "copy", "copier@example.com", c.Shop.Hot)
}

// order buys one of an item and notes it.
func (c *crowd) order(ctx context.Context, key, email string, item shopper.Item) (sale.Outcome, string) {
	p := shopper.Purchase{Key: key, Token: "tok_" + key, Email: email, SKU: item.SKU, Quantity: 1, Amount: item.Unit, Told: shopper.Declined, Sent: time.Since(c.Began)}
	status, id, err := c.press(ctx, key, wire(email, p.Token, fmt.Sprintf(`{"sku":%q,"quantity":1}`, item.SKU)))
	p.Ended = time.Since(c.Began)
	outcome, trouble := sale.Failed, fmt.Sprint(status, err)
	switch {
	case status == http.StatusAccepted && id != "":
		p.Told, p.IDs = shopper.Accepted, []string{id}
		outcome, trouble = sale.Done, ""
	case status == http.StatusConflict: // the same key is being worked on
		outcome, trouble = sale.Refused, "come back"
	case err != nil:
		p.Told, p.Silent = shopper.Nothing, true
	}
	c.note(p)
	return outcome, trouble
}

// note keeps a purchase; attempts with one key are one purchase.
func (c *crowd) note(p shopper.Purchase) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.more {
		if c.more[i].Key == p.Key {
			merged := note{Purchase: c.more[i]}
			merged.add(p)
			c.more[i] = merged.Purchase
			return
		}
	}
	c.more = append(c.more, p)
}

// scrape fetches something; whatever is answered is good enough for a bot.
func (c *crowd) scrape(ctx context.Context, n int, _ time.Duration) (sale.Outcome, string) {
	paths := []string{c.Shop.Hot.Path, fmt.Sprintf("/search?q=rod%d", n), fmt.Sprintf("/shop/rods/no-such-rod-%d", n), "/.env"}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Target+paths[n%len(paths)], nil)
	if err != nil {
		return sale.Failed, err.Error()
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return sale.Failed, err.Error()
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return sale.Done, ""
}

// junk sends an order that cannot be: it has to be refused.
func (c *crowd) junk(ctx context.Context, n int, _ time.Duration) (sale.Outcome, string) {
	order := func(line string) string { return wire("bot@example.com", fmt.Sprintf("tok_junk-%d", n), line) }
	bodies := []string{
		order(`{"sku":"no-such-thing","quantity":1}`),
		order(fmt.Sprintf(`{"sku":%q,"quantity":1,"price":{"amount":1,"currency":"USD"}}`, c.Shop.Hot.SKU)),
		order(fmt.Sprintf(`{"sku":%q,"quantity":-1}`, c.Shop.Hot.SKU)),
		`{"customer":`,
	}
	status, _, err := c.press(ctx, fmt.Sprintf("junk-%d", n), bodies[n%len(bodies)])
	if status < 400 || status >= 500 {
		return sale.Failed, fmt.Sprint(status, err)
	}
	return sale.Done, ""
}
