package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/banyan-edge/banyan/edge/proxy"
)

// The addresses of a "banyan up" that is not told others.
const (
	defaultListen  = "127.0.0.1:8080"
	defaultConsole = "127.0.0.1:8081"
)

// drainWithin is how long open requests and deliveries in hand may take to
// finish after SIGTERM.
const drainWithin = 30 * time.Second

type upCommand struct {
	Listen  string `help:"Address of the storefront; port 0 takes a free one." default:"127.0.0.1:8080" placeholder:"ADDR"`
	Console string `help:"Address of the console. It knows no passwords: keep it on a private address." default:"127.0.0.1:8081" placeholder:"ADDR"`
	Legacy  string `help:"Address of a real shop to stand in front of, instead of the one in banyan.yaml." placeholder:"URL"`

	LegacyLatency     time.Duration `help:"What each order costs the sample shop's database, to rehearse a slow one." placeholder:"50ms"`
	LegacyConnections int           `help:"How many connections the sample shop itself may hold." default:"25"`
	HoldRelay         bool          `help:"Take orders but leave them in the queue, as for maintenance of the legacy database."`
	RevealArm         bool          `help:"Say in each answer, by x-banyan-arm, which arm gave it."`
	Pprof             bool          `help:"Give Go's profiles under /debug/pprof/ of the console."`
	tlsFlags
	Log      string     `help:"Where the JSON log goes: a file, or - for stderr (default: DATA/banyan.log on a terminal, else stderr)." placeholder:"FILE"`
	LogLevel slog.Level `help:"debug, info (one line a request), warn or error." default:"info"`
}

// Run starts everything, says where it is, and drains when ctx ends.
func (c upCommand) Run(ctx context.Context, place Place, term terminal) error {
	if err := os.MkdirAll(place.Data, 0o755); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	config, err := c.config(place)
	if err != nil {
		return err
	}
	log, closeLog, err := c.logger(place, term)
	if err != nil {
		return err
	}
	defer closeLog()

	tuneMemory()
	in, err := install(ctx, c, place, config, log)
	if err != nil {
		return err
	}
	if err := place.announce(in.running()); err != nil {
		in.close()
		return err
	}
	defer os.Remove(place.file(runningName))
	if err := c.greet(place, term, in.running()); err != nil {
		in.close()
		return err
	}
	err = in.serve(ctx)
	term.say("banyan: stopped")
	return err
}

// gcPercent is how far the heap may grow before it is collected. A storefront's
// live heap is some 20 MB, and the default would collect it many times a second
// during a sale; this costs some 60 MB and gives a tenth more orders a second.
const gcPercent = 400

// tuneMemory sets gcPercent, unless the operator set GOGC.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// config returns the banyan.yaml to use. Where there is none, the default pair
// of files is written into the data folder.
func (c upCommand) config(place Place) (string, error) {
	if c.Legacy != "" {
		if u, err := url.Parse(c.Legacy); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return "", badUsage(fmt.Sprintf("--legacy %q is not an address", c.Legacy), "write it as http://127.0.0.1:9000")
		}
	}
	if place.Config != "" {
		return place.Config, exists(place.Config)
	}
	if exists(configName) == nil {
		return filepath.Abs(configName)
	}
	path, err := writeDefaults(place.Data, "http://"+c.Listen, c.Legacy)
	if errors.Is(err, fs.ErrExist) { // from an earlier run
		err = nil
	}
	return path, err
}

// logger opens the JSON log. A demo on a terminal is not buried in it.
func (c upCommand) logger(place Place, term terminal) (*slog.Logger, func(), error) {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	file := c.Log
	if file == "" && isTerminal(term.Err) {
		file = place.file(logName)
	}
	if file == "" || file == "-" {
		return slog.New(proxy.NewLogHandler(term.Err, options)), func() {}, nil
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, nil, withHint(fmt.Errorf("open the log: %w", err), "name a file that can be written with --log, or - for stderr")
	}
	return slog.New(proxy.NewLogHandler(f, options)), func() { f.Close() }, nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// greet prints where everything is, once everything answers.
func (c upCommand) greet(place Place, term terminal, r running) error {
	if place.JSON {
		return printLine(term.Out, map[string]string{"storefront": r.Storefront, "console": r.Console, "legacy": r.Legacy, "data": place.Data})
	}
	try := "open the storefront and buy something; then flip a product in the console"
	if c.Legacy == "" {
		try = "buy the rod at /shop/rods/tourney-casting-rod, then: " + os.Args[0] + " flip tourney-casting-rod serverless"
		if shown := dataFlag(place); shown != "" {
			try += shown
		}
	}
	_, err := fmt.Fprintf(term.Out, "banyan is up\n  storefront  %s\n  console     %s\n  try         %s\n", r.Storefront, r.Console, try)
	if isTerminal(term.Err) && c.Log == "" {
		term.say("  log         %s (Ctrl-C drains and stops)", place.file(logName))
	}
	return err
}

// dataFlag is what a command typed in the working directory needs to find the
// same data folder.
func dataFlag(place Place) string {
	if standard, err := filepath.Abs("data"); err == nil && standard == place.Data {
		return ""
	}
	return " --data " + place.Data
}

// listen opens a port, with a hint where it is taken.
func listen(address, flag string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, withHint(fmt.Errorf("%s %s is taken", flag, address), "another process listens there; choose another port, or port 0 for a free one")
	}
	if err != nil {
		return nil, withHint(fmt.Errorf("listen on %s: %w", address, err), "write %s as 127.0.0.1:8080", flag)
	}
	return l, nil
}

// address is where browsers find a listener: an unspecified address means this
// machine.
func address(l net.Listener) string {
	host, port, _ := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// localPath makes the path of a sqlite: address absolute, as seen from the
// folder of banyan.yaml.
func localPath(database, config string) string {
	path, isFile := strings.CutPrefix(database, "sqlite:")
	if !isFile || filepath.IsAbs(path) {
		return database
	}
	return "sqlite:" + filepath.Join(filepath.Dir(config), path)
}
