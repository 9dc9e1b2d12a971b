package shop

import (
	"crypto/rand"
	"strconv"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
)

// maxCartBytes keeps the cart well inside what browsers and gateways let a
// cookie be.
const maxCartBytes = 3000

// cart is what a shopper means to buy, as the cookie holds it:
//
//	mark.sku~quantity.sku~quantity
//
// The mark is made when the first thing is put in. It tells a cart from the
// next one with the same things in it, so that the same form sent twice is one
// order and the same things bought twice are two. The cookie is not signed:
// there is nothing in it that a shopper may not choose.
type cart struct {
	mark  string
	lines []cartLine
}

type cartLine struct {
	SKU      string
	Quantity int
}

// readCart reads a cookie. What is not understood is left out; what is too long
// to be ours is no cart.
func readCart(cookie string) cart {
	var c cart
	if len(cookie) > maxCartBytes {
		return c
	}
	for part := range strings.SplitSeq(cookie, ".") {
		if len(c.lines) == order.MaxLines {
			break
		}
		sku, number, isLine := strings.Cut(part, "~")
		if !isLine {
			if c.mark == "" && validMark(part) {
				c.mark = part
			}
			continue
		}
		quantity, err := strconv.Atoi(number)
		if err != nil || quantity < 1 || !validSKU(sku) {
			continue
		}
		c = c.with(sku, min(c.quantity(sku)+min(quantity, order.MaxQuantity), order.MaxQuantity))
	}
	return c
}

// String writes the cart as readCart reads it; an empty cart is "".
func (c cart) String() string {
	if len(c.lines) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(c.mark)
	for _, l := range c.lines {
		b.WriteString("." + l.SKU + "~" + strconv.Itoa(l.Quantity))
	}
	return b.String()
}

// quantity is how many of a SKU are in the cart.
func (c cart) quantity(sku string) int {
	for _, l := range c.lines {
		if l.SKU == sku {
			return l.Quantity
		}
	}
	return 0
}

// with returns the cart with this many of a SKU, none at all where quantity is
// zero. The cart it is called on stays as it was.
func (c cart) with(sku string, quantity int) cart {
	next := cart{mark: c.mark}
	found := false
	for _, l := range c.lines {
		if l.SKU == sku {
			found = true
			l.Quantity = quantity
		}
		if l.Quantity > 0 {
			next.lines = append(next.lines, l)
		}
	}
	if !found && quantity > 0 {
		next.lines = append(next.lines, cartLine{sku, quantity})
	}
	return next
}

// marked returns the cart with a mark, made where there is none.
func (c cart) marked() cart {
	if c.mark == "" {
		c.mark = strings.ToLower(rand.Text()[:10])
	}
	return c
}

// count is how many things are in the cart.
func (c cart) count() int {
	n := 0
	for _, l := range c.lines {
		n += l.Quantity
	}
	return n
}

// full reports whether the cart is over what a cookie or an order may hold.
func (c cart) full() bool {
	return len(c.lines) > order.MaxLines || len(c.String()) > maxCartBytes
}

func validMark(s string) bool {
	return len(s) <= 16 && validSKU(s)
}
