package replay

import (
	"context"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// Store keeps captures. What its methods did is durable when they return.
type Store interface {
	Intake
	Queue
}

// Intake is the shopper's side of a Store.
type Intake interface {
	// Accept keeps a capture and gives it its Seq, or returns the id of the
	// first that has the same claim. It returns order.ErrKeyReused, or an
	// error that wraps order.ErrUnavailable.
	Accept(ctx context.Context, c *Capture, claim Claim) (Receipt, error)
	// Tell notes that the shopper gets no answer of legacy's: what legacy
	// refuses from now on is a dead letter. It reports whether the capture
	// has ended already; then nothing is noted.
	Tell(ctx context.Context, id string) (ended bool, err error)
	// Find returns a capture, without its body, or order.ErrNotFound.
	Find(ctx context.Context, id string) (Record, error)
}

// Queue is legacy's side of a Store.
type Queue interface {
	// Due returns captures to be worked on at now, first due first, each the
	// earliest of its session; and when the next one is due, zero for never.
	Due(ctx context.Context, now time.Time, limit int) ([]Head, time.Time, error)
	// Head returns the earliest capture of a session that has not ended.
	Head(ctx context.Context, session string) (Head, bool, error)
	// Load returns a capture whole.
	Load(ctx context.Context, seq int64) (Capture, error)
	// Begin notes that a capture is about to be sent.
	Begin(ctx context.Context, seq int64, at time.Time) error
	// Settle records what became of it, and returns the next of its session
	// where it has ended.
	Settle(ctx context.Context, s Settlement) (Settled, error)
	// Arrived is signalled when something new waits.
	Arrived() <-chan struct{}
	// Forget drops what is kept of captures that ended before then, all but
	// dead letters.
	Forget(ctx context.Context, before time.Time) error
}

// Claim makes a repeated request harmless.
type Claim struct {
	Key         [16]byte
	Fingerprint [16]byte // of method, target and body
	TTL         time.Duration
	Derived     bool // nobody sent the key: it ends where legacy refused the request
}

// Receipt is the answer to an accepted capture.
type Receipt struct {
	ID       string
	Session  string
	Replayed bool // it is an earlier one's
}

// Head is the first of its session in the queue.
type Head struct {
	Seq     int64
	ID      string
	Session string
}

// Settlement says what became of a capture. State Waiting comes back at DueAt,
// and so does Unknown, to be found out. A refused one becomes Dead where the
// shopper was told 202, whatever State says.
type Settlement struct {
	Seq     int64
	State   State
	Refused bool // by legacy, with a 4xx
	Failed  bool // legacy answered that it failed by itself, and does not have it
	Sent    bool // something was sent: the attempt counts as doubtful until it ended
	Cause   string
	At      time.Time
	DueAt   time.Time
	Answer  *Answer
}

// Settled is what Settle came to.
type Settled struct {
	State State
	Next  *Head // of the same session; nil where there is none
}

// Claim and its limits come from the order's own.
const (
	keyTTL     = order.KeyTTL
	derivedTTL = order.DerivedKeyTTL
)
