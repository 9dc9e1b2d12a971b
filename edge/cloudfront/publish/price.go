package publish

import (
	"fmt"
	"strconv"
)

// USD is an amount in millionths of a dollar.
type USD int64

// String returns the amount in dollars: "$0.005".
func (u USD) String() string {
	text := fmt.Sprintf("%d.%06d", u/1e6, u%1e6)
	for len(text) > 5 && text[len(text)-1] == '0' { // three decimals: a call's
		text = text[:len(text)-1]
		if text[len(text)-4] == '.' {
			break
		}
	}
	return "$" + text
}

// MarshalJSON writes dollars as a number.
func (u USD) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(u)/1e6, 'f', -1, 64), nil
}

// Prices are what the figures of a plan are made with: US dollars, before any
// free tier, and to be held against the source before money is spent.
var Prices = struct {
	AsOf   string
	Source string
	Call   USD // one call of the key-value store's API, read or write
}{
	AsOf:   "2026-09",
	Source: "https://aws.amazon.com/cloudfront/pricing/ (key value store, API: $1.00 per 1,000)",
	Call:   1_000,
}
