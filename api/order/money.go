package order

import (
	"fmt"
	"strings"
)

// Money is an amount in the currency's smallest unit (cents for USD), so that
// sums are exact.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// String prints the amount as a price tag: $189.00, or 189.00 SEK.
func (m Money) String() string {
	sign, amount := "", m.Amount
	if amount < 0 {
		sign, amount = "-", -amount
	}
	units := fmt.Sprintf("%s%s.%02d", sign, grouped(amount/100), amount%100)
	if m.Currency == "USD" {
		return sign + "$" + strings.TrimPrefix(units, sign)
	}
	return units + " " + m.Currency
}

// Times returns the price of n units.
func (m Money) Times(n int) Money { return Money{m.Amount * int64(n), m.Currency} }

// Plus returns the sum; the currencies are taken to be equal.
func (m Money) Plus(o Money) Money {
	if m.Currency == "" {
		m.Currency = o.Currency
	}
	return Money{m.Amount + o.Amount, m.Currency}
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
