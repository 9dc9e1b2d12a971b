package relay

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Class says who asks for a legacy connection.
type Class uint8

// The classes, most urgent first. A shopper waits for Sync; nobody waits for
// Drain.
const (
	Sync  Class = iota // a synchronous call, on behalf of a waiting shopper
	Drain              // the relay, taking what is left
	classes
)

// String returns the class's word, as used in metrics.
func (c Class) String() string {
	if c == Sync {
		return "sync"
	}
	return "drain"
}

// Budget is the number of legacy connections that everything together may
// hold. Whoever touches legacy holds a lease meanwhile. A free lease goes to
// the longest waiting Sync, and only when none waits to the longest waiting
// Drain. Where it adapts, slow answers shrink it and quick ones let it grow back
// (see governor); it is never above its ceiling and never below one. It is a
// prometheus.Collector.
type Budget struct {
	now    func() time.Time
	logger *slog.Logger

	mu       sync.Mutex
	limit    int
	ceiling  int
	governor *governor // nil: the limit is fixed
	held     [classes]int
	granted  [classes]uint64
	waiting  [classes]list.List // of chan grant
	grants   uint64             // so far, of both classes

	said   int       // the limit that the log knows
	saidAt time.Time // since when
}

// BudgetOptions make an adaptive budget. The zero value is one of a single
// connection.
type BudgetOptions struct {
	Connections int              // the ceiling; 1 is allowed, less is taken as 1
	Now         func() time.Time // zero: time.Now
	Logger      *slog.Logger     // of changes, a line in BudgetLogEvery at most; zero: silent
}

// BudgetLogEvery is the time between two log lines of a budget that changes.
const BudgetLogEvery = 5 * time.Second

// NewBudget returns a budget of limit leases that does not change; 1 is
// allowed, less is taken as 1.
func NewBudget(limit int) *Budget {
	limit = max(1, limit)
	return &Budget{limit: limit, ceiling: limit, said: limit, now: time.Now, logger: slog.New(slog.DiscardHandler)}
}

// NewAdaptiveBudget returns a budget that begins with all its connections and
// follows how long legacy takes.
func NewAdaptiveBudget(o BudgetOptions) *Budget {
	b := NewBudget(o.Connections)
	b.governor = newGovernor(b.ceiling)
	if o.Now != nil {
		b.now = o.Now
	}
	if o.Logger != nil {
		b.logger = o.Logger
	}
	return b
}

// Limit returns how many leases there are now.
func (b *Budget) Limit() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.limit
}

// Ceiling returns how many there are when legacy is quick.
func (b *Budget) Ceiling() int { return b.ceiling }

// Held returns how many leases are out.
func (b *Budget) Held() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out()
}

func (b *Budget) out() int { return b.held[Sync] + b.held[Drain] }

// Acquire waits for a lease that is not measured. The function it returns gives
// the lease back; calling that more than once is harmless.
func (b *Budget) Acquire(ctx context.Context, class Class) (release func(), err error) {
	end, err := b.Lease(ctx, class, Work{})
	if err != nil {
		return nil, err
	}
	return func() { end(nil) }, nil
}

// Lease waits for a lease for some work. The function it returns gives it back,
// with what kept legacy from answering, or nil where it answered: from the
// grant until then is how long legacy took. Work that was cut short here says
// so by context.Canceled, and nothing is made of it. Only the first call counts.
func (b *Budget) Lease(ctx context.Context, class Class, work Work) (end func(failed error), err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wait for a legacy connection: %w", err)
	}
	b.mu.Lock()
	ready := make(chan grant, 1)
	place := b.waiting[class].PushBack(ready)
	b.grant()
	b.mu.Unlock()

	select {
	case g := <-ready:
		var once sync.Once
		return func(failed error) {
			once.Do(func() {
				if errors.Is(failed, context.Canceled) {
					work = Work{}
				}
				b.release(class, answer{work: work, from: g.at, failed: failed != nil}, g)
			})
		}, nil
	case <-ctx.Done():
		b.giveUp(class, place, ready)
		return nil, fmt.Errorf("wait for a legacy connection: %w", ctx.Err())
	}
}

// grant is a lease that was handed out.
type grant struct {
	at    time.Time
	nth   uint64 // of all grants
	alone bool   // no other was out
}

// grant hands free leases to those who wait. b.mu is held.
func (b *Budget) grant() {
	for b.out() < b.limit {
		class := Sync
		if b.waiting[Sync].Len() == 0 {
			class = Drain
		}
		first := b.waiting[class].Front()
		if first == nil {
			return
		}
		b.waiting[class].Remove(first)
		b.held[class]++
		b.granted[class]++
		b.grants++
		if b.governor != nil {
			b.governor.grant(b.out())
		}
		first.Value.(chan grant) <- grant{b.now(), b.grants, b.out() == 1}
	}
}

func (b *Budget) release(class Class, a answer, g grant) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.governor != nil {
		now := b.now()
		a.took, a.alone = now.Sub(g.at), g.alone && b.grants == g.nth
		b.governor.observe(now, a)
		b.limit = b.governor.leases()
		b.say(now)
	}
	b.held[class]--
	b.grant()
}

// say logs a change, unless the last line is too young: then a later release
// does. b.mu is held.
func (b *Budget) say(now time.Time) {
	if b.limit == b.said || now.Sub(b.saidAt) < BudgetLogEvery {
		return
	}
	level, text := slog.LevelInfo, "budget grows: legacy answers quickly"
	if b.limit < b.said {
		level, text = slog.LevelWarn, "budget shrinks: legacy answers slowly"
	}
	b.logger.Log(context.Background(), level, text, "from", b.said, "to", b.limit, "connections", b.ceiling, "ratio", b.governor.ratio)
	b.said, b.saidAt = b.limit, now
}

// giveUp leaves the line, or gives back the lease that was granted at the very
// moment the caller's patience ended.
func (b *Budget) giveUp(class Class, place *list.Element, ready chan grant) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-ready:
		b.held[class]--
		b.grant()
	default:
		b.waiting[class].Remove(place)
	}
}

var (
	budgetLimit = prometheus.NewDesc("banyan_budget_limit",
		"Legacy connections that everything together may hold now.", nil, nil)
	budgetCeiling = prometheus.NewDesc("banyan_budget_ceiling",
		"Legacy connections that everything together may hold when legacy is quick.", nil, nil)
	budgetRatio = prometheus.NewDesc("banyan_budget_latency_ratio",
		"How many times as long as usual legacy takes, by the budget's last look; 0: not known yet.", nil, nil)
	budgetHeld = prometheus.NewDesc("banyan_budget_held",
		"Legacy connections held now.", []string{"class"}, nil)
	budgetWaiting = prometheus.NewDesc("banyan_budget_waiting",
		"Callers waiting for a legacy connection.", []string{"class"}, nil)
	budgetGranted = prometheus.NewDesc("banyan_budget_granted_total",
		"Legacy connections handed out so far.", []string{"class"}, nil)
)

// Describe implements prometheus.Collector.
func (b *Budget) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{budgetLimit, budgetCeiling, budgetRatio, budgetHeld, budgetWaiting, budgetGranted} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (b *Budget) Collect(ch chan<- prometheus.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch <- prometheus.MustNewConstMetric(budgetLimit, prometheus.GaugeValue, float64(b.limit))
	ch <- prometheus.MustNewConstMetric(budgetCeiling, prometheus.GaugeValue, float64(b.ceiling))
	if b.governor != nil {
		ch <- prometheus.MustNewConstMetric(budgetRatio, prometheus.GaugeValue, b.governor.ratio)
	}
	for class := range classes {
		word := class.String()
		ch <- prometheus.MustNewConstMetric(budgetHeld, prometheus.GaugeValue, float64(b.held[class]), word)
		ch <- prometheus.MustNewConstMetric(budgetWaiting, prometheus.GaugeValue, float64(b.waiting[class].Len()), word)
		ch <- prometheus.MustNewConstMetric(budgetGranted, prometheus.CounterValue, float64(b.granted[class]), word)
	}
}
