package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
	"github.com/banyan-edge/banyan/loadtest/sale/truth"
)

// latencies is one kind of request in every run and phase.
func (r *Report) latencies(kind string) Table {
	t := Table{Head: []string{"", "", "requests", "good", "p50", "p99", "p99.9", "slowest", "p99 to before"}}
	for _, run := range r.Runs {
		before := run.Tally(kind, sale.Before)
		for i, phase := range sale.Phases {
			of := run.Tally(kind, phase)
			title, ratio := "", ""
			if i == 0 {
				title = run.Title
			} else if before.P99 > 0 && of.P99 > 0 {
				ratio = fmt.Sprintf("%.2f ×", of.P99/before.P99)
			}
			t.Rows = append(t.Rows, []string{title, phaseWords[phase], Count(float64(of.Sum())), Percent(of.Share()),
				Milliseconds(of.P50), Milliseconds(of.P99), Milliseconds(of.P999), Milliseconds(of.Max), ratio})
		}
	}
	return t
}

// errors are what went wrong, by kind of request and of error, over all phases.
func (r *Report) errors() Table {
	t := Table{Head: []string{"what went wrong"}}
	counts := make(map[string][]int64)
	for i, run := range r.Runs {
		t.Head = append(t.Head, run.Title)
		for kind, phases := range run.Tallies {
			for _, of := range phases {
				for trouble, n := range of.Errors {
					key := kindWords[kind] + ": " + trouble
					if counts[key] == nil {
						counts[key] = make([]int64, len(r.Runs))
					}
					counts[key][i] += n
				}
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(slices.Max(counts[b]), slices.Max(counts[a])), cmp.Compare(a, b))
	})
	for _, key := range keys {
		t.Rows = append(t.Rows, countRow(key, counts[key]))
	}
	if len(keys) == 0 {
		t.Rows = append(t.Rows, countRow("nothing", make([]int64, len(r.Runs))))
	}
	return t
}

var kindWords = map[string]string{shopper.Browse: "page of another product", shopper.Product: "page of the hot product", shopper.Checkout: "checkout", shopper.Cart: "cart"}

func countRow(name string, counts []int64) []string {
	row := []string{name}
	for _, n := range counts {
		row = append(row, Count(float64(n)))
	}
	return row
}

// orders is what became of them, run by run.
func (r *Report) orders() Table {
	t := Table{Head: []string{""}}
	rows := [][]string{
		{"orders tried"}, {"accepted"}, {"button pressed twice at once"}, {"pressed again after no answer, same key"}, {"bought a second time"}, {"carts left behind"},
		{"most orders waiting at once"}, {"queue empty, since the spike began"}, {"orders written a second while only the queue drained"},
		{"connections, most at once"}, {"of them given to shop, relay, the counter"},
		{"processor cores during the spike, all of this"}, {"and everything else on the machine"},
	}
	for _, run := range r.Runs {
		t.Head = append(t.Head, run.Title)
		empty, rate, held := "no queue", "–", "unknown"
		if run.EmptyAt > 0 {
			empty = fmt.Sprintf("%.1f s", run.EmptyAt)
		}
		if run.DrainRate > 0 {
			rate = Count(run.DrainRate)
		}
		if run.MostHeld >= 0 {
			held = fmt.Sprint(run.MostHeld)
		}
		for i, v := range []string{
			Count(float64(run.Tried)), Count(float64(run.Accepted)), Count(float64(run.Did.Doubled)), Count(float64(run.Did.Retried)), Count(float64(run.Did.Returned)),
			Count(float64(run.Did.Abandoned)), Count(float64(run.Deepest)), empty, rate, held,
			fmt.Sprintf("%d, %d, %d", run.Split.Shop, run.Split.Relay, run.Split.Watch),
			cores(run.Ours), cores(run.Others),
		} {
			rows[i] = append(rows[i], v)
		}
	}
	t.Rows = rows
	return t
}

// lies is what the legacy database said of every promise.
func (r *Report) lies() Table {
	t := Table{Head: []string{""}}
	rows := [][]string{
		{"orders that shoppers were told are accepted"}, {"of them, there exactly once and right"}, {"orders in the database"}, {"units taken from stock"},
		{"pairs of orders of one customer, all in sequence but for those below"}, {"orders whose shopper never got an answer (nobody was told anything)"},
	}
	findings := []truth.Finding{truth.Missing, truth.Doubled, truth.Amount, truth.Sequence, truth.Untold, truth.Stranger, truth.Count, truth.Negative}
	for _, f := range findings {
		rows = append(rows, []string{f.Words()})
	}
	rows = append(rows, []string{"Banyan’s ledger: accepted = written + waiting + dead + cancelled"})
	for _, run := range r.all() {
		t.Head = append(t.Head, run.Title)
		v := run.Verdict
		if v == nil {
			v = &truth.Verdict{}
		}
		values := []int64{v.Accepted, v.Found, v.Rows, v.Units, v.Pairs, v.Unheard}
		for _, f := range findings {
			values = append(values, v.Lies[f])
		}
		for i, n := range values {
			text := Count(float64(n))
			if run.Verdict == nil {
				text = "not looked up"
			}
			rows[i] = append(rows[i], text)
		}
		ledger := "–"
		if l := run.Ledger; l != nil {
			ledger = fmt.Sprintf("%d = %d + %d + %d + %d", l.Accepted, l.Written, l.Waiting, l.Dead, l.Cancelled)
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], ledger)
	}
	t.Rows = rows
	return t
}

// examples name orders of which something is wrong.
func (r *Report) examples() []string {
	var all []string
	for _, run := range r.all() {
		if run.Verdict == nil {
			continue
		}
		for _, f := range slices.Sorted(maps.Keys(run.Verdict.Examples)) {
			for _, e := range run.Verdict.Examples[f] {
				all = append(all, fmt.Sprintf("%s, %s: %s", run.Title, f.Words(), e))
			}
		}
	}
	return all
}

func cores(n float64) string {
	if n <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", n)
}
