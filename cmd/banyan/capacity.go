package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/loadtest/capacity"
	salereport "github.com/banyan-edge/banyan/loadtest/sale/report"
)

type capacityCommand struct {
	Rate        float64       `help:"Orders a second on a calm day." default:"5"`
	Spike       float64       `help:"Orders a second during the sale." default:"500"`
	For         time.Duration `help:"How long the sale lasts." default:"10m"`
	Ramp        time.Duration `help:"How long the rate takes to rise and to fall." default:"0s"`
	Shoppers    float64       `help:"How many come (default: 10 for each order)." placeholder:"N"`
	Connections int           `help:"Connections that legacy's database allows (legacy.connections)." default:"25"`
	WriteMS     float64       `help:"Milliseconds that one order costs legacy's database." name:"write-ms" default:"5"`
	BatchMS     float64       `help:"Milliseconds that a transaction costs beside its orders." name:"batch-ms" default:"0"`
	AcceptMS    float64       `help:"Milliseconds that the function takes to accept an order." name:"accept-ms" default:"50"`
	Concurrency int           `help:"Lambda environments that the account gives the API." default:"1000"`
	Warm        int           `help:"Of them, kept warm for the sale." default:"0"`
	WarmWrites  float64       `help:"Write units a second that the table is made ready for." default:"4000"`
	TableWrites float64       `help:"Write units a second that the account gives a table (default: 40000)." placeholder:"N"`
	APIRate     float64       `help:"Requests a second that the account gives HTTP APIs." name:"api-rate" default:"10000"`
	Shards      int           `help:"Counters that the hot SKU's stock is spread over." default:"32"`
	Standard    bool          `help:"A standard queue instead of FIFO."`
	Local       bool          `help:"On one machine instead of AWS."`
	Accepts     float64       `help:"Orders a second that this machine accepts, durable; with --local." default:"10000"`

	From string `help:"A report of banyan sale, as JSON: play what it measured on paper instead." type:"path" placeholder:"FILE"`
	Out  string `help:"Write it as one HTML file as well." type:"path" placeholder:"FILE"`
}

func (c capacityCommand) plan() capacity.Plan {
	p := capacity.Plan{
		Target: capacity.AWS, Rate: c.Rate, Spike: c.Spike, For: c.For, Ramp: c.Ramp, Shoppers: c.Shoppers,
		Connections: c.Connections, WriteOrder: milliseconds(c.WriteMS), WriteBatch: milliseconds(c.BatchMS), Accept: milliseconds(c.AcceptMS),
		Concurrency: c.Concurrency, Warm: c.Warm, WarmWrites: c.WarmWrites, TableWrites: c.TableWrites, APIRate: c.APIRate,
		Shards: c.Shards, FIFO: !c.Standard, AcceptPerSecond: c.Accepts,
	}
	if c.Local {
		p.Target = capacity.Local
	}
	return p
}

func milliseconds(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

// Run plays the sale on paper and says what it needs.
func (c capacityCommand) Run(place Place, term terminal) error {
	if c.From != "" {
		return c.fromRun(place, term)
	}
	result, err := capacity.Simulate(c.plan())
	if errors.Is(err, capacity.ErrPlan) {
		return badUsage(err.Error(), "run banyan capacity -h to see the flags")
	}
	if err == nil && c.Out != "" {
		err = writeFile(c.Out, func(w io.Writer) error { return paperOf(result).WriteHTML(w, "A sale on paper", sentence(result)) })
	}
	if err != nil {
		return err
	}
	if place.JSON {
		return printJSON(term.Out, result)
	}
	return showCapacity(term.Out, result)
}

// showCapacity writes a result for a reader: what would happen, what would be
// too little, and the bill.
func showCapacity(w io.Writer, r capacity.Result) error {
	fmt.Fprintf(w, "%s\n\n", sentence(r))
	rows := [][]any{
		{"orders accepted", salereport.Count(r.Accepted)},
		{"told to come back", salereport.Count(r.Refused.Sum())},
		{"written a second", salereport.Count(r.Drain)},
		{"most waiting at once", salereport.Count(r.Deepest)},
		{"longest wait of an order", span(r.Longest)},
		{"queue empty after", emptyAfter(r)},
		{"connections to legacy", fmt.Sprintf("%d of %d", r.Most, r.Plan.Connections)},
	}
	if r.Plan.Target == capacity.AWS {
		rows = append(rows, []any{"environments at once", salereport.Count(r.Busiest)})
	}
	if err := printTable(w, []any{"", ""}, rows); err != nil {
		return err
	}
	if r.Plan.Target != capacity.AWS {
		return nil
	}
	return showCloud(w, r)
}

// showCloud writes the quotas and the bill.
func showCloud(w io.Writer, r capacity.Result) error {
	fmt.Fprintln(w)
	quotas := make([][]any, len(r.Needs))
	for i, n := range r.Needs {
		do := ""
		if n.Share() > 0.8 {
			do = n.Do
		}
		quotas[i] = []any{n.Quota, salereport.Count(n.Need), salereport.Count(n.Limit), n.Unit, fmt.Sprintf("%.0f %%", 100*n.Share()), do}
	}
	if err := printTable(w, []any{"QUOTA", "NEEDED", "LIMIT", "", "USED", "WHAT TO DO"}, quotas); err != nil {
		return err
	}
	for _, part := range []struct {
		name  string
		lines []capacity.BillLine
	}{{"THE SALE", r.Bill.Sale}, {"A QUIET MONTH", r.Bill.Month}} {
		fmt.Fprintln(w)
		var bill [][]any
		for _, l := range part.lines {
			if l.Cost() >= 0.005 {
				bill = append(bill, []any{l.Service, l.What, salereport.Count(l.Units), fmt.Sprintf("%.2f", l.Cost())})
			}
		}
		bill = append(bill, []any{"", "", "", fmt.Sprintf("%.2f", capacity.Total(part.lines))})
		if err := printTable(w, []any{part.name, "", "UNITS", "USD"}, bill); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "\nPrices of %s, us-east-1, before free tiers. Each line's page: banyan capacity --json\n", r.Bill.Prices)
	return nil
}

// sentence says what would happen in one.
func sentence(r capacity.Result) string {
	orders := fmt.Sprintf("%s orders in %s", salereport.Count(r.Accepted+r.Refused.Sum()), span(r.Plan.Lead+r.Plan.For))
	var b strings.Builder
	switch refused := r.Refused.Sum(); {
	case refused < 1:
		fmt.Fprintf(&b, "%s: all accepted", orders)
	default:
		fmt.Fprintf(&b, "%s: %s of them told to come back (%s)", orders, salereport.Count(math.Round(refused)), tooLittle(r.Refused))
	}
	if r.EmptyAt == capacity.Never {
		b.WriteString("; legacy never catches up, since even the calm rate is more than it can write.")
	} else {
		fmt.Fprintf(&b, "; the last of them written %s after the sale began, over %d connections.", span(r.EmptyAt), r.Most)
	}
	return b.String()
}

// tooLittle names what turned most shoppers away.
func tooLittle(r capacity.Refusals) string {
	most, name := r.Throttle, "API Gateway's throttle"
	for _, other := range []struct {
		n    float64
		name string
	}{{r.Environment, "no environment of the function was free"}, {r.Table, "the table took no more"}, {r.Machine, "the machine accepts no more"}} {
		if other.n > most {
			most, name = other.n, other.name
		}
	}
	return name
}

func emptyAfter(r capacity.Result) string {
	if r.EmptyAt == capacity.Never {
		return "never"
	}
	return span(r.EmptyAt) + " since the sale began"
}

// span writes a duration without what nobody reads.
func span(d time.Duration) string {
	switch {
	case d >= time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	}
	return d.Round(time.Millisecond).String()
}
