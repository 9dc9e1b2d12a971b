package relay

import (
	"container/list"
	"context"
	"fmt"
	"sync"

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
// Drain. It is a prometheus.Collector.
type Budget struct {
	mu      sync.Mutex
	limit   int
	held    [classes]int
	granted [classes]uint64
	waiting [classes]list.List // of chan struct{}, closed when granted
}

// NewBudget returns a budget of limit leases; 1 is allowed, less is taken as 1.
func NewBudget(limit int) *Budget {
	return &Budget{limit: max(1, limit)}
}

// Limit returns how many leases there are.
func (b *Budget) Limit() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.limit
}

// Held returns how many leases are out.
func (b *Budget) Held() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held[Sync] + b.held[Drain]
}

// Acquire waits for a lease. The function it returns gives the lease back;
// calling that more than once is harmless.
func (b *Budget) Acquire(ctx context.Context, class Class) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wait for a legacy connection: %w", err)
	}
	b.mu.Lock()
	ready := make(chan struct{})
	place := b.waiting[class].PushBack(ready)
	b.grant()
	b.mu.Unlock()

	select {
	case <-ready:
		return sync.OnceFunc(func() { b.release(class) }), nil
	case <-ctx.Done():
		b.giveUp(class, place, ready)
		return nil, fmt.Errorf("wait for a legacy connection: %w", ctx.Err())
	}
}

// grant hands free leases to those who wait. b.mu is held.
func (b *Budget) grant() {
	for b.held[Sync]+b.held[Drain] < b.limit {
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
		close(first.Value.(chan struct{}))
	}
}

func (b *Budget) release(class Class) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held[class]--
	b.grant()
}

// giveUp leaves the line, or gives back the lease that was granted at the very
// moment the caller's patience ended.
func (b *Budget) giveUp(class Class, place *list.Element, ready chan struct{}) {
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
		"Legacy connections that everything together may hold.", nil, nil)
	budgetHeld = prometheus.NewDesc("banyan_budget_held",
		"Legacy connections held now.", []string{"class"}, nil)
	budgetWaiting = prometheus.NewDesc("banyan_budget_waiting",
		"Callers waiting for a legacy connection.", []string{"class"}, nil)
	budgetGranted = prometheus.NewDesc("banyan_budget_granted_total",
		"Legacy connections handed out so far.", []string{"class"}, nil)
)

// Describe implements prometheus.Collector.
func (b *Budget) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{budgetLimit, budgetHeld, budgetWaiting, budgetGranted} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (b *Budget) Collect(ch chan<- prometheus.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch <- prometheus.MustNewConstMetric(budgetLimit, prometheus.GaugeValue, float64(b.limit))
	for class := range classes {
		word := class.String()
		ch <- prometheus.MustNewConstMetric(budgetHeld, prometheus.GaugeValue, float64(b.held[class]), word)
		ch <- prometheus.MustNewConstMetric(budgetWaiting, prometheus.GaugeValue, float64(b.waiting[class].Len()), word)
		ch <- prometheus.MustNewConstMetric(budgetGranted, prometheus.CounterValue, float64(b.granted[class]), word)
	}
}
