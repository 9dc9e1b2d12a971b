package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/banyan-edge/banyan/loadtest"
)

// The products that are ordered. One sells out; one in ten orders has the two
// others together, so that batches lock rows that a rival locks the other way
// around.
const (
	plentiful = "muskie-casting-rod"
	alsoMany  = "tourney-casting-rod"
	scarce    = "vintage-creel-1962"
)

const (
	copies     = 3 // of each order, sent at once
	askAgain   = 100 * time.Millisecond
	answerTime = 15 * time.Second // then the copy is sent again, as an impatient shopper does
)

// purchase is one order as a shopper wants it.
type purchase struct {
	n       int64
	shopper int
}

func (p purchase) key() string  { return fmt.Sprintf("order-%d", p.n) }
func (p purchase) name() string { return fmt.Sprintf("Order %d", p.n) }

// email is a regular's for every other order, so that there are customers with
// many orders, and one of its own for the rest.
func (p purchase) email() string {
	if p.n%2 == 0 {
		return fmt.Sprintf("regular-%d@example.com", p.shopper)
	}
	return fmt.Sprintf("once-%d@example.com", p.n)
}

func (p purchase) wantsScarce() bool { return p.n%11 == 10 }

func (p purchase) request() []byte {
	lines := fmt.Sprintf(`{"sku":%q,"quantity":1}`, plentiful)
	switch {
	case p.wantsScarce():
		lines = fmt.Sprintf(`{"sku":%q,"quantity":1}`, scarce)
	case p.n%10 == 0:
		lines = fmt.Sprintf(`{"sku":%q,"quantity":1},{"sku":%q,"quantity":1}`, alsoMany, plentiful)
	}
	body := fmt.Sprintf(`{"customer":{"email":%q,"name":%q,"address":"1 Main St, Albany NY 12207"},"lines":[%s],"payment":{"token":"tok_demo"}}`,
		p.email(), p.name(), lines)
	return fmt.Appendf(nil, "POST /checkout HTTP/1.1\r\nHost: shop.example.com\r\nAccept: application/json\r\nContent-Type: application/json\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n%s",
		p.key(), len(body), body)
}

// crowd is all shoppers and what they were told.
type crowd struct {
	storefront string // host:port
	orders     int64  // how many to place
	rate       float64

	next     atomic.Int64
	accepted atomic.Int64 // orders, not copies
	refused  atomic.Int64
	sent     atomic.Int64 // requests
	answers  sync.Map     // n → order id
	faults   chan error   // what must never be
}

func newCrowd(storefront string, orders int64, over time.Duration) *crowd {
	return &crowd{storefront: storefront, orders: orders, rate: float64(orders) / over.Seconds(), faults: make(chan error, 100)}
}

// shop places all orders, no faster than the rate, and returns when each has
// its answer.
func (c *crowd) shop(ctx context.Context, shoppers int) {
	start := time.Now()
	var all sync.WaitGroup
	for shopper := range shoppers {
		all.Go(func() {
			var hands [copies]hand
			for ctx.Err() == nil {
				n := c.next.Add(1) - 1
				if n >= c.orders {
					return
				}
				due := start.Add(time.Duration(float64(n) / c.rate * float64(time.Second)))
				select {
				case <-time.After(time.Until(due)):
				case <-ctx.Done():
					return
				}
				c.place(ctx, purchase{n, shopper}, &hands)
			}
		})
	}
	all.Wait()
}

// place sends every copy at once and holds their answers against each other.
func (c *crowd) place(ctx context.Context, p purchase, hands *[copies]hand) {
	request := p.request()
	var ids [copies]string
	var copy sync.WaitGroup
	for i := range hands {
		copy.Go(func() {
			id, err := c.insist(ctx, &hands[i], request)
			if err != nil && ctx.Err() == nil {
				c.complain(fmt.Errorf("%s: %w", p.key(), err))
			}
			ids[i] = id
		})
	}
	copy.Wait()
	first := ""
	for _, id := range ids {
		switch {
		case id == "":
		case first == "":
			first = id
		case first != id:
			c.complain(fmt.Errorf("%s was accepted as %s and as %s", p.key(), first, id))
		}
	}
	if first == "" {
		c.refused.Add(1)
		return
	}
	c.answers.Store(p.n, first)
	c.accepted.Add(1)
}

func (c *crowd) complain(err error) {
	select {
	case c.faults <- err:
	default: // a hundred are enough
	}
}

var errAnswer = errors.New("an answer that no shopper can use")

// insist asks until there is an answer that ends the matter: the order's id, or
// "" where it is sold out.
func (c *crowd) insist(ctx context.Context, h *hand, request []byte) (id string, err error) {
	for ctx.Err() == nil {
		c.sent.Add(1)
		status, body, err := h.ask(c.storefront, request)
		switch answer := verdict(status, body, err); {
		case answer == "202 accepted", answer == "202 written": // the first answer again says how far it is
			return orderID(body), nil
		case answer == "409 sold_out":
			return "", nil
		case err == nil && status < 500 && answer != "409 key_in_work":
			return "", fmt.Errorf("%w: %d %s", errAnswer, status, body)
		}
		select {
		case <-time.After(askAgain):
		case <-ctx.Done():
		}
	}
	return "", ctx.Err()
}

// hand is a connection that is made again when it breaks.
type hand struct{ client *loadtest.Client }

func (h *hand) ask(address string, request []byte) (status int, body []byte, err error) {
	if h.client == nil {
		if h.client, err = loadtest.Dial(address); err != nil {
			h.client = nil
			return 0, nil, err
		}
	}
	h.client.SetDeadline(time.Now().Add(answerTime))
	if status, body, err = h.client.Ask(request); err != nil {
		h.close()
	}
	return status, body, err
}

func (h *hand) close() {
	if h.client != nil {
		h.client.Close()
		h.client = nil
	}
}

// orderID reads the id from a 202.
func orderID(body []byte) string {
	var says struct {
		OrderID string `json:"order_id"`
	}
	if json.Unmarshal(body, &says) != nil {
		return ""
	}
	return says.OrderID
}
