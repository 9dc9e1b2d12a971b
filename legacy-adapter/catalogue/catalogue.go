// Package catalogue takes accepted listings to the legacy catalogue. A listing
// travels through queue and relay in an envelope, an order with nothing in it
// but its id, its seller and its time, so that sources, breaker, budget, backoff
// and settling are the relay's own. Here the envelopes are opened:
//
//	Relay → Catalogue.Write → Listings.FindAll → DB.WriteListings
//
// The row in banyan_ledger that goes with each listing's own rows makes a second
// delivery harmless, as it does for orders.
package catalogue

import (
	"context"
	"errors"
	"fmt"

	"github.com/banyan-edge/banyan/api/listing"
	"github.com/banyan-edge/banyan/api/order"
)

// Listings is where the listings are.
type Listings interface {
	// FindAll returns the listings with these ids, those that are there.
	FindAll(ctx context.Context, ids []string) (map[string]listing.Listing, error)
}

// Outcome is what became of one listing. It is an alias of a plain struct, the
// same that the relay asks for.
type Outcome = struct {
	Disposition order.Disposition
	Cause       string // in words, for deferred and rejected; holds no personal data
	Err         error  // what was said, for the log
}

// Database is the legacy database.
type Database interface {
	// WriteListings writes the listings and returns one outcome per listing, in
	// order.
	WriteListings(ctx context.Context, listings []listing.Listing) []Outcome
}

// Catalogue writes listings for a relay. The zero value is of no use: see New.
type Catalogue struct {
	listings Listings
	database Database
}

// New returns the legacy catalogue as a relay writes to it.
func New(listings Listings, database Database) *Catalogue {
	return &Catalogue{listings, database}
}

var errGone = errors.New("the listing is not in its store")

// Write opens the envelopes and writes what is in them. Where the listings
// cannot be read all are deferred; one that its store does not have is rejected.
func (c *Catalogue) Write(ctx context.Context, envelopes []order.Order) []Outcome {
	outcomes := make([]Outcome, len(envelopes))
	ids := make([]string, len(envelopes))
	for i, o := range envelopes {
		ids[i] = o.ID
	}
	found, err := c.listings.FindAll(ctx, ids)
	if err != nil {
		err = fmt.Errorf("read what is to be written: %w", err)
		for i := range outcomes {
			outcomes[i] = Outcome{order.DispositionDeferred, "the listing could not be read", err}
		}
		return outcomes
	}
	var known []listing.Listing
	var at []int
	for i, id := range ids {
		l, ok := found[id]
		if !ok {
			outcomes[i] = Outcome{order.DispositionRejected, errGone.Error(), errGone}
			continue
		}
		known, at = append(known, l), append(at, i)
	}
	for n, outcome := range c.database.WriteListings(ctx, known) {
		outcomes[at[n]] = outcome
	}
	return outcomes
}
