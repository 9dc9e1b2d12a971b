package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
)

// The rules of what banyan says: data goes to stdout, talk to stderr. An error
// is "banyan: …", lower case and without a full stop, and where something can
// be done about it a line "hint: …" follows. Nothing is coloured.
//
// Exit codes: 0 ok, 1 failed, 2 usage, 3 a check found problems.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitProblems = 3
)

// commands is every command with its flags; -h is made of it.
type commands struct {
	Place `embed:""`

	Up       upCommand       `cmd:"" help:"Run storefront, API, relay and console on this machine."`
	Init     initCommand     `cmd:"" help:"Write banyan.yaml and products.yaml, with comments."`
	Check    checkCommand    `cmd:"" help:"Check banyan.yaml and products.yaml (and, with --database, the legacy schema)."`
	Explain  explainCommand  `cmd:"" help:"Say which arm answers a URL, and why."`
	Products productsCommand `cmd:"" help:"List the products that can be flipped, with their arm."`
	Flip     flipCommand     `cmd:"" help:"Send a product to the serverless path, or back to legacy."`
	Mode     modeCommand     `cmd:"" help:"Send everything to legacy on a bad day, and back."`
	History  historyCommand  `cmd:"" help:"Show who flipped what, when and why."`
	Orders   ordersCommand   `cmd:"" help:"List orders, or show one."`
	Dead     deadCommand     `cmd:"" help:"Look after dead letters: list, show, edit, check, redrive, drop."`
	Ledger   ledgerCommand   `cmd:"" help:"Count the orders: accepted = written + waiting + dead + cancelled."`
	Listings listingsCommand `cmd:"" help:"List what sellers offered, show one, count them, redrive those that legacy refused."`
	Stock    stockCommand    `cmd:"" help:"Show the stock: on hand, held, sold, left, and legacy's own count."`
	Relay    relayCommand    `cmd:"" help:"Take orders from a queue on AWS to the legacy database, as a process that keeps running."`
	Compile  compileCommand  `cmd:"" help:"Write what CloudFront runs: the function, its key-value items, the cache behaviours."`
	Sale     saleCommand     `cmd:"" help:"Rehearse a sale on this machine, three times, and look every order up."`
	Capacity capacityCommand `cmd:"" help:"Play a sale on paper: queue, quotas, time to empty, cost."`
	Plan     planCommand     `cmd:"" help:"Show what publishing to CloudFront's key-value store would change, and what it costs."`
	Publish  publishCommand  `cmd:"" help:"Publish the table to CloudFront's key-value store, or go back to an earlier epoch."`
	Receipt  receiptCommand  `cmd:"" help:"Ask the storefront until a product answers from its new arm, and say how long it took."`
	Package  packageCommand  `cmd:"" help:"Build the Lambda zips, the same bytes from the same sources."`
	Deploy   deployCommand   `cmd:"" help:"Make the stacks on AWS, or change them; shows what would change first."`
	Remove   removeCommand   `cmd:"" help:"Take the stacks away; the orders stay, and the shop works as before."`
	Tenant   tenantCommand   `cmd:"" help:"One stack, or one account, for each of many shops."`
	Legacy   legacyCommand   `cmd:"" help:"Run the sample legacy shop alone, without Banyan in front."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

// terminal is where a command reads and writes.
type terminal struct {
	In       io.Reader
	Out, Err io.Writer
}

// say writes talk to stderr.
func (t terminal) say(format string, args ...any) { fmt.Fprintf(t.Err, format+"\n", args...) }

// run parses args, runs the command and returns the exit code.
func run(ctx context.Context, args []string, term terminal) int {
	var cmds commands
	exited := -1
	parser, err := kong.New(&cmds,
		kong.Name("banyan"),
		kong.Description("Banyan stands in front of an existing shop: hot products and the checkout go to a serverless path, orders are queued ahead of the legacy database, everything else falls through."),
		kong.DefaultEnvars("BANYAN"),
		kong.Writers(term.Out, term.Err),
		kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(term, &cmds.Place),
	)
	if err != nil {
		panic(err) // a mistake in the structs above
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // -h
		return exited
	}
	if err != nil {
		return report(term, usageError(err))
	}
	return report(term, parsed.Run(cmds.Place))
}

// failure is an error with a hint and the exit code it deserves.
type failure struct {
	err  error
	hint string
	code int
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// withHint adds what to do about err.
func withHint(err error, format string, args ...any) error {
	return &failure{err: err, hint: fmt.Sprintf(format, args...), code: exitFailed}
}

// badUsage is a mistake in the command line.
func badUsage(message, hint string) error {
	return &failure{err: errors.New(message), hint: hint, code: exitUsage}
}

// errProblems ends a command that has already shown the problems it found.
var errProblems = &failure{err: errors.New(""), code: exitProblems}

func usageError(err error) error {
	hint := "run banyan -h to see the commands"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if command := parse.Context.Command(); command != "" {
			hint = fmt.Sprintf("run banyan %s -h to see its flags", strings.Fields(command)[0])
		}
	}
	return &failure{err: err, hint: hint, code: exitUsage}
}

// report shows an error and returns the exit code.
func report(term terminal, err error) int {
	if err == nil {
		return exitOK
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: exitFailed}
	}
	if message := err.Error(); message != "" {
		term.say("banyan: %s", message)
	}
	if f.hint != "" {
		term.say("hint: %s", f.hint)
	}
	return f.code
}

type versionCommand struct{}

// Run prints the module version and the commit it was built from.
func (versionCommand) Run(term terminal) error {
	fmt.Fprintln(term.Out, "banyan", version())
	return nil
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v
}

// currentUser is who a change is put down to when --who is not given.
func currentUser() string {
	if u := os.Getenv("USER"); u != "" {
		return u
	}
	return "cli"
}
