package main

import (
	"errors"
	"fmt"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/legacy-adapter/catalogue"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// carried is what the function takes to legacy: orders, or the listings of
// sellers, each from a queue of its own, so that neither waits for the other.
type carried struct {
	decode sqs.Decode
	book   sqs.Book
	to     func(*legacydb.DB) relay.Legacy
}

// The words of BANYAN_CARRIES.
const (
	carriesOrders   = "orders"
	carriesListings = "listings"
)

// carry says how to read, find and write what is in the function's queue.
func (s Settings) carry(store *aws.Store) carried {
	if !s.Listings {
		return carried{store.ReadMessage, store, func(db *legacydb.DB) relay.Legacy { return db }}
	}
	listings := store.Listings(s.Queue)
	return carried{listings.ReadMessage, listings.Book(), func(db *legacydb.DB) relay.Legacy { return catalogue.New(listings, db) }}
}

// readCarries reads BANYAN_CARRIES.
func readCarries(word string) (listings bool, err error) {
	switch word {
	case "", carriesOrders:
		return false, nil
	case carriesListings:
		return true, nil
	}
	return false, &settingsError{fmt.Sprintf("BANYAN_CARRIES is %q", word), "set it to orders or listings"}
}

// errNoListings: the function's queue has listings, and nothing says what is to
// become of them.
var errNoListings = errors.New("legacy.listings does not say how a listing becomes rows")
