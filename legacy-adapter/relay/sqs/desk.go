package sqs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Options of New and NewInbox.
type Options struct {
	Queue       string // the URL of the queue of orders; required
	DeadLetters string // the URL of its dead-letter queue, of the same kind; required
	Client      Client // required
	Decode      Decode // required
	Book        Book   // required

	// Of a Source only:
	Visibility time.Duration // for which a message in hand is hidden, and hidden again; zero: DefaultVisibility
	Wait       time.Duration // of a long poll, whole seconds; zero: DefaultWait
	Receivers  int           // polls at once where there is much to do; zero: DefaultReceivers

	Now     func() time.Time      // zero: time.Now
	Logger  *slog.Logger          // zero: silent
	Metrics prometheus.Registerer // zero: not registered
}

// Defaults of Options.
const (
	DefaultVisibility = time.Minute
	DefaultWait       = 20 * time.Second // SQS's longest
	DefaultReceivers  = 4
)

// desk does what a Source and an Inbox have in common: it looks at messages
// that come in and puts away those whose orders are settled.
type desk struct {
	o       Options
	fifo    bool
	now     func() time.Time
	log     *slog.Logger
	counted *prometheus.CounterVec
}

// newDesk panics where a part is missing that only the program can forget, and
// returns an error for what an operator may have mistaken.
func newDesk(o Options) (*desk, error) {
	if o.Client == nil || o.Decode == nil || o.Book == nil {
		panic("sqs: Client, Decode and Book are required")
	}
	if err := checkQueues(o.Queue, o.DeadLetters); err != nil {
		return nil, err
	}
	d := &desk{o: o, fifo: isFIFO(o.Queue), now: o.Now, log: o.Logger}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	d.counted = newCounted()
	if o.Metrics != nil {
		if err := o.Metrics.Register(d.counted); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return d, nil
}

func newCounted() *prometheus.CounterVec {
	counted := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "banyan_sqs_messages_total",
		Help: "Messages by what was done with them.",
	}, []string{"done"})
	for _, done := range []string{"received", "dropped", "hidden", "renewed", "buried", "deleted"} {
		counted.WithLabelValues(done) // shown as 0 from the start
	}
	return counted
}

func checkQueues(orders, deadLetters string) error {
	switch {
	case orders == "":
		return errors.New("the URL of the order queue is needed")
	case deadLetters == "":
		return errors.New("the URL of the dead-letter queue is needed")
	case orders == deadLetters:
		return errors.New("the order queue cannot be its own dead-letter queue")
	case isFIFO(orders) != isFIFO(deadLetters):
		return errors.New("the order queue and its dead-letter queue must both be FIFO, or neither")
	}
	return nil
}

// isFIFO goes by the name, as SQS does.
func isFIFO(url string) bool { return strings.HasSuffix(url, ".fifo") }

func (d *desk) count(done string, n int) { d.counted.WithLabelValues(done).Add(float64(n)) }

// maxBatch is how many messages SQS takes or gives at once.
const maxBatch = 10

// lookers is how many orders are looked up, or told of, at once.
const lookers = 8

// grace is how long the last words to SQS may take when ctx has ended.
const grace = 5 * time.Second

func lastWords(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), grace)
}
