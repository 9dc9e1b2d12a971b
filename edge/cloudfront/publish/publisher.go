package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Options are what a Publisher needs.
type Options struct {
	Client API
	Store  string // the store's ARN

	Memory   Memory         // nil: the store is listed each time
	Progress func(Progress) // nil: nobody is told
	Logger   *slog.Logger   // nil: nothing is logged

	Now   func() time.Time                           // nil: time.Now
	Sleep func(context.Context, time.Duration) error // nil: a timer
}

// Progress is how far a publish has come.
type Progress struct {
	Calls, AllCalls int
	Items, AllItems int
}

// Publisher publishes to one store. It is safe for use by one goroutine.
type Publisher struct {
	client   API
	store    string
	memory   Memory
	progress func(Progress)
	log      *slog.Logger
	now      func() time.Time
	sleep    func(context.Context, time.Duration) error
}

// New returns a Publisher. It calls nothing yet.
func New(o Options) (*Publisher, error) {
	if o.Client == nil || o.Store == "" {
		return nil, errors.New("publish: no client or no store given")
	}
	p := &Publisher{client: o.Client, store: o.Store, memory: o.Memory, progress: o.Progress, log: o.Logger, now: o.Now, sleep: o.Sleep}
	if p.memory == nil {
		p.memory = forgetful{}
	}
	if p.progress == nil {
		p.progress = func(Progress) {}
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.sleep == nil {
		p.sleep = sleep
	}
	return p, nil
}

// Read returns what the store holds. Where it remembers the store's ETag, one
// call is enough.
func (p *Publisher) Read(ctx context.Context) (State, error) {
	return (&caller{Publisher: p}).remembered(ctx)
}

func (c *caller) remembered(ctx context.Context) (State, error) {
	out, err := c.describe(ctx)
	if err != nil {
		return State{}, err
	}
	if s, ok := c.memory.Recall(c.store); ok && s.ETag == aws.ToString(out.ETag) {
		return s, nil
	}
	return c.read(ctx)
}

// read lists the store between two looks at its ETag, until both are the same.
func (c *caller) read(ctx context.Context) (State, error) {
	before, err := c.describe(ctx)
	if err != nil {
		return State{}, err
	}
	for n := range readTries {
		items, err := c.list(ctx)
		if err != nil {
			return State{}, err
		}
		after, err := c.describe(ctx)
		if err != nil {
			return State{}, err
		}
		if etag := aws.ToString(after.ETag); etag == aws.ToString(before.ETag) {
			s := stateOf(c.store, etag, items)
			c.memory.Keep(s)
			return s, nil
		}
		before = after
		if err := c.backOff(ctx, n); err != nil {
			return State{}, err
		}
	}
	return State{}, fmt.Errorf("%w: the store changed each of %d times that it was read", ErrContended, readTries)
}
