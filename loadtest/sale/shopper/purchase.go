package shopper

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/loadtest/sale"
)

// MaxUnits is the most that one order takes of the hot product.
const MaxUnits = 3

// visit looks at the hot product and buys it; some then buy it once more.
func (c *Crowd) visit(ctx context.Context, n int, due time.Duration) (sale.Outcome, string) {
	if outcome, trouble := c.look(ctx, due); outcome != sale.Done {
		if trouble != "" {
			trouble = "product page: " + trouble
		}
		return outcome, trouble
	}
	chance := c.random(2, n+1)
	email := fmt.Sprintf("shopper-%d@%s.example.com", n, c.Name)
	key := fmt.Sprintf("%s-%d", c.Name, n)
	if c.buy(ctx, chance, due, c.purchase(chance, email, key)) && chance.Float64() < c.Habits.Return {
		c.Notes.did(Did{Returned: 1})
		c.buy(ctx, chance, time.Since(c.Began), c.purchase(chance, email, key+"-again"))
	}
	return "", ""
}

func (c *Crowd) purchase(chance *rand.Rand, email, key string) Purchase {
	quantity := 1 + chance.IntN(MaxUnits)
	return Purchase{Key: key, Token: "tok_" + key, Email: email, SKU: c.Shop.Hot.SKU, Quantity: quantity, Amount: int64(quantity) * c.Shop.Hot.Unit}
}

// buy presses the button, once more where no answer came, enters how it went,
// and reports whether the order was accepted.
func (c *Crowd) buy(ctx context.Context, chance *rand.Rand, due time.Duration, p Purchase) bool {
	body, err := json.Marshal(p.wire())
	if err != nil {
		panic(err) // plain data
	}
	p.Sent = time.Since(c.Began)
	press := c.press
	if chance.Float64() < c.Habits.Double {
		c.Notes.did(Did{Doubled: 1})
		press = c.pressTwice
	}
	outcome, trouble := press(ctx, &p, body)
	if p.Silent && p.Told == Nothing && chance.Float64() < c.Habits.Retry && ctx.Err() == nil {
		c.Notes.did(Did{Retried: 1})
		outcome, trouble = c.press(ctx, &p, body)
	}
	p.Ended = time.Since(c.Began)
	c.Notes.add(p)
	if outcome != "" {
		c.Book.Enter(sale.Entry{Kind: Checkout, Due: due, From: p.Sent, Ended: p.Ended, Outcome: outcome, Trouble: trouble})
	}
	return p.Told == Accepted
}

// checkout is the wire form of an order.
type checkout struct {
	Customer order.Customer `json:"customer"`
	Lines    []order.Line   `json:"lines"`
	Payment  order.Payment  `json:"payment"`
}

func (p Purchase) wire() checkout {
	return checkout{
		Customer: order.Customer{Email: p.Email, Name: "Ann Angler", Address: "1 Main St, Albany NY 12207"},
		Lines:    []order.Line{{SKU: p.SKU, Quantity: p.Quantity}},
		Payment:  order.Payment{Token: p.Token},
	}
}

// press sends the order once and notes what the shopper was told.
func (c *Crowd) press(ctx context.Context, p *Purchase, body []byte) (sale.Outcome, string) {
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	return p.hear(c.post(ctx, p.Key, body))
}

func (c *Crowd) post(ctx context.Context, key string, body []byte) answer {
	req, err := http.NewRequest(http.MethodPost, c.Target+"/checkout", bytes.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Idempotency-Key", key)
	return c.ask(ctx, req)
}

// pressTwice sends the order twice at once. The better answer counts for the
// shopper.
func (c *Crowd) pressTwice(ctx context.Context, p *Purchase, body []byte) (sale.Outcome, string) {
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	var answers [2]answer
	var both sync.WaitGroup
	for i := range answers {
		both.Go(func() { answers[i] = c.post(ctx, p.Key, body) })
	}
	both.Wait()
	outcome, trouble := p.hear(answers[0])
	if second, why := p.hear(answers[1]); !outcome.Good() || second == sale.Done {
		outcome, trouble = second, why
	}
	return outcome, trouble
}

// hear notes an answer. An order that was accepted stays so, whatever a second
// press is told; one of which a shopper heard nothing stays uncertain until it
// is accepted.
func (p *Purchase) hear(a answer) (sale.Outcome, string) {
	outcome, trouble, id := a.checkout()
	switch {
	case outcome == sale.Done:
		p.Told = Accepted
		if !slices.Contains(p.IDs, id) {
			p.IDs = append(p.IDs, id)
		}
	case a.err != nil, a.status == http.StatusBadGateway, a.status == http.StatusGatewayTimeout:
		p.Silent = true // a gateway that gave up waiting does not know either
	}
	if p.Told != Accepted {
		p.Told = Declined
		if p.Silent {
			p.Told = Nothing
		}
	}
	if p.Told == Accepted && outcome != sale.Done {
		return sale.Done, ""
	}
	return outcome, trouble
}

// checkout judges the answer to an order.
func (a answer) checkout() (outcome sale.Outcome, trouble, id string) {
	if a.err != nil {
		outcome, trouble = broken(a.err)
		return outcome, trouble, ""
	}
	var said struct {
		OrderID string `json:"order_id"`
		Code    string `json:"code"`
	}
	known := json.Unmarshal(a.body, &said) == nil
	switch {
	case a.status == http.StatusAccepted && known && said.OrderID != "":
		return sale.Done, "", said.OrderID
	case a.status == http.StatusConflict && said.Code == "sold_out":
		return sale.SoldOut, "", ""
	case a.status == http.StatusConflict && said.Code == "key_in_work":
		return sale.Refused, "the same order was still being placed", ""
	}
	outcome, trouble = a.refusal()
	return outcome, trouble, ""
}
