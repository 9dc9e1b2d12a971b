// Package intaketest is the suite that every order store must pass, whatever it
// keeps its orders in: every answer of intake, every disposition, and that
// nothing is lost, doubled or oversold.
//
// A store's own tests call it so:
//
//	func TestStore(t *testing.T) {
//		intaketest.Run(t, func(t *testing.T, clock *intaketest.Clock) intaketest.Harness { … })
//	}
package intaketest

import (
	"context"
	"testing"

	"github.com/banyan-edge/banyan/api/intake"
	"github.com/banyan-edge/banyan/api/order"
)

// Store is what the suite drives. A store whose queue is apart from it (a
// message queue, say) comes with an adapter that joins the two.
type Store interface {
	Accept(ctx context.Context, o order.Order) (order.Receipt, error)
	Find(ctx context.Context, id string) (order.Record, error)
	List(ctx context.Context, f intake.Filter) ([]order.Record, error)
	Cancel(ctx context.Context, id, why string) error
	Ledger(ctx context.Context) (order.Ledger, error)

	Left(ctx context.Context, sku string) (int, error)
	SeedStock(ctx context.Context, stock []order.Stock) error
	Stocks(ctx context.Context) ([]order.Stock, error)
	Reconcile(ctx context.Context, read func(context.Context) (map[string]int, error)) ([]intake.Adjustment, error)

	Waiting(ctx context.Context, after int64, limit int) ([]order.Queued, error)
	Settle(ctx context.Context, all []order.Settlement) error
}

// Harness is one empty store under test. It is stopped by t.Cleanup.
type Harness struct {
	Store Store
	// Reopen stops the store and returns another over what it left behind.
	Reopen func(t *testing.T) Store
	// RedrivenGoLast says that a redriven order comes after those that its
	// customer has waiting, rather than in its old place: in a message queue
	// nobody can go in front.
	RedrivenGoLast bool
}

// Run runs the suite. fresh is called once a test and returns an empty store
// that reads the clock.
func Run(t *testing.T, fresh func(t *testing.T, clock *Clock) Harness) {
	run(t, fresh, acceptTests, keyTests, stockTests, settleTests, cancelTests, listTests, restartTests, reconcileTests, momentTests, deadTests)
}

// RunQueue runs the part of the suite in which orders come out of the queue, for
// a store that has the rest of it behind it and is to work with another queue.
func RunQueue(t *testing.T, fresh func(t *testing.T, clock *Clock) Harness) {
	run(t, fresh, acceptTests, settleTests, cancelTests, restartTests, momentTests, deadTests)
}

func run(t *testing.T, fresh func(t *testing.T, clock *Clock) Harness, groups ...map[string]func(*testing.T, *bench)) {
	for _, group := range groups {
		for name, test := range group {
			t.Run(name, func(t *testing.T) {
				clock := NewClock()
				h := fresh(t, clock)
				test(t, &bench{Store: h.Store, reopen: h.Reopen, clock: clock, redrivenLast: h.RedrivenGoLast})
			})
		}
	}
}
