package route

import (
	"fmt"
	"time"
)

// Arm is which of the two answers a request.
type Arm uint8

// The arms. Legacy is the zero value: whatever is not decided falls through.
const (
	Legacy     Arm = iota // the existing shop
	Serverless            // API Gateway and Lambda, or the same handlers in process
)

// String returns the arm's word.
func (a Arm) String() string {
	if a == Serverless {
		return "serverless"
	}
	return "legacy"
}

// MarshalText writes the arm's word.
func (a Arm) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the arm's word.
func (a *Arm) UnmarshalText(text []byte) error {
	switch string(text) {
	case "legacy":
		*a = Legacy
	case "serverless":
		*a = Serverless
	default:
		return fmt.Errorf("unknown arm %q (legacy or serverless)", text)
	}
	return nil
}

// Request is what a decision depends on.
type Request struct {
	Method string
	Path   string // raw, as on the request line, without the query

	Visitor   string // the banyan_visitor cookie's value; empty where there is none
	Address   string // the shopper's address without port, and
	UserAgent string // the User-Agent, from which a visitor is derived where there is no cookie

	Now time.Time
}

// Decision is what the table says of one request.
type Decision struct {
	Arm     Arm
	Reason  Reason
	Rule    string // the route's name, or the product's slug; empty where no rule matched
	Product string // the product's slug, where the path is a product's
	Epoch   uint64 // the version of the table

	// Visitor is the visitor whose bucket was asked; empty where no share was
	// in play. NewVisitor says that it was derived and is to be set as cookie.
	Visitor    string
	NewVisitor bool

	// Capture says that the request is to be kept and replayed to legacy rather
	// than passed on (a route to the queue, and a request that may write). Wait
	// is how long the shopper's request is held for legacy's own answer.
	Capture bool
	Wait    time.Duration

	// FallBackOn lists further statuses of the serverless arm at which a GET or
	// HEAD is asked of legacy instead (a route's fall_back_on).
	FallBackOn []int
}

// Reason is why the table decided as it did.
type Reason uint8

// The reasons, in the order in which the steps of a decision are taken.
const (
	NoRule          Reason = iota // nothing matched
	AllLegacy                     // mode: all-legacy
	AmbiguousPath                 // two routers could read the path differently
	RouteMatched                  // a route matched
	ProductArm                    // the product's arm, without schedule or share
	OutsideSchedule               // before from, or not before until
	InsideShare                   // the visitor's bucket is in the share
	OutsideShare                  // the visitor's bucket is not in the share
)

var reasons = [...]struct{ word, sentence string }{
	NoRule:          {"no-rule", "no route and no product matches; everything else is legacy's"},
	AllLegacy:       {"all-legacy", "the mode is all-legacy"},
	AmbiguousPath:   {"ambiguous-path", "two routers could read this path differently, so it goes to legacy untouched"},
	RouteMatched:    {"route", "this is the first route that matches path and method"},
	ProductArm:      {"product", "the product is flipped to this arm"},
	OutsideSchedule: {"outside-schedule", "the product's flip is scheduled for another time"},
	InsideShare:     {"inside-share", "the visitor is within the product's share"},
	OutsideShare:    {"outside-share", "the visitor is not within the product's share"},
}

// String returns the reason's word, as used in logs and metrics.
func (r Reason) String() string { return reasons[r].word }

// Sentence says the reason in words.
func (r Reason) Sentence() string { return reasons[r].sentence }
