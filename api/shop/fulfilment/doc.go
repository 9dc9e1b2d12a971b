// Package fulfilment is the legacy shop's own way to its SQL database: an order
// is written straight into orders, order_items and stock, in one transaction,
// while the shopper waits.
//
//	Accept: wait for a connection → insert the order → take the stock → commit
//
// It is the slow part that Banyan is put in front of. Latency is spent with the
// connection held, and Connections caps how many there are, so that a sale does
// here what it does to a real fulfilment database.
//
// Guarantees: stock never falls below zero, a refused order leaves nothing
// behind, and an idempotency key is one order while it holds.
package fulfilment
