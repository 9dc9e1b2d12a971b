package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/rehearsal"
	"github.com/banyan-edge/banyan/loadtest/sale/rig"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
)

// Sentence says what happened in one, for somebody who sells.
func (r *Report) Sentence() string {
	straight, flipped := r.Run(rig.Straight), r.Run(rig.Flipped)
	switch {
	case straight != nil && flipped != nil:
		return fmt.Sprintf("%s, the shop alone took %s of the orders; with Banyan in front, flipped, it took %s%s.",
			r.rush(), r.share(straight), r.share(flipped), r.drain(flipped))
	case len(r.Runs) > 0:
		run := r.Runs[len(r.Runs)-1]
		return fmt.Sprintf("%s, %s took %s of the orders%s.", r.rush(), r.who(run), r.share(run), r.drain(run))
	}
	return "Nothing was played."
}

// rush says who came.
func (r *Report) rush() string {
	return fmt.Sprintf("When %s orders a second came for %s", Count(r.rate()), Span(r.Plan.For))
}

// rate is how many orders a second really came during the spike.
func (r *Report) rate() float64 {
	if r.Shape == "" {
		return r.Plan.Spike
	}
	var most float64
	for _, run := range r.Runs {
		most = max(most, float64(run.Tally(shopper.Checkout, sale.During).Sum())/r.Plan.For.Seconds())
	}
	return most
}

func (r *Report) who(run *rehearsal.Run) string {
	switch run.Way {
	case rig.Straight:
		return "the shop alone"
	case rig.AllLegacy:
		return "the shop behind Banyan, all legacy,"
	case rig.Flipped:
		return "the shop behind Banyan, flipped,"
	}
	return "the storefront"
}

func (r *Report) share(run *rehearsal.Run) string {
	t := run.Tally(shopper.Checkout, sale.During)
	words := Percent(t.Share())
	if sold := t.Outcomes[sale.SoldOut]; sold > 0 {
		words += fmt.Sprintf(" (%s of them honestly told that it was sold out)", Count(float64(sold)))
	}
	return words
}

// drain says when the queue was empty.
func (r *Report) drain(run *rehearsal.Run) string {
	after := time.Duration(run.EmptyAt*float64(time.Second)) - r.Plan.For
	switch {
	case run.Deepest == 0:
		return ""
	case run.EmptyAt == 0 || after <= 0:
		return fmt.Sprintf(", and never more than %s of them waited for the database", Count(float64(run.Deepest)))
	}
	return fmt.Sprintf(", and wrote the last of the %s that waited %s after the rush, at its database’s own pace", Count(float64(run.Deepest)), Span(after))
}

// Card is one run at a glance.
type Card struct {
	Title       string
	Words       string
	Taken       string // share of orders
	Wait        string // of those who ordered
	Pages       string // of those who looked at something else
	Connections string
	Good, Best  bool
}

// cards are the runs at a glance.
func (r *Report) cards() []Card {
	var cards []Card
	for _, run := range r.Runs {
		t := run.Tally(shopper.Checkout, sale.During)
		b := run.Tally(shopper.Browse, sale.During)
		c := Card{
			Title: run.Title, Words: cardWords[run.Way], Taken: Percent(t.Share()), Wait: Milliseconds(t.P99), Pages: Milliseconds(b.P99),
			Connections: "unknown", Good: t.Share() >= 0.99, Best: run.Way == rig.Flipped,
		}
		if run.MostHeld >= 0 {
			c.Connections = fmt.Sprint(run.MostHeld)
			if r.Setup.Connections > 0 {
				c.Connections += fmt.Sprintf(" of %d", r.Setup.Connections)
			}
		}
		cards = append(cards, c)
	}
	return cards
}

var cardWords = map[rig.Way]string{
	rig.Straight:  "Shoppers go straight to the shop, as they do today.",
	rig.AllLegacy: "Everything is passed through to the shop, so nothing is better yet.",
	rig.Flipped:   "Hot product and checkout are on the serverless path; orders queue.",
	rig.Elsewhere: "The storefront that was named.",
}

// faults are what a reader must know before anything else.
func (r *Report) faults() []string {
	faults := slices.Clone(r.Verdict.Faults)
	for _, run := range r.all() {
		for _, n := range run.Notes {
			faults = append(faults, run.Title+": "+n)
		}
		if run.Cut {
			faults = append(faults, run.Title+": cut off before its end; what follows was measured until then")
		}
	}
	return faults
}

// days writes when it was.
func (r *Report) days() string {
	return strings.TrimSpace(r.Began.UTC().Format("2 January 2006, 15:04 UTC"))
}
