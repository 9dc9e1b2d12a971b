package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/banyan-edge/banyan/api/console"
	"github.com/banyan-edge/banyan/api/intake/local"
	"github.com/banyan-edge/banyan/api/lambda"
	"github.com/banyan-edge/banyan/api/lambda/gateway"
	"github.com/banyan-edge/banyan/api/shop"
	"github.com/banyan-edge/banyan/edge/flip"
	"github.com/banyan-edge/banyan/edge/proxy"
	"github.com/banyan-edge/banyan/edge/route"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	relaylocal "github.com/banyan-edge/banyan/legacy-adapter/relay/local"
)

// installation is everything that "banyan up" runs, on one machine:
//
//	shoppers ─▶ edge ─┬─▶ legacy: the sample shop here, or a real one elsewhere ─▶ legacy database
//	                  └─▶ gateway ─▶ wrap ─▶ the shop's handlers ─▶ intake             ▲
//	                                                                  └─▶ relay ───────┘
//	merchants, ops ─▶ console
type installation struct {
	command upCommand
	place   Place
	config  string
	log     *slog.Logger
	metrics *prometheus.Registry
	started time.Time

	flips *flip.Store
	table atomic.Pointer[route.Table]

	orders   *local.Store
	legacyDB *legacydb.DB // nil where no legacy.database is configured
	budget   *relay.Budget
	relay    *relay.Relay // nil where there is no legacy database, or the relay is held
	sample   *sampleShop  // nil in front of a real shop
	edge     *proxy.Proxy
	capture  capturing
	selling  selling
	pace     pace
	shown    shown
	patience patience // with legacy's own count
	redrives redrives

	storefrontAt, consoleAt net.Listener
	secure                  secure // TLS towards shoppers, where it is on
	storefront              *proxy.Engine
	console                 *http.Server

	working context.Context // ends when everything is to stop
	work    sync.WaitGroup  // relay, watch and stock loops, and servers
	stop    context.CancelFunc
	failed  chan error // a server that ended by itself
	relayed chan struct{}
	closers []func() error // what was opened, in order
}

// install builds everything top to bottom and starts it. Where a step fails,
// what was opened before is closed.
func install(ctx context.Context, c upCommand, place Place, config string, log *slog.Logger) (_ *installation, err error) {
	in := &installation{command: c, place: place, config: config, log: log, started: time.Now(),
		metrics: prometheus.NewRegistry(), failed: make(chan error, 4), relayed: make(chan struct{})}
	in.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	ctx, in.stop = context.WithCancel(context.WithoutCancel(ctx))
	in.working = ctx
	defer func() {
		if err != nil {
			in.close()
		}
	}()
	for _, step := range []func(context.Context) error{
		in.openTable, in.openPorts, in.openTLS, in.openOrders, in.openLegacy, in.fillStock, in.openSelling, in.openCapture, in.openEdge, in.openConsole,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	in.start(ctx)
	return in, nil
}

// openTable reads the two files. The edge does not start on files that make no
// table; a running one keeps the last good table.
func (in *installation) openTable(context.Context) error {
	flips, err := flip.Open(flip.Options{Config: in.config, Data: in.place.Data, Now: time.Now, Logger: in.log})
	if err != nil {
		return err
	}
	in.flips = flips
	table, findings, err := flips.Load()
	if err != nil {
		return err
	}
	if table == nil { // in the mode all-legacy there is one in spite of broken products
		return withHint(findings.Err(), `"banyan check" shows all that is wrong`)
	}
	in.table.Store(table)
	return nil
}

func (in *installation) openPorts(context.Context) (err error) {
	if in.storefrontAt, err = listen(in.command.Listen, "--listen"); err != nil {
		return err
	}
	in.onClose(ignoreClosed(in.storefrontAt.Close))
	if in.consoleAt, err = listen(in.command.Console, "--console"); err != nil {
		return err
	}
	in.onClose(ignoreClosed(in.consoleAt.Close))
	return nil
}

func (in *installation) openOrders(ctx context.Context) (err error) {
	if err := keptHere(in.table.Load().Config()); err != nil {
		return err
	}
	in.orders, err = local.Open(ctx, local.Options{Path: in.place.file(intakeName), Logger: in.log, Metrics: in.metrics})
	var locked *local.LockedError
	if errors.As(err, &locked) {
		return withHint(err, "another banyan runs on %s; stop it, or choose another folder with --data", in.place.Data)
	}
	if err == nil {
		in.onClose(in.orders.Close)
	}
	return err
}

// openLegacy opens the legacy database for the relay, and the sample shop
// where no real one is put behind.
func (in *installation) openLegacy(ctx context.Context) error {
	cfg := in.table.Load().Config()
	settings, err := legacySettings(cfg, in.config)
	if err != nil {
		return err
	}
	if in.command.Legacy == "" && (cfg.Origins.Legacy.IsLocal() || cfg.Origins.Legacy.URL == "") {
		in.sample, err = openSampleShop(ctx, sampleOptions{
			Database: settings.Database, Listen: "127.0.0.1:0", Latency: in.command.LegacyLatency,
			Connections: in.command.LegacyConnections, Logger: in.log,
		})
		if err != nil {
			return err
		}
		in.onClose(in.sample.close)
	}
	if settings.Database == "" {
		in.log.Warn("orders will wait: no legacy.database is configured")
		return nil
	}
	in.legacyDB, err = legacydb.Open(ctx, settings, legacydb.Options{Logger: in.log, Latency: in.command.LegacyLatency})
	if err != nil {
		return err
	}
	in.onClose(in.legacyDB.Close)
	in.budget = newBudget(settings, in.log)
	in.metrics.MustRegister(in.budget)
	if in.command.HoldRelay || len(settings.Write) == 0 {
		in.log.Warn("orders will wait: the relay is held, or legacy.write does not say how an order becomes rows")
		return nil
	}
	in.relay = relay.New(relay.Options{
		Source: relaylocal.New(in.orders, relaylocal.Options{}), Legacy: in.legacyDB, Budget: in.budget,
		Workers: relayWorkers(settings.Database), Logger: in.log, Metrics: in.metrics,
	})
	return nil
}

// openCapture keeps the requests of routes to: queue, and replays them.
func (in *installation) openCapture(ctx context.Context) error { return in.capture.open(ctx, in) }

// relayWorkers is how many batches the relay has in hand at once; zero is as
// many as the budget allows. SQLite has one writer: several would only split
// the orders into smaller transactions that wait for each other.
func relayWorkers(database string) int {
	if strings.HasPrefix(database, "sqlite:") {
		return 1
	}
	return 0
}

// openEdge puts the proxy in front of both arms.
func (in *installation) openEdge(context.Context) error {
	cfg := in.table.Load().Config()
	legacy, err := in.legacyOrigin(cfg)
	if err != nil {
		return err
	}
	serverless, err := in.serverlessArm(cfg)
	if err != nil {
		return err
	}
	in.edge, err = proxy.New(proxy.Options{
		Table:       func() proxy.Table { return in.table.Load() },
		Legacy:      legacy,
		Serverless:  serverless,
		Storefront:  cfg.StorefrontURL(),
		TrustedHops: cfg.TrustedPrefixes(),
		Capture:     in.capture.hook(),
		RevealArm:   in.command.RevealArm,
		Logger:      in.log,
		Metrics:     in.metrics,
	})
	if err != nil {
		return err
	}
	in.onClose(func() error { in.edge.Close(); return nil })
	in.storefront = proxy.NewEngine(in.edge)
	return nil
}

func (in *installation) legacyOrigin(cfg *route.Config) (proxy.Origin, error) {
	text := cfg.Origins.Legacy.URL
	switch {
	case in.command.Legacy != "":
		text = in.command.Legacy
	case in.sample != nil:
		text = in.sample.url
	}
	u, err := url.Parse(text)
	if err != nil {
		return proxy.Origin{}, fmt.Errorf("legacy's address: %w", err)
	}
	secret, err := secretOf("legacy", cfg.Origins.Legacy, in.config)
	return proxy.Origin{URL: u, Host: cfg.Origins.Legacy.Host, HTTP2: cfg.Origins.Legacy.HTTP2 && u.Scheme == "https", Secret: secret}, err
}

// serverlessArm is the API's address, or the same handlers here: behind the
// same wrap that Lambda runs, reached through events as in Lambda.
func (in *installation) serverlessArm(cfg *route.Config) (proxy.Serverless, error) {
	if u := cfg.Origins.Serverless.Address(); u != nil {
		secret, err := secretOf("serverless", cfg.Origins.Serverless, in.config)
		o := cfg.Origins.Serverless
		return proxy.Serverless{Origin: proxy.Origin{URL: u, Host: o.Host, HTTP2: o.HTTP2, Secret: secret}}, err
	}
	handlers := shop.New(shop.Options{Orders: in.orders, Listings: in.orders.Listings(), Uploads: in.selling.pictures, Logger: in.log})
	wrap := lambda.New(handlers, lambda.Options{Logger: in.log})
	return proxy.Serverless{Handler: in.selling.beside(gateway.New(gateway.Options{Invoke: wrap.Invoke, Logger: in.log}))}, nil
}

func (in *installation) openConsole(context.Context) error {
	d := desk{in}
	in.console = &http.Server{
		Handler: console.New(console.Options{
			Products: d, Flipper: d, History: d, Orders: d, Ledger: d,
			DeadLetters: deadDesk{in}, Mender: deadDesk{in},
			Metrics:    promhttp.HandlerFor(in.metrics, promhttp.HandlerOpts{}),
			Commands:   in.commands(),
			Storefront: in.running().Storefront, Version: version(), Logger: in.log,
		}),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       75 * time.Second,
		ErrorLog:          slog.NewLogLogger(in.log.Handler(), slog.LevelDebug),
	}
	if in.command.Pprof {
		in.console.Handler = profiled(in.console.Handler, in.consoleAt.Addr().String())
	}
	return nil
}

func (in *installation) running() running {
	r := running{PID: pid(), Storefront: in.storefrontAddress(), Console: address(in.consoleAt), Config: in.config, Started: in.started}
	if in.sample != nil {
		r.Legacy = in.sample.url
	} else if legacy, err := in.legacyOrigin(in.table.Load().Config()); err == nil {
		r.Legacy = legacy.URL.String()
	}
	return r
}

func (in *installation) onClose(f func() error) { in.closers = append(in.closers, f) }
