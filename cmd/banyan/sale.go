package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale"
	"github.com/banyan-edge/banyan/loadtest/sale/accesslog"
	"github.com/banyan-edge/banyan/loadtest/sale/rehearsal"
	salereport "github.com/banyan-edge/banyan/loadtest/sale/report"
	"github.com/banyan-edge/banyan/loadtest/sale/rig"
	saleshopper "github.com/banyan-edge/banyan/loadtest/sale/shopper"
)

type saleCommand struct {
	Rate   float64       `help:"Orders a second before and after the spike." default:"10"`
	Spike  float64       `help:"Orders a second of one hot product during the sale." default:"300"`
	For    time.Duration `help:"How long the spike lasts." default:"30s"`
	Browse float64       `help:"Pages of other products a second, all the time." default:"100"`
	Lead   time.Duration `help:"How long it is watched before the spike." default:"10s"`
	Tail   time.Duration `help:"How long it is watched after the spike." default:"5s"`

	Shape     string  `help:"An access log whose traffic is taken instead of --rate, --spike and --browse." type:"path" placeholder:"FILE"`
	Times     float64 `help:"How many times the log's traffic comes." default:"1"`
	OrderPath string  `help:"Where the log's shop takes orders: a POST to a path with this in it is one." default:"/checkout" placeholder:"PATH"`

	Target      string        `help:"Drive only this storefront, once. Without it nothing but loopback is asked." placeholder:"URL"`
	Database    string        `help:"postgres://… on which the rehearsal may make databases (default: SQLite); with --target, the legacy database in which orders are looked up." placeholder:"URL"`
	Connections int           `help:"Connections that the database allows, all together." default:"25"`
	Latency     time.Duration `help:"For which a transaction that writes orders holds its connection." default:"400ms"`
	Product     string        `help:"The product that everybody wants." default:"tourney-casting-rod" placeholder:"SLUG"`
	Backlog     int           `help:"Orders that are piled up while the relay is held, to see them drain; 0: none." default:"17000"`
	Stock       int           `help:"Units there are of it (default: as many as the sample shop has, 100000)." placeholder:"N"`
	Patience    time.Duration `help:"How long a shopper waits for an answer." default:"10s"`
	DrainWithin time.Duration `help:"How long the queue may take to drain after the last shopper." default:"5m"`
	Runs        []rig.Way     `help:"Which of straight, all-legacy and flipped." default:"straight,all-legacy,flipped" placeholder:"WAY,…"`

	Out  string `help:"The report; the same as JSON is written beside it, as .json." default:"sale.html" type:"path" placeholder:"FILE"`
	Keep bool   `help:"Keep the folder with the databases and logs, and say where it is."`
}

// saleSeed makes every run meet the same shoppers.
const saleSeed = 1962

// Run rehearses the sale and writes the report. A verdict that is not clean is
// a failure.
func (c saleCommand) Run(ctx context.Context, place Place, term terminal) error {
	r, err := c.report(term)
	if err != nil {
		return err
	}
	tuneMemory()
	failed := c.rehearse(ctx, term, r)
	if len(r.Runs) == 0 {
		return cmp.Or(failed, errCutOff)
	}
	r.Took = time.Since(r.Began)
	r.Judge()
	failed = errors.Join(failed, addPaper(r))
	if err := c.write(place, term, r); err != nil {
		return err
	}
	switch {
	case !r.Verdict.Clean:
		return withHint(errors.New("not everything is as shoppers were told: "+strings.Join(r.Verdict.Faults, "; ")), "the report names the orders")
	case failed != nil:
		return withHint(failed, "the report holds what was measured until then")
	case ctx.Err() != nil:
		return errCutOff
	case !r.Verdict.Judged:
		term.say("not everything was looked up; the report says why")
	}
	return nil
}

// errCutOff: somebody had enough before the end.
var errCutOff = withHint(errors.New("the rehearsal was cut off"), "the report, where one was written, holds what was measured until then")

// report begins one: what is to be done, and on what.
func (c saleCommand) report(term terminal) (*salereport.Report, error) {
	plan := rehearsal.Plan{
		Rate: c.Rate, Spike: c.Spike, Browse: c.Browse, Lead: c.Lead, For: c.For, Tail: c.Tail,
		Patience: c.Patience, DrainWithin: c.DrainWithin, Habits: saleshopper.Usual, Seed: saleSeed,
	}
	if err := plan.Check(); err != nil {
		return nil, badUsage(err.Error(), "run banyan sale -h to see the flags")
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	r := &salereport.Report{
		Version: salereport.Version, Began: time.Now(), Command: commandLine(), Product: c.Product, Plan: plan, Machine: salereport.ThisMachine(),
		Setup: salereport.Setup{Database: databaseKind(c.Database), Connections: c.Connections, Latency: c.Latency, Target: c.Target},
	}
	r.Machine.Banyan, r.Machine.Open = version(), sale.AtOnce()
	if err := c.follow(r, term); err != nil {
		return nil, err
	}
	// Banyan holds two connections for each shopper who waits for legacy.
	if need := 2 * (1 + saleshopper.Usual.Abandon) * c.Spike * c.Patience.Seconds(); need > float64(sale.AtOnce()) {
		term.say("up to %.0f connections may be needed at once, and this system gives a process %d: raise \"ulimit -n\" where requests are not sent", need, sale.AtOnce())
	}
	return r, nil
}

// follow takes the traffic of a log where one is given.
func (c saleCommand) follow(r *salereport.Report, term terminal) error {
	if c.Shape == "" {
		return nil
	}
	f, err := os.Open(c.Shape)
	if err != nil {
		return withHint(fmt.Errorf("open the access log: %w", err), "--shape names a log in the common or combined form, or of JSON lines")
	}
	defer f.Close()
	traffic, err := accesslog.Read(f, c.OrderPath)
	if err != nil {
		return withHint(fmt.Errorf("%s: %w", c.Shape, err), "a line is like 203.0.113.7 - - [27/Nov/2026:08:00:00 +0000] \"POST /checkout HTTP/1.1\" 202 64, or JSON with time, method and path; --order-path says what is an order")
	}
	if traffic.Bad > 0 {
		term.say("%d of %d lines of %s could not be read, such as: %s", traffic.Bad, traffic.Lines, c.Shape, traffic.Examples[0])
	}
	busy := traffic.Busiest(c.Lead, c.For, c.Tail)
	pages, orders, most := busy.Sum()
	r.Plan.Pages, r.Plan.Orders = busy.Shapes(c.Times)
	r.Shape = fmt.Sprintf("The traffic is that of %s, times %g, around its busiest %s, which begin at %s: %s pages and %s orders in all, and %s orders in its busiest second, before they are multiplied. %d of the log’s %d lines could not be read.",
		filepath.Base(c.Shape), c.Times, c.For, busy.Began.Add(c.Lead).UTC().Format(time.RFC3339), salereport.Count(pages), salereport.Count(orders), salereport.Count(most), traffic.Bad, traffic.Lines)
	return nil
}

func (c saleCommand) check() error {
	for _, w := range c.Runs {
		if w != rig.Straight && w != rig.AllLegacy && w != rig.Flipped {
			return badUsage(fmt.Sprintf("--runs: there is no way %q", w), "the ways are straight, all-legacy and flipped")
		}
	}
	switch u, err := url.Parse(c.Target); {
	case c.Target != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")):
		return badUsage(fmt.Sprintf("--target %q is not an address", c.Target), "write it as http://127.0.0.1:8080")
	case c.Target == "" && c.Database != "" && !strings.HasPrefix(c.Database, "postgres://") && !strings.HasPrefix(c.Database, "postgresql://"):
		return badUsage("--database is not a postgres:// address", "leave it out for SQLite")
	case c.Connections < rig.MinConnections || c.Connections > 1000:
		return badUsage(fmt.Sprintf("--connections %d is not between %d and 1000", c.Connections, rig.MinConnections), "shop, relay and the one that counts have one each at least")
	case c.Latency < 0 || c.Latency > time.Minute:
		return badUsage("--latency is not between 0 and 1m", "a slow checkout takes some hundred milliseconds of a database")
	case c.Times <= 0 || c.Times > 10_000:
		return badUsage("--times is not between 0 and 10000", "2 is twice the log's traffic")
	case c.Backlog < 0 || c.Backlog > 1_000_000 || c.Stock < 0:
		return badUsage("--backlog is not between 0 and 1000000, or --stock below zero", "17000 is the largest queue that was reported of a sale")
	}
	return nil
}

func databaseKind(database string) string {
	if strings.HasPrefix(database, "postgres") {
		return "PostgreSQL"
	}
	return "SQLite"
}

// commandLine is what was typed, with passwords left out.
func commandLine() string {
	args := append([]string{filepath.Base(os.Args[0])}, os.Args[1:]...)
	for i, a := range args {
		if strings.ContainsAny(a, " '\"$&|;<>()*?") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		args[i] = redacted(a)
	}
	return strings.Join(args, " ")
}

// write writes both files, and says what is in them.
func (c saleCommand) write(place Place, term terminal, r *salereport.Report) error {
	side := strings.TrimSuffix(c.Out, filepath.Ext(c.Out)) + ".json"
	if err := writeFile(side, r.WriteJSON); err != nil {
		return err
	}
	if err := writeFile(c.Out, r.WriteHTML); err != nil {
		return err
	}
	if place.JSON {
		return r.WriteJSON(term.Out)
	}
	fmt.Fprintf(term.Out, "%s\n%s\n\n", r.Verdict.Sentence, r.Sentence())
	if err := printTable(term.Out, []any{"", ""}, figureRows(r)); err != nil {
		return err
	}
	term.say("report: %s (%s for programs)", c.Out, side)
	return nil
}

// figureRows are the figures that matter most.
func figureRows(r *salereport.Report) [][]any {
	var rows [][]any
	for _, f := range r.Figures() {
		rows = append(rows, []any{f.Name, f.Value})
	}
	return rows
}
