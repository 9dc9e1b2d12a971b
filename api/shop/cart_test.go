package shop

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/api/order"
)

func TestCart_WrittenAndReadIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := cart{}.marked()
		for range rapid.IntRange(1, 20).Draw(t, "changes") {
			sku := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,8})`).Draw(t, "sku")
			c = c.with(sku, rapid.IntRange(0, order.MaxQuantity).Draw(t, "quantity"))
		}
		if len(c.lines) > 0 {
			require.Equal(t, c, readCart(c.String()))
		} else {
			require.Empty(t, c.String())
		}
	})
}

func TestCart_AnyCookieIsReadAsACart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := readCart(rapid.OneOf(rapid.String(), rapid.StringMatching(`([a-z~.0-9-]{0,20}){0,40}`)).Draw(t, "cookie"))
		require.False(t, len(c.lines) > order.MaxLines)
		for _, l := range c.lines {
			require.True(t, validSKU(l.SKU))
			require.True(t, l.Quantity >= 1 && l.Quantity <= order.MaxQuantity)
			require.Equal(t, 1, strings.Count("."+c.String()+".", "."+l.SKU+"~"), "a SKU has one line")
		}
	})
}

func TestCart_ChangingOneLeavesTheOther(t *testing.T) {
	before := cart{}.with("a", 1).with("b", 2)
	after := before.with("a", 5).with("b", 0)
	require.Equal(t, []cartLine{{"a", 1}, {"b", 2}}, before.lines)
	require.Equal(t, []cartLine{{"a", 5}}, after.lines)
}

func TestCart_IsFullBeforeItIsTooMuch(t *testing.T) {
	c := cart{mark: "m"}
	for c.full() == false {
		c = c.with("sku-"+strings.Repeat("x", len(c.lines)+1), 1)
	}
	require.LessOrEqual(t, len(c.lines), order.MaxLines+1)
	require.Empty(t, readCart(strings.Repeat("a~1.", maxCartBytes)).lines, "nothing that long is ours")
}
