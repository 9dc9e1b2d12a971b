package report

import (
	"fmt"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale/rig"
)

// subtitle says in a line what was rehearsed, and when.
func (r *Report) subtitle() string {
	text := fmt.Sprintf("%s · everybody wants %s", r.days(), r.Product)
	if r.Setup.Target != "" {
		return text + " · " + r.Setup.Target
	}
	return text + fmt.Sprintf(" · a %s database of %d connections in which a transaction that writes orders takes %s", r.Setup.Database, r.Setup.Connections, Span(r.Setup.Latency))
}

// assumptions say how it was done, so that nobody has to guess what the figures
// rest on.
func (r *Report) assumptions() []string {
	h := r.Plan.Habits
	list := []string{
		fmt.Sprintf("Shoppers come at random moments, whether or not the storefront keeps up (an open model), and a latency counts from when the shopper came or pressed the button. Nothing slows the generator down: a request that it could not send is counted as not sent. It keeps %s open at once at most.", Count(float64(r.Machine.Open))),
		fmt.Sprintf("A shopper opens the page of the hot product, and then presses the button. %s press it twice at once, %s of those who hear nothing for %s press once more with the same key, %s buy again as soon as the first order is accepted, and %s as many as buy put it into their cart and leave.",
			Percent(h.Double), Percent(h.Retry), Span(r.Plan.Patience), Percent(h.Return), Percent(h.Abandon)),
	}
	if r.Shape != "" {
		list = append(list, r.Shape)
	} else {
		list = append(list, fmt.Sprintf("%s orders a second for %s, then %s for %s, then %s for %s; beside them %s pages of other products a second all the time.",
			Count(r.Plan.Rate), Span(r.Plan.Lead), Count(r.Plan.Spike), Span(r.Plan.For), Count(r.Plan.Rate), Span(r.Plan.Tail), Count(r.Plan.Browse)))
	}
	if r.Setup.Target != "" {
		return append(list, "The storefront was there already and was driven once.")
	}
	return append(list, r.rigged()...)
}

// rigged says what the rig does to the database.
func (r *Report) rigged() []string {
	one := ""
	if s := r.Run(rig.Straight); s != nil && r.Setup.Latency > 0 {
		one = fmt.Sprintf(" The shop alone can therefore take %s orders a second at the very most (%d connections ÷ %s): that is all that is wrong with it.",
			Count(float64(s.Split.Shop)/r.Setup.Latency.Seconds()), s.Split.Shop, Span(r.Setup.Latency))
	}
	return []string{
		fmt.Sprintf("Each transaction that writes orders holds its connection for %s, whoever makes it, as with a slow disk, triggers, or a search index that is kept up to date.%s", Span(r.Setup.Latency), one),
		"The shop makes one transaction for each order, since a shopper waits for it. Banyan’s relay makes one for up to 100 orders, since nobody waits: that is why it writes more orders a second over fewer connections. Where a database is slow for each order rather than for each transaction, a queue drains slower than here; see what the paper below says of that.",
		"With Banyan in front, the shop gives a fifth of its connections to the relay, so that both together stay within what the database allows. The one that counts the orders for this report has one of them.",
		fmt.Sprintf("Shoppers, shop, database and Banyan share this one machine, and what the generator takes of its %d cores the storefront does not have. Each run has a fresh database and meets the same shoppers (the same seed).", r.Machine.Cores),
	}
}

// connectionWords say how connections were counted.
func (r *Report) connectionWords() string {
	how := "Counted from outside: how often the processes hold the database’s file open, by /proc, once a second."
	if r.Setup.Database == "PostgreSQL" {
		how = "Counted by PostgreSQL itself (pg_stat_activity), once a second."
	}
	if r.Setup.Connections == 0 {
		return "Nobody could be asked how many connections the legacy database had."
	}
	return fmt.Sprintf("The database allows %d, all together. %s", r.Setup.Connections, how)
}

// table is the machine and the software.
func (m Machine) table(r *Report) Table {
	return Table{Head: []string{"", ""}, Rows: [][]string{
		{"processor", fmt.Sprintf("%d cores, %s", m.Cores, m.CPU)},
		{"memory", m.Memory},
		{"system", m.OS},
		{"load before", m.Load},
		{"Go", m.Go},
		{"Banyan", m.Banyan},
		{"database", r.Setup.Database},
		{"took", Span(r.Took.Round(time.Second))},
	}}
}
