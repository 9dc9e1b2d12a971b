package replay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/banyan-edge/banyan/edge/route"
)

// Defaults of Options.
const (
	DefaultBodyBytes     = 6 << 20         // of a captured request
	DefaultAnswerBytes   = 6 << 20         // of legacy's answer
	DefaultAnswerTimeout = 5 * time.Minute // old back offices are slow, and did answer before
	DefaultLookupTimeout = 10 * time.Second
	DefaultGrace         = 30 * time.Second
	DefaultBackoffBase   = 500 * time.Millisecond
	DefaultBackoffCap    = time.Minute
	DefaultBreakerRest   = 5 * time.Second
	DefaultDrainTimeout  = 20 * time.Second
	DefaultKeep          = 24 * time.Hour
	DefaultGiveUpAnswers = 10
	DefaultGiveUpAfter   = 2 * time.Hour
)

// Options make a Replay. The first four are required.
type Options struct {
	Store  Store
	Legacy Origin
	Budget Budget
	// Route returns the route that had a request captured, as it is now: what
	// an engineer mends in the configuration counts for what waits.
	Route func(name string) (route.Route, bool)

	SessionCookies func() []string // nil: whatever looks like one
	Database       Database        // nil: lookups by SQL fail

	BodyBytes     int64         // zero: DefaultBodyBytes, and so on below
	AnswerBytes   int64         // an answer beyond this is counted, not kept
	AnswerTimeout time.Duration // for legacy's whole answer
	LookupTimeout time.Duration
	// Grace is how long legacy may still be at work on a request whose answer
	// was lost. Before that, not to be found does not mean not to be there.
	Grace time.Duration
	// Legacy that answers a capture with 500, and does not have it, is sent it
	// again; but after GiveUpAnswers such answers over GiveUpAfter at least it
	// becomes a dead letter, so that its session is not held up for ever.
	GiveUpAnswers int
	GiveUpAfter   time.Duration

	BackoffBase  time.Duration
	BackoffCap   time.Duration
	BreakerRest  time.Duration // how long an open breaker leaves legacy alone
	DrainTimeout time.Duration // for what is in hand when Run is told to end
	Keep         time.Duration // how long an ended request and its answer are kept
	Hold         bool          // keep what comes and send nothing, as for maintenance of legacy
	Workers      int           // requests in hand for which nobody waits; zero: 8

	Now     func() time.Time      // nil: time.Now
	Rand    func() float64        // for jitter, in [0,1); nil: math/rand
	Logger  *slog.Logger          // nil: silent
	Metrics prometheus.Registerer // nil: not registered
}

// Origin is where legacy is reached.
type Origin struct {
	URL  *url.URL // http or https; a path is put before that of every request
	Host string   // route.HostPreserve (or empty), route.HostOrigin, or the name to send as Host

	// SecretHeader is the field in which legacy is told Secret, so that it can
	// refuse what does not come from Banyan; empty: none. It is set when a
	// request is sent, and never kept.
	SecretHeader, Secret string
}

// Budget hands out the connections to legacy, which are shared with everything
// else that touches it. The function that is returned gives one back, with what
// kept legacy from answering, nil where it answered, or context.Canceled where
// it was not asked or cut short here; only its first call counts. work names
// requests that take legacy about as long as each other.
type Budget interface {
	Sync(ctx context.Context, work string) (end func(failed error), err error)  // a shopper waits
	Drain(ctx context.Context, work string) (end func(failed error), err error) // nobody does
}

// Database answers lookups.
type Database interface {
	// Found reports whether the query returns a row. There is one value for
	// each of the query's fields, in their order.
	Found(ctx context.Context, query route.Stencil, values []string) (bool, error)
}

func (o Options) check() error {
	switch {
	case o.Store == nil:
		return errors.New("replay: no store")
	case o.Budget == nil:
		return errors.New("replay: no budget")
	case o.Route == nil:
		return errors.New("replay: no routes")
	case o.Legacy.URL == nil || o.Legacy.URL.Host == "" || o.Legacy.URL.Scheme != "http" && o.Legacy.URL.Scheme != "https":
		return fmt.Errorf("replay: legacy needs an http or https address, not %q", o.Legacy.URL)
	}
	return nil
}
