// Package intake is where an order is accepted: its idempotency key claimed, its
// stock held and the order queued for legacy, in one durable step or not at all.
//
//	Accept(ctx, order.Order) (order.Receipt, error)
//
// A store that does this is in a folder of its own: intake/local keeps
// everything in one SQLite file, intake/aws in DynamoDB and SQS. This package
// holds what they share, and intaketest the suite that each must pass. A caller
// declares the few methods it needs as an interface of its own.
//
// What every store promises:
//
//   - A receipt is given only for an order that survives a crash.
//   - The same key and the same order get the first receipt again; the same key
//     and another order get order.ErrKeyReused; an order that was refused left
//     nothing behind.
//   - Of N buyers for k units exactly k get a receipt.
//   - The ledger balances at every moment.
//   - Units are held by accepted orders and by nothing else, so no hold runs out
//     by itself: it ends as sold when its order is written, or is given back when
//     the order is cancelled or, as a dead letter, corrected or dropped. A dead
//     letter keeps its hold until a person decides; the shopper has a yes.
package intake

import (
	"errors"

	"github.com/banyan-edge/banyan/api/order"
)

// ErrWritten is returned when an order cannot be taken back because it is in
// the legacy database.
var ErrWritten = errors.New("the order is written")

// DefaultListLimit is how many orders a list has where its filter does not say.
const DefaultListLimit = 100

// Filter says which orders to list. The zero Filter lists the newest of all.
type Filter struct {
	State *order.State // nil means any; accepted includes dead letters
	Dead  bool         // dead letters only; State is then not looked at
	Limit int          // 0 means DefaultListLimit
	After string       // list from the order accepted before the one with this id
}

// Adjustment is a correction of how many units legacy had of a SKU (see
// order.Stock.OnHand).
type Adjustment struct {
	SKU  string `json:"sku"`
	From int    `json:"from"`
	To   int    `json:"to"`
	New  bool   `json:"new,omitempty"` // the SKU was not known before
}
