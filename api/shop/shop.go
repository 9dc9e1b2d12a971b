package shop

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"github.com/banyan-edge/banyan/api/order"
)

// Orders places and finds orders. It is all that the shop knows of what lies
// behind it.
type Orders interface {
	// Accept makes a priced order durable and returns its receipt. A refusal is
	// one of the errors of package order; any other error is answered 503.
	Accept(ctx context.Context, o order.Order) (order.Receipt, error)
	// Find returns the order with this id, or order.ErrNotFound.
	Find(ctx context.Context, id string) (order.Record, error)
	// Left returns how many units of a SKU can still be promised.
	Left(ctx context.Context, sku string) (int, error)
}

// Options configure the shop.
type Options struct {
	Orders    Orders           // required
	Listings  Listings         // nil: sellers offer nothing here
	Uploads   Uploads          // required where there are Listings
	Catalogue *Catalogue       // nil means Sample()
	Logger    *slog.Logger     // nil discards
	Now       func() time.Time // nil means time.Now
}

// New returns the shop as a handler.
func New(o Options) http.Handler {
	if o.Orders == nil {
		panic("shop: Options.Orders is nil")
	}
	if o.Listings != nil && o.Uploads == nil {
		panic("shop: Options.Uploads is nil")
	}
	s := &server{orders: o.Orders, listings: o.Listings, uploads: o.Uploads, catalogue: o.Catalogue, log: o.Logger, now: o.Now}
	if s.catalogue == nil {
		s.catalogue = Sample()
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.assets = loadAssets()
	s.pictures = drawPictures(s.catalogue)
	s.pages = findPages(s.assets)
	return s.protect(s.router())
}

type server struct {
	orders    Orders
	listings  Listings
	uploads   Uploads
	catalogue *Catalogue
	log       *slog.Logger
	now       func() time.Time

	assets   *assets
	pictures pictures
	pages    *pages
}

// action answers a request or returns why it cannot; the error is answered from
// the table in problem.go.
type action func(w http.ResponseWriter, r *http.Request) error

// verbs are the methods a path knows. GET answers HEAD as well.
type verbs map[string]action

type route struct {
	path string
	by   verbs
}

// routes lists every path of the shop, the hot one first: mux tries them in turn.
func (s *server) routes() []route {
	const get, post = http.MethodGet, http.MethodPost
	routes := []route{
		{"/checkout", verbs{get: s.checkoutPage, post: s.checkout}},
		{"/orders/{id}", verbs{get: s.orderPage}},
		{"/", verbs{get: s.home}},
		{"/shop", verbs{get: s.allProducts}},
		{"/shop/{category}", verbs{get: s.category}},
		{"/shop/{category}/{product}", verbs{get: s.product}},
		{"/shop/{category}/{product}/picture-{sum}.svg", verbs{get: s.picture}},
		{"/search", verbs{get: s.search}},
		{"/cart", verbs{get: s.cartPage, post: s.addToCart}},
		{"/cart/update", verbs{post: s.updateCart}},
		{"/cart/remove", verbs{post: s.removeFromCart}},
		{"/assets/{name}", verbs{get: s.asset}},
		{"/healthz", verbs{get: s.health}},
	}
	if s.listings == nil {
		return routes
	}
	return append(routes,
		route{"/resale/listings", verbs{post: s.offer}},
		route{"/resale/listings/{id}", verbs{get: s.listingPage}},
		route{"/resale/listings/{id}/pictures/{picture}", verbs{get: s.listingPicture}},
		route{"/resale/sell", verbs{get: s.sellingPage}},
	)
}

// router does not clean paths: mux would answer POST //checkout with a 301,
// which turns it into a GET and drops the order.
func (s *server) router() http.Handler {
	router := mux.NewRouter().SkipClean(true)
	for _, rt := range s.routes() {
		router.Handle(rt.path, seen(rt.path, s.dispatch(rt.by)))
	}
	router.NotFoundHandler = s.run(s.nowhere)
	return router
}

func (s *server) health(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	return s.writeJSON(w, r, http.StatusOK, map[string]string{"status": "ok"})
}
