package k6

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale/truth"
)

// table is what the scenarios came to, a line each.
type table struct{ rows []*row }

type row struct {
	name   string
	passed bool

	thresholds, crossed int
	requests            float64
	soldOut             float64
	checkout, page      metric
	offer, picture      metric

	verdict  *truth.Verdict // nil where it never came to that
	waiting  int64          // orders in the queue when the last shopper had gone
	drained  time.Duration  // that it took from then on
	heldMost int
	listings int
}

func (t *table) add(name string) *row {
	r := &row{name: name}
	t.rows = append(t.rows, r)
	return r
}

// summary takes over k6's figures.
func (r *row) summary(s summary) {
	for _, m := range s.Metrics {
		r.thresholds += len(m.Thresholds)
	}
	r.crossed = len(s.crossed())
	r.requests, r.soldOut = s.Metrics["http_reqs"].Count, s.Metrics["orders_sold_out"].Count
	r.checkout, r.page = s.Metrics["checkout_took"], s.Metrics["page_took"]
	r.offer, r.picture = s.Metrics["offer_took"], s.Metrics["picture_took"]
}

func (r *row) truth(v truth.Verdict, drained time.Duration, held int) {
	r.verdict, r.drained, r.heldMost = &v, drained, held
}

// print writes the table.
func (t *table) print(w io.Writer) {
	if len(t.rows) == 0 {
		return
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "\nscenario\t\tthresholds\trequests\torders\tsold out\tin legacy once\tlistings\twaiting, drained in\tconnections\tcheckout p50/p99\tpage\tlisting\tpicture")
	for _, r := range t.rows {
		r.print(out)
	}
	out.Flush()
	fmt.Fprintln(w)
}

func (r *row) print(out io.Writer) {
	verdict := "FAILED"
	if r.passed {
		verdict = "passed"
	}
	accepted, found := "–", "–"
	if r.verdict != nil {
		accepted, found = fmt.Sprint(r.verdict.Accepted), fmt.Sprint(r.verdict.Found)
	}
	fmt.Fprintf(out, "%s\t%s\t%d of %d\t%.0f\t%s\t%.0f\t%s\t%d\t%d, %.1f s\t%d\t%s\t%s\t%s\t%s\n",
		r.name, verdict, r.thresholds-r.crossed, r.thresholds, r.requests, accepted, r.soldOut, found, r.listings,
		r.waiting, r.drained.Seconds(), r.heldMost, r.checkout.quantiles(), r.page.quantiles(), r.offer.quantiles(), r.picture.quantiles())
}

func (m metric) quantiles() string {
	if m.Max == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f/%.1f ms", m.Median, m.P99)
}
