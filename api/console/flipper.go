package console

import (
	"context"
	"errors"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// ErrUnknownProduct: the slug to be flipped can be no product's.
var ErrUnknownProduct = errors.New("unknown product")

// Flipper changes the table. Both methods return when the change is durable and
// the table that holds it is in force. A refusal that the person at the form
// can mend is an *order.InvalidError, its fields named as the form's (product,
// share, from, until, why), or ErrUnknownProduct; anything else is shown as a
// failure.
type Flipper interface {
	Flip(ctx context.Context, f Flip) (Entry, error)
	SetMode(ctx context.Context, m ModeChange) (Entry, error)
}

// Flip is a product's whole setting afterwards; its stock stays. For legacy the
// share is route.Everyone and there are no times.
type Flip struct {
	Product string
	Arm     route.Arm
	Share   route.Share
	From    time.Time // zero: from now
	Until   time.Time // zero: for ever
	Why     string
	Who     string
}

// ModeChange sends everything to legacy, or ends that.
type ModeChange struct {
	AllLegacy bool
	Why       string
	Who       string
}
