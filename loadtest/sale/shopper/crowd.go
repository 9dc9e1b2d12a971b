package shopper

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale"
)

// The kinds of requests, as the Book knows them.
const (
	Browse   = "browse"   // a page of another product
	Product  = "product"  // the page of the product that everybody wants
	Checkout = "checkout" // its order, from the press of the button
	Cart     = "cart"     // a cart that is left behind
)

// Habits are the shares of shoppers, from 0 to 1, who do something that tries a
// storefront's patience.
type Habits struct {
	Double  float64 `json:"double"`  // press the button twice at once
	Retry   float64 `json:"retry"`   // press again when no answer came in time
	Return  float64 `json:"return"`  // buy again as soon as the first order is accepted
	Abandon float64 `json:"abandon"` // for each order: a cart that is left behind
}

// Usual are the habits of a crowd that is told nothing else.
var Usual = Habits{Double: 0.05, Retry: 0.5, Return: 0.05, Abandon: 0.2}

// Options make a Crowd. Target, Shop and Book are required.
type Options struct {
	Target   string // the storefront's address
	Shop     Shop   // what there is
	Book     *sale.Book
	Began    time.Time
	Patience time.Duration // that a shopper has with an answer; zero: 10 s
	Habits   Habits
	Seed     uint64 // the same seed does the same
	Name     string // of the run: it is part of every key and address
}

// DefaultPatience is how long shoppers wait for an answer.
const DefaultPatience = 10 * time.Second

// Crowd is the shoppers of one run.
type Crowd struct {
	Options
	Notes  Notes
	client *http.Client
}

// New returns a crowd that waits to be sent.
func New(o Options) (*Crowd, error) {
	u, err := url.Parse(o.Target)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is not a storefront's address", o.Target)
	}
	if o.Book == nil || o.Shop.Hot.SKU == "" {
		return nil, errors.New("shopper: a book and a product are required")
	}
	if o.Patience <= 0 {
		o.Patience = DefaultPatience
	}
	o.Target = strings.TrimSuffix(o.Target, "/")
	return &Crowd{Options: o, client: newClient()}, nil
}

// Close closes the connections that are kept.
func (c *Crowd) Close() { c.client.CloseIdleConnections() }

// Streams are what the crowd does: pages of other products at one rate, and
// orders of the hot product, and carts left behind, as a shape says.
func (c *Crowd) Streams(browse, orders sale.Shape) []sale.Stream {
	return []sale.Stream{
		{Kind: Browse, Shape: browse, Random: c.random(1, 0).Float64, Ask: c.browse},
		{Kind: Checkout, Shape: orders, Random: c.random(2, 0).Float64, Ask: c.visit},
		{Kind: Cart, Shape: func(since time.Duration) float64 { return orders(since) * c.Habits.Abandon }, Random: c.random(3, 0).Float64, Ask: c.abandon},
	}
}

// random is the chance of the n-th shopper of a stream.
func (c *Crowd) random(stream, n int) *rand.Rand {
	return rand.New(rand.NewPCG(c.Seed<<8|uint64(stream), uint64(n)))
}

// get asks for a page within the shopper's patience.
func (c *Crowd) get(ctx context.Context, path string) answer {
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	req, err := http.NewRequest(http.MethodGet, c.Target+path, nil)
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("Accept", "text/html")
	return c.ask(ctx, req)
}

// browse looks at a page of another product.
func (c *Crowd) browse(ctx context.Context, n int, _ time.Duration) (sale.Outcome, string) {
	return c.get(ctx, c.Shop.Pages[c.random(1, n+1).IntN(len(c.Shop.Pages))]).page()
}

// abandon looks at the hot product, puts it into the cart, and is gone.
func (c *Crowd) abandon(ctx context.Context, _ int, due time.Duration) (sale.Outcome, string) {
	if outcome, trouble := c.look(ctx, due); outcome != sale.Done {
		return outcome, trouble
	}
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	form := url.Values{"sku": {c.Shop.Hot.SKU}, "quantity": {"1"}}.Encode()
	req, err := http.NewRequest(http.MethodPost, c.Target+"/cart", strings.NewReader(form))
	if err != nil {
		return sale.Failed, err.Error()
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a := c.ask(ctx, req)
	if a.err != nil {
		return broken(a.err)
	}
	if a.status != http.StatusSeeOther {
		return a.refusal()
	}
	c.Notes.did(Did{Abandoned: 1})
	return sale.Done, ""
}

// look opens the page of the hot product and enters how that went.
func (c *Crowd) look(ctx context.Context, due time.Duration) (sale.Outcome, string) {
	outcome, trouble := c.get(ctx, c.Shop.Hot.Path).page()
	if outcome != "" {
		c.Book.Enter(sale.Entry{Kind: Product, Due: due, Ended: time.Since(c.Began), Outcome: outcome, Trouble: trouble})
	}
	return outcome, trouble
}
