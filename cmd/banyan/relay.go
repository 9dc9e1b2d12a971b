package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

type relayCommand struct {
	Store storeFlags `embed:"" group:"On AWS:"`

	Listen      string        `help:"Address of /metrics and /healthz. It knows no passwords: keep it on a private address." default:"127.0.0.1:8082" placeholder:"ADDR"`
	Listings    bool          `help:"Take sellers' listings instead of orders: --queue is then theirs."`
	Connections int           `help:"This relay's share of legacy.connections, where several run (default: all of them)." placeholder:"N"`
	Visibility  time.Duration `help:"How long an order stays with a relay that died with it in hand." default:"1m"`
	SweepEvery  time.Duration `help:"How often orders are sent that a crash left unsent; 0s leaves it to the API's schedule." default:"1m"`
	StockEvery  time.Duration `help:"How often the stock is held against legacy's own count, where legacy.stock asks for it; 0s never." default:"1m"`
	Log         slog.Level    `help:"debug, info, warn or error." default:"info" name:"log-level"`
}

// relaying is a relay on AWS as a process:
//
//	queue ─▶ source ─▶ breaker, budget ─▶ legacy database
//	table ◀─ settle ──────┘
type relaying struct {
	cloud   *cloud
	legacy  *legacydb.DB
	budget  *relay.Budget
	source  *sqs.Source
	relay   *relay.Relay
	sweep   func(context.Context) (int, error)
	metrics *prometheus.Registry
	log     *slog.Logger
	at      net.Listener
}

// Run takes orders to legacy until ctx ends, and then finishes those in hand.
func (c relayCommand) Run(ctx context.Context, place Place, term terminal) error {
	settings, err := c.legacy(place)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(term.Err, &slog.HandlerOptions{Level: c.Log}))
	r, err := c.open(ctx, place, settings, log)
	if err != nil {
		return err
	}
	defer r.legacy.Close()
	if place.JSON {
		err = printLine(term.Out, map[string]any{"relay": address(r.at), "connections": settings.Connections})
	} else {
		_, err = fmt.Fprintf(term.Out, "banyan relay is up\n  status  %s/healthz\n  legacy  %s, %d connections\n",
			address(r.at), redacted(settings.Database), settings.Connections)
	}
	if err != nil {
		return errors.Join(err, r.source.Close(), r.at.Close())
	}
	err = r.run(ctx, c)
	term.say("banyan: stopped")
	return err
}

// The bounds of --visibility: it is prolonged at each third of it, and SQS's own
// limit is 12 hours.
const (
	minVisibility = 3 * time.Second
	maxVisibility = time.Hour
)

// legacy reads what a relay needs to know of legacy.
func (c relayCommand) legacy(place Place) (legacydb.Config, error) {
	s, err := place.legacySettings()
	switch {
	case err != nil:
		return s, err
	case s.Database == "":
		return s, withHint(errNoLegacy, "name the database in banyan.yaml under legacy")
	case c.Listings && len(s.Listings) == 0:
		return s, withHint(errors.New("legacy.listings does not say how a listing becomes rows"), `"banyan init" writes an example; "banyan check --database" tries it`)
	case !c.Listings && len(s.Write) == 0:
		return s, withHint(errors.New("legacy.write does not say how an order becomes rows"), `"banyan init" writes an example; "banyan check --database" tries it`)
	case c.Connections < 0 || c.Connections > s.Connections:
		return s, badUsage(fmt.Sprintf("--connections %d is not within legacy.connections, %d", c.Connections, s.Connections), "all relays together stay within it")
	case c.Visibility < minVisibility || c.Visibility > maxVisibility:
		return s, badUsage(fmt.Sprintf("--visibility %s is not between %s and %s", c.Visibility, minVisibility, maxVisibility), "a minute is good: it is prolonged for as long as the relay lives")
	case c.Connections > 0:
		s.Connections = c.Connections
	}
	return s, nil
}

// open opens everything; what it opened is closed where a step fails.
func (c relayCommand) open(ctx context.Context, place Place, settings legacydb.Config, log *slog.Logger) (_ *relaying, err error) {
	s, on, err := place.storeSettings()
	if err == nil && !on {
		err = badUsage("no queue and no table on AWS are named", `give --queue and --table, or write intake.store in banyan.yaml; orders kept here are taken to legacy by "banyan up"`)
	}
	if err != nil {
		return nil, err
	}
	r := &relaying{metrics: prometheus.NewRegistry(), log: log, budget: newBudget(settings, log)}
	r.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), r.budget)
	if r.at, err = listen(c.Listen, "--listen"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.at.Close())
		}
	}()
	if r.cloud, err = openCloud(ctx, cloudOptions{storeFlags: s, Logger: log, Metrics: r.metrics}); err != nil {
		return nil, err
	}
	if most := r.cloud.queue.MaxReceives; most > 0 && most < sqs.MaxReceiveCount {
		log.Warn("the queue's redrive policy takes good orders away during an outage", "max_receive_count", most, "should_be", sqs.MaxReceiveCount)
	}
	what := c.carry(r.cloud.Store, s.Queue)
	r.sweep = what.sweep
	r.source, err = sqs.New(sqs.Options{
		Queue: s.Queue, DeadLetters: r.cloud.settings.DeadLetters, Client: r.cloud.client,
		Decode: what.decode, Book: what.book, Visibility: c.Visibility, Logger: log, Metrics: r.metrics,
	})
	if err != nil {
		return nil, err
	}
	if r.legacy, err = legacydb.Open(ctx, settings, legacydb.Options{Logger: log}); err != nil {
		return nil, errors.Join(err, r.source.Close())
	}
	r.relay = relay.New(relay.Options{
		Source: r.source, Legacy: what.to(r.legacy), Budget: r.budget,
		Workers: relayWorkers(settings.Database), Logger: log, Metrics: r.metrics,
	})
	return r, nil
}

// run relays, sweeps and reconciles until ctx ends or the status endpoint fails.
// What is in hand is then finished, or given back to the queue.
func (r *relaying) run(ctx context.Context, c relayCommand) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var work sync.WaitGroup
	work.Go(func() {
		regularly(ctx, c.SweepEvery, func() {
			if sent, err := r.sweep(ctx); sent > 0 || err != nil && ctx.Err() == nil {
				r.log.Info("swept", "sent", sent, "err", err)
			}
		})
	})
	if r.legacy.HasStock() && !c.Listings {
		work.Go(func() {
			regularly(ctx, c.StockEvery, func() {
				if err := reconcileStock(ctx, r.cloud, r.legacy, r.budget, r.log); err != nil && ctx.Err() == nil {
					r.log.Warn("stock not reconciled", "error", err)
				}
			})
		})
	}
	server := &http.Server{Handler: r.status(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(r.log.Handler(), slog.LevelDebug)}
	failed := make(chan error, 1)
	go func() {
		failed <- server.Serve(r.at)
		stop() // a relay that nobody can watch is started anew
	}()
	err := r.relay.Run(ctx)
	stop()
	work.Wait()
	err = errors.Join(err, r.source.Close(), server.Close())
	if ended := <-failed; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("status endpoint: %w", ended))
	}
	return err
}

// regularly does something now and every so often until ctx ends; never where
// every is zero.
func regularly(ctx context.Context, every time.Duration, do func()) {
	if every <= 0 {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// relayHealth is what /healthz says. A relay whose breaker is open is well: it is
// legacy that is away.
type relayHealth struct {
	Status string `json:"status"`
	relay.State
	Budget int `json:"budget"` // connections that may be used now
	Held   int `json:"held"`   // and are
}

func (r *relaying) status() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r.metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := printLine(w, relayHealth{"ok", r.relay.State(), r.budget.Limit(), r.budget.Held()}); err != nil {
			r.log.Debug("answer not sent", "error", err)
		}
	})
	return mux
}
