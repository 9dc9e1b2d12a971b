package console

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Options are what a console needs. Products, Flipper, History, Orders and
// Ledger are required.
type Options struct {
	Products Products
	Flipper  Flipper
	History  History
	Orders   Orders
	Ledger   Ledger

	DeadLetters DeadLetters // nil: there are no pages of dead letters
	Mender      Mender      // required where DeadLetters is given

	Metrics      http.Handler     // at /metrics; nil: there is none
	Commands     http.Handler     // at /commands/, for the commands beside this process; nil: there is none
	Storefront   string           // the shop's public address, for links; empty: no links
	Version      string           // at the foot of every page; empty: not shown
	AllowedHosts []string         // names the console answers to besides localhost and IP addresses
	Now          func() time.Time // nil: time.Now
	Logger       *slog.Logger     // nil: nothing is logged
}

// console is the handlers and what they share.
type console struct {
	Options
	assets assets
	pages  pages
}

// New returns the console. It panics where a required option is missing.
func New(o Options) http.Handler {
	if o.Products == nil || o.Flipper == nil || o.History == nil || o.Orders == nil || o.Ledger == nil {
		panic("console: Products, Flipper, History, Orders and Ledger are required")
	}
	if o.DeadLetters != nil && o.Mender == nil {
		panic("console: Mender is required where there are DeadLetters")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Storefront = strings.TrimSuffix(o.Storefront, "/")
	c := &console{Options: o, assets: loadAssets()}
	c.pages = loadPages(c.assets)
	return c.guard(c.routes())
}

// routes lists every address the console answers.
func (c *console) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.overview)
	mux.HandleFunc("GET /ledger", c.ledger)
	mux.HandleFunc("GET /products", c.products)
	mux.HandleFunc("GET /products/{slug}", c.product)
	mux.HandleFunc("GET /flip", c.flipPage)
	mux.HandleFunc("POST /flip", c.flip)
	mux.HandleFunc("GET /mode", c.modePage)
	mux.HandleFunc("POST /mode", c.setMode)
	mux.HandleFunc("GET /orders", c.orders)
	mux.HandleFunc("GET /orders/{id}", c.order)
	mux.HandleFunc("GET /history", c.history)
	if c.DeadLetters != nil {
		mux.HandleFunc("GET /dead", c.dead)
		mux.HandleFunc("GET /dead/group", c.deadGroup)
		mux.HandleFunc("GET /dead/letters/{id}", c.deadLetter)
		mux.HandleFunc("POST /dead/redrive", c.redrive)
		mux.HandleFunc("POST /dead/drop", c.drop)
	}
	mux.HandleFunc("GET /healthz", c.healthz)
	mux.Handle("GET /assets/{sum}/{name}", c.assets)
	if c.Metrics != nil {
		mux.Handle("GET /metrics", c.Metrics)
	}
	if c.Commands != nil {
		mux.Handle("GET /commands/", c.Commands)
		mux.Handle("POST /commands/", c.Commands)
	}
	mux.HandleFunc("GET /", c.notFound)
	return mux
}
