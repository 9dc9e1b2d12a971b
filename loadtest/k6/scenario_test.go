package k6

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/loadtest/rigtest"
	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
)

// scenario is what both generators play: the script of its name, and the same
// traffic in Go.
type scenario struct {
	name    string                                                       // of the script, without .js
	full    size                                                         // of the script
	small   play                                                         // by the generator in Go
	trouble func(ctx context.Context, r *rig, whole time.Duration) error // what goes on beside the traffic; nil: nothing
	after   func(t *testing.T, r *rig)                                   // what else has to hold; nil: nothing
}

// size is how long a scenario plays, and on what.
type size struct {
	whole     time.Duration
	stock     int           // of the hot product; zero: more than anybody orders
	plenty    bool          // there is more than anybody orders of every product
	writeTime time.Duration // of a transaction in the legacy database; zero: usualWriteTime
}

// play is a scenario's traffic in Go.
type play struct {
	size
	bad     map[string]bool // kinds of requests that may fail
	streams func(c *crowd, whole time.Duration) []sale.Stream
}

// scenarios are all of them.
func scenarios() []scenario {
	return []scenario{flashSale(), soak(), brownOut(), bots(), noisyTenant(), listings()}
}

func flashSale() scenario {
	return scenario{
		name: "flash-sale", full: size{whole: 30 * time.Second, stock: 2000},
		small: play{
			size: size{whole: 3 * time.Second, stock: 100},
			bad:  map[string]bool{shopper.Cart: true}, // legacy takes nothing into a cart that is sold out
			streams: func(c *crowd, whole time.Duration) []sale.Stream {
				return c.Streams(sale.Steady(20), sale.Spike(5, 100, whole/3, whole/3))
			},
		},
	}
}

func soak() scenario {
	return scenario{
		name: "soak", full: size{whole: 30 * time.Second}, trouble: steadyState,
		small: play{size: size{whole: 2 * time.Second}, streams: func(c *crowd, _ time.Duration) []sale.Stream {
			return c.Streams(sale.Steady(20), sale.Steady(30))
		}},
	}
}

// brownOut: pages that only legacy has may fail in it.
func brownOut() scenario {
	return scenario{
		name: "brownout", full: size{whole: 40 * time.Second}, trouble: brownout,
		small: play{
			size: size{whole: 3 * time.Second}, bad: map[string]bool{shopper.Browse: true, shopper.Cart: true},
			streams: func(c *crowd, _ time.Duration) []sale.Stream {
				return c.Streams(sale.Steady(10), sale.Steady(30))
			},
		},
	}
}

func bots() scenario {
	return scenario{
		name: "bots", full: size{whole: 30 * time.Second},
		small: play{size: size{whole: 3 * time.Second}, streams: func(c *crowd, whole time.Duration) []sale.Stream {
			flood := func(rate float64) sale.Shape { return sale.Spike(0, rate, whole/3, whole/3) }
			return append(c.Streams(sale.Steady(20), sale.Steady(10)),
				sale.Stream{Kind: "scraper", Shape: flood(200), Ask: c.scrape},
				sale.Stream{Kind: "junk", Shape: flood(60), Ask: c.junk},
				sale.Stream{Kind: "copy", Shape: flood(30), Ask: c.copy})
		}},
	}
}

// noisyTenant: what one customer orders has to be written in sequence, so that
// a long transaction holds up its next orders. The others buy various products,
// for whoever writes an order of a product has its row of the stock locked.
func noisyTenant() scenario {
	return scenario{
		name: "noisy-tenant", full: size{whole: 30 * time.Second, plenty: true, writeTime: 1200 * time.Millisecond},
		small: play{size: size{whole: 1500 * time.Millisecond, plenty: true, writeTime: 400 * time.Millisecond}, streams: func(c *crowd, _ time.Duration) []sale.Stream {
			return []sale.Stream{
				{Kind: "others", Shape: sale.Steady(10), Ask: c.another},
				{Kind: "noisy", Shape: sale.Steady(400), Ask: c.wholesale},
			}
		}},
		after: othersDidNotWait,
	}
}

func listings() scenario {
	return scenario{
		name: "listings", full: size{whole: 30 * time.Second},
		small: play{size: size{whole: 2 * time.Second}, streams: func(c *crowd, _ time.Duration) []sale.Stream {
			return append(c.Streams(sale.Steady(10), sale.Steady(10)), sale.Stream{Kind: "seller", Shape: sale.Steady(20), Ask: c.sell})
		}},
	}
}

// othersDidNotWait: when the last order of the others was written, the one
// customer's queue was still long.
func othersDidNotWait(t *testing.T, r *rig) {
	const behind = "SELECT count(*) FROM orders WHERE email LIKE 'wholesale@%' AND id > (SELECT max(id) FROM orders WHERE email NOT LIKE 'wholesale@%')"
	require.NotZero(t, r.count(t, behind), "orders of the one customer that were written after everybody else's")
}

// server is the database server of all scenarios of one test.
func server(t *testing.T) *rigtest.Postgres { return rigtest.NewPostgres(t, "max_wal_size=256MB") }
