//go:build linux

// Command edge measures Banyan's edge beside nginx, HAProxy and Caddy: the same
// origin, routes, headers and log for all, in turn, on one machine.
//
//	wrk, or arrivals at a rate ─▶ proxy on a core of its own ─▶ origin
//
// "make bench-edge" installs the peers, runs it, and has it write RESULTS.md.
// Each flag is an environment variable too: EDGE_CASES, EDGE_ROUNDS,
// EDGE_SECONDS and so on make a short run, which prints and writes nothing
// unless --out says where.
//
// Only Linux has what it needs: taskset, epoll, /proc.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// commands are the rig and the two ends that it runs as processes.
type commands struct {
	Run    runCommand    `cmd:"" default:"withargs" help:"Measure."`
	Origin originCommand `cmd:"" hidden:""`
	Arrive arriveCommand `cmd:"" hidden:""`
}

type runCommand struct {
	Banyan       string   `help:"The banyan binary." default:"bin/banyan" type:"path"`
	BanyanFlags  []string `help:"More flags of banyan up, separated by commas." placeholder:"FLAG"`
	Caddy        string   `help:"The caddy binary; empty leaves Caddy out." type:"path"`
	CaddyVersion string   `help:"What version it is; it does not know itself." default:"unknown"`
	Contenders   []string `help:"Who takes part." default:"nginx,haproxy,caddy,banyan" enum:"nginx,haproxy,caddy,banyan"`
	Cases        string   `help:"Only workloads whose name matches, such as get-2k/products=10/conns=32/plain." default:"." placeholder:"REGEXP"`
	Rounds       int      `help:"How often each contender has its turn." default:"3"`
	Seconds      int      `help:"How long each turn takes." default:"4"`
	Half         bool     `help:"Measure latency at half load too." default:"true" negatable:""`
	Profile      string   `help:"Folder for CPU profiles of banyan (needs a binary that knows --pprof)." type:"path" placeholder:"DIR"`
	Out          string   `help:"File for the page of figures." type:"path" placeholder:"FILE"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parsed := kong.Parse(&commands{}, kong.Name("edge"), kong.Description("Measures Banyan's edge beside nginx, HAProxy and Caddy."), kong.DefaultEnvars("EDGE"),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(os.Stdout, (*io.Writer)(nil)))
	parsed.FatalIfErrorf(parsed.Run())
}

// Run takes the figures, prints them as they come, and the page at the end.
func (c runCommand) Run(ctx context.Context, out io.Writer) error {
	wanted, err := regexp.Compile(c.Cases)
	if err != nil {
		return fmt.Errorf("--cases: %w", err)
	}
	some := slices.DeleteFunc(workloads(), func(w workload) bool { return !wanted.MatchString(w.String()) })
	if len(some) == 0 {
		return fmt.Errorf("--cases %q matches no workload; they are called like %s", c.Cases, workloads()[0])
	}
	m, err := newMachine()
	if err != nil {
		return err
	}
	r := &rig{machine: m, out: out, span: time.Duration(c.Seconds) * time.Second, contenders: c.contenders(), profile: c.Profile, half: c.Half}
	p := report{command: c.command(), rounds: c.Rounds, span: r.span, load: loadNow(), versions: r.versions()}
	closing, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer closing()
	if p.ceilings, err = r.ceilings(ctx, some); err != nil {
		return err
	}
	for number := 1; number <= c.Rounds; number++ {
		for _, w := range some {
			if err := r.round(ctx, w, number); err != nil {
				return err
			}
		}
	}
	p.results, p.skipped = results{r.samples}, r.skipped
	page := p.markdown()
	fmt.Fprintf(out, "\n%s", page)
	if c.Out != "" {
		err = os.WriteFile(c.Out, page, 0o644)
	}
	if r.failures > 0 {
		err = errors.Join(err, fmt.Errorf("%d measurements failed; the page names them", r.failures))
	}
	return err
}

// command is what to type for the same run.
func (c runCommand) command() string {
	if c.Cases == "." {
		return "make bench-edge"
	}
	return "EDGE_CASES='" + c.Cases + "' make bench-edge"
}

// contenders returns those that take part.
func (c runCommand) contenders() []contender {
	flags := c.BanyanFlags
	if c.Profile != "" {
		flags = append(flags, "--pprof")
	}
	all := []contender{nginx(), haproxy(), caddy(c.Caddy, c.CaddyVersion), banyan(c.Banyan, flags...)}
	return slices.DeleteFunc(all, func(one contender) bool {
		return !slices.Contains(c.Contenders, one.name) || one.name == "caddy" && c.Caddy == ""
	})
}

// versions says what is measured with what.
func (r *rig) versions() []string {
	all := []string{"Go " + strings.TrimPrefix(runtime.Version(), "go"), firstLine(says("wrk", "-v")())}
	for _, c := range r.contenders {
		all = append(all, c.name+": "+firstLine(c.version()))
	}
	return all
}

// ceilings measures each kind of request without a proxy.
func (r *rig) ceilings(ctx context.Context, some []workload) ([]string, error) {
	var said []string
	var seen []kind
	for _, w := range some {
		if slices.Contains(seen, w.Kind) {
			continue
		}
		seen = append(seen, w.Kind)
		rate, err := r.ceiling(ctx, w)
		if err != nil {
			return nil, err
		}
		said = append(said, fmt.Sprintf("%s %.0f requests/s", w.Kind, rate))
		fmt.Fprintf(r.out, "%-34s no proxy  %8.0f/s\n", w.Kind, rate)
	}
	return said, nil
}
