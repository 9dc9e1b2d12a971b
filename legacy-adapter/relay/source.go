package relay

import (
	"context"
	"errors"

	"github.com/banyan-edge/banyan/api/order"
)

// Source is where orders wait.
type Source interface {
	// Receive waits until at least one order is due and returns at most max.
	// What it returns is in hand until it is settled. Orders with the same
	// ordering key come in the order of acceptance: a later one is never
	// returned before the earlier ones are in the same batch or have ended.
	Receive(ctx context.Context, max int) ([]order.Queued, error)

	// Settle says what became of orders in hand. Written and duplicate leave
	// the queue, rejected become dead letters, deferred come back at DueAt.
	// It may be repeated after an error. One that wraps order.ErrNotFound says
	// that the queue does not know some of the orders; the others are settled.
	Settle(ctx context.Context, settlements []order.Settlement) error
}

// Rouser is a Source that can have what was deferred come back before its time.
// Its methods do not wait.
type Rouser interface {
	// Rouse makes all deferred orders due now.
	Rouse()
	// Hasten makes the one that is due first due now.
	Hasten()
}

// Legacy is where orders go.
type Legacy interface {
	// Write writes the orders and returns one outcome per order, in order. An
	// order whose ordering key was deferred earlier in the batch is deferred
	// too.
	Write(ctx context.Context, orders []order.Order) []Outcome
}

// Outcome is what became of one order in Legacy.Write. It is an alias of a
// plain struct, so that a package that writes to legacy can return it without
// importing this one.
type Outcome = struct {
	Disposition order.Disposition
	Cause       string // in words, for deferred and rejected; holds no personal data
	Err         error  // what legacy said, for the log
}

// isAway reports whether err says that legacy itself is away: it could not be
// reached, or takes no orders at all. Such an error has a method Away() bool.
// It is what opens the breaker; trouble with a single order is not.
func isAway(err error) bool {
	var away interface {
		error
		Away() bool
	}
	return errors.As(err, &away) && away.Away()
}
