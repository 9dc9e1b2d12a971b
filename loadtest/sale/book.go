package sale

import (
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Outcome is what became of one request, for the shopper.
type Outcome string

// The outcomes.
const (
	Done     Outcome = "done"      // answered as wanted: a page, an order accepted
	SoldOut  Outcome = "sold_out"  // honestly told that there are no more
	Refused  Outcome = "refused"   // told to come back: 429, 503
	Failed   Outcome = "failed"    // any other answer, or a broken connection
	TimedOut Outcome = "timed_out" // the shopper gave up waiting
	NotSent  Outcome = "not_sent"  // more requests were open than the generator keeps
)

// Good reports whether the shopper got what could be got.
func (o Outcome) Good() bool { return o == Done || o == SoldOut }

// Phase is a part of the sale.
type Phase string

// The phases.
const (
	Before Phase = "before"
	During Phase = "during"
	After  Phase = "after"
)

// Latencies that a histogram holds: from 1 microsecond to 10 minutes, to three
// figures.
const (
	lowest  = 1
	highest = int64(10 * time.Minute / time.Microsecond)
	figures = 3
)

// Tally is what one kind of request came to in one phase.
type Tally struct {
	Outcomes map[Outcome]int64 `json:"outcomes"`
	Errors   map[string]int64  `json:"errors,omitempty"` // of those that failed, by kind
	P50      float64           `json:"p50_ms"`           // of those with a good outcome, from when they were due
	P99      float64           `json:"p99_ms"`
	P999     float64           `json:"p999_ms"`
	Max      float64           `json:"max_ms"`

	histogram *hdrhistogram.Histogram
}

// Sum is how many requests there were.
func (t Tally) Sum() int64 {
	var sum int64
	for _, n := range t.Outcomes {
		sum += n
	}
	return sum
}

// Good is how many had a good outcome.
func (t Tally) Good() int64 { return t.Outcomes[Done] + t.Outcomes[SoldOut] }

// Book keeps what became of requests, by kind and phase.
type Book struct {
	phase func(due time.Duration) Phase

	mu      sync.Mutex
	tallies map[string]map[Phase]*Tally
	seconds map[string][]int64 // good outcomes of each second in which they came
}

// NewBook returns an empty book. phase says in which part of the sale a request
// is that was due at a time.
func NewBook(phase func(due time.Duration) Phase) *Book {
	return &Book{phase: phase, tallies: make(map[string]map[Phase]*Tally), seconds: make(map[string][]int64)}
}

// Enter notes a request of a kind that was due at one time and ended at another;
// trouble is the kind of error, where it failed.
func (b *Book) Enter(kind string, due, ended time.Duration, o Outcome, trouble string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tally(kind, b.phase(due))
	t.Outcomes[o]++
	if !o.Good() {
		if trouble != "" {
			t.Errors[trouble]++
		}
		return
	}
	_ = t.histogram.RecordValue(min(max((ended-due).Microseconds(), lowest), highest)) // within its bounds
	second := int(ended / time.Second)
	for len(b.seconds[kind]) <= second {
		b.seconds[kind] = append(b.seconds[kind], 0)
	}
	b.seconds[kind][second]++
}

// tally returns the tally of a kind in a phase. b.mu is held.
func (b *Book) tally(kind string, phase Phase) *Tally {
	phases := b.tallies[kind]
	if phases == nil {
		phases = make(map[Phase]*Tally)
		b.tallies[kind] = phases
	}
	t := phases[phase]
	if t == nil {
		t = &Tally{Outcomes: make(map[Outcome]int64), Errors: make(map[string]int64), histogram: hdrhistogram.New(lowest, highest, figures)}
		phases[phase] = t
	}
	return t
}

// Tallies returns a copy of everything noted so far, by kind and phase.
func (b *Book) Tallies() map[string]map[Phase]Tally {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make(map[string]map[Phase]Tally, len(b.tallies))
	for kind, phases := range b.tallies {
		all[kind] = make(map[Phase]Tally, len(phases))
		for phase, t := range phases {
			all[kind][phase] = t.read()
		}
	}
	return all
}

// Good returns how many requests of a kind had a good outcome, second by second
// of when they ended.
func (b *Book) Good(kind string) []int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.seconds[kind])
}

// read returns a copy with the quantiles read.
func (t *Tally) read() Tally {
	out := Tally{Outcomes: make(map[Outcome]int64), Errors: make(map[string]int64)}
	for o, n := range t.Outcomes {
		out.Outcomes[o] = n
	}
	for e, n := range t.Errors {
		out.Errors[e] = n
	}
	milliseconds := func(us int64) float64 { return float64(us) / 1000 }
	out.P50, out.P99 = milliseconds(t.histogram.ValueAtQuantile(50)), milliseconds(t.histogram.ValueAtQuantile(99))
	out.P999, out.Max = milliseconds(t.histogram.ValueAtQuantile(99.9)), milliseconds(t.histogram.Max())
	return out
}
