package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/banyan-edge/banyan/api/upload/folder"
	"github.com/banyan-edge/banyan/legacy-adapter/catalogue"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	relaylocal "github.com/banyan-edge/banyan/legacy-adapter/relay/local"
)

// uploadsName is the folder of sellers' pictures in the data folder.
const uploadsName = "uploads"

// selling is what takes sellers' listings:
//
//	shop handler ─▶ intake ─▶ relay ─▶ legacy catalogue
//	pictures ─▶ uploads, past gateway and wrap
type selling struct {
	pictures *folder.Folder
	relay    *relay.Relay // nil where listings wait
}

// openSelling opens the folder of pictures and the relay of listings. It is a
// relay of its own beside that of orders, on the same budget.
func (in *installation) openSelling(context.Context) (err error) {
	in.selling.pictures, err = folder.Open(folder.Options{Dir: in.place.file(uploadsName), Logger: in.log})
	if err != nil {
		return err
	}
	in.onClose(in.selling.pictures.Close)
	if in.legacyDB == nil || !in.legacyDB.TakesListings() || in.command.HoldRelay {
		in.log.Info("listings will wait: the relay is held, or legacy.listings does not say how a listing becomes rows")
		return nil
	}
	settings, err := legacySettings(in.table.Load().Config(), in.config)
	if err != nil {
		return err
	}
	listings := in.orders.Listings()
	in.selling.relay = relay.New(relay.Options{
		Source: relaylocal.New(listings, relaylocal.Options{}), Legacy: catalogue.New(listings, in.legacyDB), Budget: in.budget,
		Workers: listingWorkers(settings.Database, in.budget.Limit()), Logger: in.log.With("queue", "listings"),
		Metrics: prometheus.WrapRegistererWithPrefix("banyan_listings_", in.metrics),
	})
	return nil
}

// listingWorkers leaves most of the budget to orders: a shopper waits for an
// order, and nobody for a listing.
func listingWorkers(database string, budget int) int {
	if relayWorkers(database) == 1 {
		return 1
	}
	return max(1, budget/4)
}

// start runs the relay of listings and the sweep of abandoned uploads.
func (s *selling) start(ctx context.Context, in *installation) {
	in.work.Go(func() { s.pictures.Run(ctx) })
	if s.relay == nil {
		return
	}
	in.work.Go(func() {
		if err := s.relay.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			in.failed <- fmt.Errorf("relay of listings: %w", err)
		}
	})
}

// beside has pictures go to their folder and everything else to the arm. They
// pass neither gateway nor wrap, as on AWS they pass no function.
func (s *selling) beside(arm http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, folder.Prefix) {
			s.pictures.ServeHTTP(w, r)
			return
		}
		arm.ServeHTTP(w, r)
	})
}
