package main

import (
	"context"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/legacy-adapter/catalogue"
	"github.com/banyan-edge/banyan/legacy-adapter/legacydb"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// carried is what "banyan relay" takes to legacy: orders, or listings, each from
// a queue of its own.
type carried struct {
	decode sqs.Decode
	book   sqs.Book
	sweep  func(context.Context) (int, error)
	to     func(*legacydb.DB) relay.Legacy
}

// carry says how to read, find, send and write what is in the queue.
func (c relayCommand) carry(store *aws.Store, queue string) carried {
	if !c.Listings {
		return carried{store.ReadMessage, store, store.Sweep, func(db *legacydb.DB) relay.Legacy { return db }}
	}
	listings := store.Listings(queue)
	return carried{listings.ReadMessage, listings.Book(), listings.Sweep,
		func(db *legacydb.DB) relay.Legacy { return catalogue.New(listings, db) }}
}
