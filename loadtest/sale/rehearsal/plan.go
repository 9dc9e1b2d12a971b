package rehearsal

import (
	"errors"
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
)

// Plan is who comes when.
type Plan struct {
	Rate   float64 `json:"rate"`   // orders a second before and after the spike
	Spike  float64 `json:"spike"`  // orders a second during it
	Browse float64 `json:"browse"` // pages of other products a second, all the time

	Lead time.Duration `json:"lead"` // before the spike
	For  time.Duration `json:"for"`  // of the spike
	Tail time.Duration `json:"tail"` // after it

	Patience    time.Duration  `json:"patience"` // of a shopper with an answer
	DrainWithin time.Duration  `json:"drain_within"`
	Habits      shopper.Habits `json:"habits"`
	Seed        uint64         `json:"seed"`

	// Orders and Pages are the traffic of a log instead of Rate, Spike and Browse.
	Orders sale.Shape `json:"-"`
	Pages  sale.Shape `json:"-"`
}

// Limits of a Plan.
const (
	MaxRate = 100_000   // requests a second: more than one machine can send
	MaxFor  = time.Hour // of each part
)

// ErrPlan says that a plan cannot be played.
var ErrPlan = errors.New("this sale cannot be rehearsed")

// Check returns an error that wraps ErrPlan where the plan makes no sense.
func (p Plan) Check() error {
	for _, r := range []struct {
		name string
		rate float64
	}{{"rate", p.Rate}, {"spike", p.Spike}, {"browse", p.Browse}} {
		if r.rate < 0 || r.rate > MaxRate {
			return fmt.Errorf("%w: the %s is from 0 to %d a second", ErrPlan, r.name, MaxRate)
		}
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{{"lead", p.Lead}, {"sale", p.For}, {"tail", p.Tail}} {
		if d.d < 0 || d.d > MaxFor {
			return fmt.Errorf("%w: the %s lasts up to %v", ErrPlan, d.name, MaxFor)
		}
	}
	if p.For < time.Second {
		return fmt.Errorf("%w: the sale lasts a second at least", ErrPlan)
	}
	if p.Patience <= 0 {
		return fmt.Errorf("%w: shoppers have some patience", ErrPlan)
	}
	return nil
}

// Lasts is how long shoppers come.
func (p Plan) Lasts() time.Duration { return p.Lead + p.For + p.Tail }

func (p Plan) orders() sale.Shape {
	if p.Orders != nil {
		return p.Orders
	}
	return sale.Spike(p.Rate, p.Spike, p.Lead, p.For)
}

func (p Plan) pages() sale.Shape {
	if p.Pages != nil {
		return p.Pages
	}
	return sale.Steady(p.Browse)
}

func (p Plan) phase(due time.Duration) sale.Phase {
	switch {
	case due < p.Lead:
		return sale.Before
	case due < p.Lead+p.For:
		return sale.During
	}
	return sale.After
}

// How a queue is piled up: quickly, by shoppers of whom many come back, so that
// there are sequences to keep.
const (
	pileRate   = 1000 // shoppers a second
	pileReturn = 0.25 // of them, who buy a second time
	pileSpare  = 1.02 // as many as asked for, and a few
)

// Pile is the plan that puts n orders into a queue, and nothing else.
func (p Plan) Pile(n int) Plan {
	p.Rate, p.Spike, p.Browse, p.Lead, p.Tail, p.Orders, p.Pages = 0, pileRate, 0, 0, 0, nil, nil
	p.For = time.Duration(pileSpare * float64(n) / (pileRate * (1 + pileReturn)) * float64(time.Second)).Truncate(time.Millisecond)
	p.Habits = shopper.Habits{Retry: 1, Return: pileReturn}
	return p
}
