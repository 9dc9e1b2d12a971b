package report

import (
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/rig"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
	"github.com/banyan-edge/banyan/loadtest/sale/truth"
)

// Figure is one of those that matter most.
type Figure struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Figures are the ones to hold a storefront to.
func (r *Report) Figures() []Figure {
	var f []Figure
	add := func(name, format string, args ...any) { f = append(f, Figure{name, fmt.Sprintf(format, args...)}) }
	for _, run := range r.Runs {
		t := run.Tally(shopper.Checkout, sale.During)
		add("orders taken during the spike, "+run.Title, "%s of %s, p99 %s", Percent(t.Share()), Count(float64(t.Sum())), Milliseconds(t.P99))
	}
	for _, run := range r.Runs {
		before, during := run.Tally(shopper.Browse, sale.Before).P99, run.Tally(shopper.Browse, sale.During).P99
		if before > 0 && during > 0 {
			add("pages of other products, "+run.Title, "p99 %s before, %s during: %.2f ×", Milliseconds(before), Milliseconds(during), during/before)
		}
	}
	most, lost, accepted := rig.Unknown, int64(0), int64(0)
	judged := true
	for _, run := range r.all() {
		most = max(most, run.MostHeld)
		if run.Verdict == nil {
			judged = false
			continue
		}
		accepted += run.Verdict.Accepted
		lost += run.Verdict.Accepted - run.Verdict.Found
	}
	if most >= 0 && r.Setup.Connections > 0 {
		add("connections that the database had, at most", "%d of %d", most, r.Setup.Connections)
	}
	if judged {
		add("failures after acceptance", "%s of %s", Count(float64(lost)), Count(float64(accepted)))
	}
	if b := r.Backlog; b != nil && b.DrainRate > 0 {
		add("a queue of "+Count(float64(b.Deepest))+" orders", "drained by itself in %s, %s orders a second", Span(r.drained()), Count(b.DrainRate))
	}
	if others := r.others(); others >= noteworthy {
		add("processor cores that other programs took during a spike", "up to %.1f of %d: latencies are worse, and their ratios less certain, than on a quiet machine", others, r.Machine.Cores)
	}
	return f
}

// noteworthy is from how many cores on other programs are told.
const noteworthy = 0.25

// others is the most that other programs took of the machine.
func (r *Report) others() float64 {
	most := 0.0
	for _, run := range r.Runs {
		most = max(most, run.Others)
	}
	return most
}

func (r *Report) figureTable() Table {
	t := Table{Head: []string{"", ""}}
	for _, f := range r.Figures() {
		t.Rows = append(t.Rows, []string{f.Name, f.Value})
	}
	return t
}

// drained is how long the queue that was let go took.
func (r *Report) drained() time.Duration {
	b := r.Backlog
	return time.Duration((b.EmptyAt - b.Released) * float64(time.Second))
}

// pileWords say what became of the queue that piled up.
func (r *Report) pileWords() string {
	b := r.Backlog
	if b == nil {
		return ""
	}
	end := "It was not empty when this report was written."
	if b.EmptyAt > 0 && b.DrainRate > 0 {
		end = fmt.Sprintf("Then the relay was started. Nobody did anything else: the queue was empty %s later, at %s orders a second.", Span(r.drained()), Count(b.DrainRate))
	}
	pairs := ""
	if v := b.Verdict; v != nil {
		pairs = fmt.Sprintf(" %s shoppers ordered a second time; %s of their orders were written in the wrong sequence.", Count(float64(v.Pairs)), Count(float64(v.Lies[truth.Sequence])))
	}
	return fmt.Sprintf("In a run of its own the relay was held back, as for maintenance of the database, while %s orders were taken. %s%s", Count(float64(b.Deepest)), end, pairs)
}
