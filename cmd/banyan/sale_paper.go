package main

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/banyan-edge/banyan/loadtest/capacity"
	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/rehearsal"
	salereport "github.com/banyan-edge/banyan/loadtest/sale/report"
	"github.com/banyan-edge/banyan/loadtest/sale/rig"
	saleshopper "github.com/banyan-edge/banyan/loadtest/sale/shopper"
)

// measuredSale is what a rehearsal says of the machine that a simulation needs.
type measuredSale struct {
	report  *salereport.Report
	flipped *rehearsal.Run
	drain   float64 // orders a second that the relay writes
	workers int     // batches that it has in hand at once
	calm    float64 // orders a second before the spike
	spike   float64 // and during it
	order   time.Duration
	batch   time.Duration
}

// measure reads it from a report; ok is false where no queue was measured.
func measure(r *salereport.Report) (m measuredSale, ok bool) {
	m = measuredSale{report: r, flipped: r.Run(rig.Flipped), workers: 1}
	if m.flipped == nil {
		return m, false
	}
	m.drain = m.flipped.DrainRate
	if r.Backlog != nil && r.Backlog.DrainRate > 0 {
		m.drain = r.Backlog.DrainRate
	}
	if m.drain <= 0 {
		return m, false
	}
	if r.Setup.Database != databaseKind("") { // see relayWorkers
		m.workers = m.flipped.Split.Relay
	}
	accepted := func(phase sale.Phase, of time.Duration) float64 {
		return float64(m.flipped.Tally(saleshopper.Checkout, phase).Outcomes[sale.Done]) / max(1, of.Seconds())
	}
	m.calm, m.spike = accepted(sale.Before, r.Plan.Lead), accepted(sale.During, r.Plan.For)
	// What a full batch takes is its transaction's latency, and the rest its orders.
	full := time.Duration(float64(m.workers*capacity.RelayBatch) / m.drain * float64(time.Second))
	m.batch = min(r.Setup.Latency, full)
	m.order = max((full-m.batch)/capacity.RelayBatch, time.Microsecond)
	return m, m.spike > 0
}

// here is the flipped run as it would go on paper.
func (m measuredSale) here() capacity.Plan {
	return capacity.Plan{
		Target: capacity.Local, Rate: max(m.calm, 0.001), Spike: m.spike, For: m.report.Plan.For, Lead: max(m.report.Plan.Lead, 1),
		Connections: m.flipped.Split.Relay, Workers: m.workers, WriteOrder: m.order, WriteBatch: m.batch, AcceptPerSecond: capacity.MaxRate,
	}
}

// onAWS is the same sale there: the database is the one that was measured,
// functions are as they are assumed to be.
func (m measuredSale) onAWS() capacity.Plan {
	return capacity.Plan{
		Target: capacity.AWS, Rate: max(m.calm, 0.001), Spike: m.spike, For: m.report.Plan.For,
		Connections: max(2, m.flipped.Split.Relay), WriteOrder: m.order, WriteBatch: m.batch, FIFO: true,
	}
}

// atScale is a sale of internet scale into the same database, with the quotas
// that it has to ask for.
func (m measuredSale) atScale() capacity.Plan {
	p := m.onAWS()
	p.Rate, p.Spike, p.For, p.Shoppers, p.FIFO = 100, 100_000, time.Minute, 10e6, false
	p.Connections = max(2, m.report.Setup.Connections)
	p.Concurrency, p.Warm, p.WarmWrites, p.APIRate, p.Shards = 30_000, 30_000, 2e6, 500_000, 1000
	return p
}

// addPaper plays the measured sale on paper and adds it to the report.
func addPaper(r *salereport.Report) error {
	m, ok := measure(r)
	if !ok {
		return nil
	}
	paper := &salereport.Paper{}
	for _, section := range []func(measuredSale) (salereport.PaperSection, error){paperHere, paperSlow, paperAWS, paperScale} {
		s, err := section(m)
		if err != nil {
			return fmt.Errorf("play the sale on paper: %w", err)
		}
		paper.Sections = append(paper.Sections, s)
	}
	r.Paper = paper
	return nil
}

// paperHere holds the simulation against the run.
func paperHere(m measuredSale) (salereport.PaperSection, error) {
	result, err := capacity.Simulate(m.here())
	if err != nil {
		return salereport.PaperSection{}, err
	}
	row := func(what string, measured, paper float64, unit string) []string {
		differ := "–"
		if measured > 0 {
			differ = fmt.Sprintf("%+.1f %%", 100*(paper-measured)/measured)
		}
		return []string{what, salereport.Count(math.Round(measured)) + unit, salereport.Count(math.Round(paper)) + unit, differ}
	}
	rows := [][]string{row("orders written a second, at most", m.drain, result.Drain, "")}
	if m.flipped.EmptyAt > 0 {
		rows = append(rows,
			row("most orders waiting at once", float64(m.flipped.Deepest), result.Deepest, ""),
			row("queue empty, since the spike began", m.flipped.EmptyAt, result.EmptyAt.Seconds(), " s"))
	}
	var measured salereport.PaperLine
	measured.Name = "measured here"
	for _, p := range m.flipped.Series {
		measured.X, measured.Y = append(measured.X, p.At), append(measured.Y, float64(p.Waiting))
	}
	return salereport.PaperSection{
		Title: "Can the paper be trusted?",
		Text: fmt.Sprintf("The flipped run again, as a simulation with the relay’s own rules. It was given what was measured: %.1f orders a second accepted during the spike, %s for a transaction and %s for each order in it (from how fast a queue drained%s).",
			m.spike, span(m.batch), micro(m.order), fromBacklog(m.report)),
		Tables: []salereport.Table{{Head: []string{"", "measured", "on paper", "differs by"}, Rows: rows}},
		Charts: []salereport.PaperChart{{Title: "Orders waiting", Unit: "orders", Lines: []salereport.PaperLine{measured, waitingLine("on paper", result)}}},
	}, nil
}

func fromBacklog(r *salereport.Report) string {
	if r.Backlog != nil && r.Backlog.DrainRate > 0 {
		return " in the run of its own above"
	}
	return ""
}

func micro(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// paperSlow is a database that is slow for each order, whoever brings it.
func paperSlow(m measuredSale) (salereport.PaperSection, error) {
	p := m.here()
	p.Workers, p.WriteBatch, p.WriteOrder = 0, 0, m.batch+m.order
	all := p
	all.Connections = m.report.Setup.Connections
	few, err := capacity.Simulate(p)
	if err != nil {
		return salereport.PaperSection{}, err
	}
	many, err := capacity.Simulate(all)
	if err != nil {
		return salereport.PaperSection{}, err
	}
	row := func(r capacity.Result) []string {
		return []string{fmt.Sprint(r.Plan.Connections), salereport.Count(r.Drain), salereport.Count(r.Deepest), emptyAfter(r)}
	}
	return salereport.PaperSection{
		Title: "Where each order is slow, not each transaction",
		Text: fmt.Sprintf("Taking many orders in one transaction is what makes the queue drain fast. A database that needs %s for every single order, however they are brought, gains nothing by that. Orders are accepted just the same, but they wait longer.",
			span(m.batch+m.order)),
		Tables: []salereport.Table{{Head: []string{"connections for the relay", "written a second", "most waiting", "queue empty"}, Rows: [][]string{row(few), row(many)}}},
	}, nil
}

// paperAWS is the same sale on AWS.
func paperAWS(m measuredSale) (salereport.PaperSection, error) {
	result, err := capacity.Simulate(m.onAWS())
	if err != nil {
		return salereport.PaperSection{}, err
	}
	return cloudSection("The same sale on AWS", fmt.Sprintf("%s A function is assumed to take %s for an order, since it asks DynamoDB over the network; here it took %.1f ms. The event source brings %d orders at a time, so the relay writes %s a second.",
		sentence(result), span(result.Plan.Accept), m.flipped.Tally(saleshopper.Checkout, sale.During).P50, capacity.SourceBatch, salereport.Count(result.Drain)), result), nil
}

// paperScale is a sale of internet scale.
func paperScale(m measuredSale) (salereport.PaperSection, error) {
	result, err := capacity.Simulate(m.atScale())
	if err != nil {
		return salereport.PaperSection{}, err
	}
	return cloudSection("Internet scale, into the same database", fmt.Sprintf("10,000,000 shoppers and 100,000 orders a second for a minute. %s The quotas are those that such a sale has to ask AWS for; the queue is a standard one.", sentence(result)), result), nil
}

// cloudSection shows a result on AWS: quotas, bill, and how it goes over time.
func cloudSection(title, text string, r capacity.Result) salereport.PaperSection {
	quotas := salereport.Table{Title: "Quotas, the one that is hit first first", Head: []string{"", "needed", "limit", "unit", "used", "what to do"}}
	for _, n := range r.Needs {
		do := ""
		if n.Share() > 0.8 {
			do = n.Do
		}
		quotas.Rows = append(quotas.Rows, []string{n.Quota, salereport.Count(n.Need), salereport.Count(n.Limit), n.Unit, fmt.Sprintf("%.0f %%", 100*n.Share()), do})
	}
	busy := salereport.PaperLine{Name: "environments at work"}
	for _, p := range thin(r.Series) {
		busy.X, busy.Y = append(busy.X, p.At), append(busy.Y, p.Busy)
	}
	return salereport.PaperSection{
		Title: title, Text: text,
		Charts: []salereport.PaperChart{
			{Title: "Orders waiting", Unit: "orders", Lines: []salereport.PaperLine{waitingLine("waiting", r)}},
			{Title: "Lambda environments", Unit: "environments", Lines: []salereport.PaperLine{busy}},
		},
		Tables:  []salereport.Table{quotas, bill("What the sale costs, by service", r.Bill.Sale), bill("What a quiet month costs", r.Bill.Month)},
		Footing: fmt.Sprintf("Prices of %s, us-east-1, in US dollars, before free tiers. Each with its page: banyan capacity --json.", r.Bill.Prices),
	}
}

// bill adds up a bill's lines by service.
func bill(title string, lines []capacity.BillLine) salereport.Table {
	t := salereport.Table{Title: title, Head: []string{"", "USD"}}
	at := make(map[string]int)
	var sums []float64
	for _, l := range lines {
		i, known := at[l.Service]
		if !known {
			i = len(sums)
			at[l.Service] = i
			sums, t.Rows = append(sums, 0), append(t.Rows, []string{l.Service, ""})
		}
		sums[i] += l.Cost()
	}
	for i, sum := range sums {
		t.Rows[i][1] = fmt.Sprintf("%.2f", sum)
	}
	t.Rows = append(t.Rows, []string{"all", fmt.Sprintf("%.2f", capacity.Total(lines))})
	return t
}

func waitingLine(name string, r capacity.Result) salereport.PaperLine {
	l := salereport.PaperLine{Name: name}
	for _, p := range thin(r.Series) {
		l.X, l.Y = append(l.X, p.At), append(l.Y, p.Waiting)
	}
	return l
}

// thin leaves as many points as a chart can show.
func thin(points []capacity.Point) []capacity.Point {
	const enough = 300
	every := cmp.Or(len(points)/enough, 1)
	var some []capacity.Point
	for i := 0; i < len(points); i += every {
		some = append(some, points[i])
	}
	return some
}
