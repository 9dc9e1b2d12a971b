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

// Phases are the phases in their order.
var Phases = []Phase{Before, During, After}

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

// Share is which part of them had a good outcome; 1 where there were none.
func (t Tally) Share() float64 {
	if sum := t.Sum(); sum > 0 {
		return float64(t.Good()) / float64(sum)
	}
	return 1
}

// Entry is one request for the Book.
type Entry struct {
	Kind    string
	Due     time.Duration // when it had to begin, which says its phase
	From    time.Duration // from when its latency counts; zero: Due
	Ended   time.Duration
	Outcome Outcome
	Trouble string // the kind of error, where it failed
}

// Second is what came and ended within one second of a sale.
type Second struct {
	Due  int64   `json:"due"`    // requests that had to begin in it
	Good int64   `json:"good"`   // that ended in it, with a good outcome
	Bad  int64   `json:"bad"`    // that ended in it, otherwise
	P99  float64 `json:"p99_ms"` // of those that were due in it and ended well; 0 where there were none
	took []int64 // their latencies, in microseconds
}

// Book keeps what became of requests, by kind and phase.
type Book struct {
	phase func(due time.Duration) Phase

	mu      sync.Mutex
	tallies map[string]map[Phase]*Tally
	seconds map[string][]Second
}

// NewBook returns an empty book. phase says in which part of the sale a request
// is that was due at a time.
func NewBook(phase func(due time.Duration) Phase) *Book {
	return &Book{phase: phase, tallies: make(map[string]map[Phase]*Tally), seconds: make(map[string][]Second)}
}

// Enter notes what became of a request.
func (b *Book) Enter(e Entry) {
	if e.From == 0 {
		e.From = e.Due
	}
	took := min(max((e.Ended-e.From).Microseconds(), lowest), highest)
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tally(e.Kind, b.phase(e.Due))
	t.Outcomes[e.Outcome]++
	b.second(e.Kind, e.Due).Due++
	if !e.Outcome.Good() {
		if e.Trouble != "" {
			t.Errors[e.Trouble]++
		}
		b.second(e.Kind, e.Ended).Bad++
		return
	}
	_ = t.histogram.RecordValue(took) // within its bounds
	b.second(e.Kind, e.Ended).Good++
	due := b.second(e.Kind, e.Due)
	due.took = append(due.took, took)
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

// second returns the second in which a moment lies. b.mu is held.
func (b *Book) second(kind string, at time.Duration) *Second {
	i := int(max(0, at) / time.Second)
	for len(b.seconds[kind]) <= i {
		b.seconds[kind] = append(b.seconds[kind], Second{})
	}
	return &b.seconds[kind][i]
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

// Seconds returns a kind of requests second by second.
func (b *Book) Seconds(kind string) []Second {
	b.mu.Lock()
	defer b.mu.Unlock()
	seconds := slices.Clone(b.seconds[kind])
	for i := range seconds {
		if took := slices.Sorted(slices.Values(seconds[i].took)); len(took) > 0 {
			seconds[i].P99 = milliseconds(took[(len(took)*99-1)/100])
		}
		seconds[i].took = nil
	}
	return seconds
}

// Sum returns how many requests of a kind ended so far, well and otherwise.
func (b *Book) Sum(kind string) (good, bad int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.tallies[kind] {
		good += t.Good()
		bad += t.Sum() - t.Good()
	}
	return good, bad
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
	out.P50, out.P99 = milliseconds(t.histogram.ValueAtQuantile(50)), milliseconds(t.histogram.ValueAtQuantile(99))
	out.P999, out.Max = milliseconds(t.histogram.ValueAtQuantile(99.9)), milliseconds(t.histogram.Max())
	return out
}

func milliseconds(us int64) float64 { return float64(us) / 1000 }
