package capacity

import (
	"container/heap"
	"math"
	"time"
)

// tick is how finely the shoppers' arrival is played.
const tick = 10 * time.Millisecond

// Point is how things stand at one second of the sale.
type Point struct {
	At        float64 `json:"at"`        // seconds since the watching began
	Tried     float64 `json:"tried"`     // orders placed so far
	Accepted  float64 `json:"accepted"`  // of them
	Refused   float64 `json:"refused"`   // of them, told to come back (429, 503)
	Written   float64 `json:"written"`   // in the legacy database
	Waiting   float64 `json:"waiting"`   // accepted and not yet written
	Busy      float64 `json:"busy"`      // environments at work
	Connected int     `json:"connected"` // connections that legacy has
}

// Result is what became of a sale.
type Result struct {
	Plan     Plan          `json:"plan"`
	Series   []Point       `json:"series"`
	Accepted float64       `json:"accepted"`
	Refused  Refusals      `json:"refused"`
	Deepest  float64       `json:"deepest"`       // most orders that waited at once
	EmptyAt  time.Duration `json:"empty_at"`      // since the spike began, when the queue was empty again; Never
	Longest  time.Duration `json:"longest"`       // that an order waited to be written
	Busiest  float64       `json:"busiest"`       // environments at once
	Most     int           `json:"most"`          // connections at once
	Needs    []Need        `json:"needs"`         // AWS's quotas, the one hit first first
	Drain    float64       `json:"drain"`         // orders a second that the relay writes
	Bill     Bill          `json:"bill,omitzero"` // AWS only
}

// Never is Result.EmptyAt where the calm rate alone is more than legacy can take.
const Never = time.Duration(-1)

// Refusals are the orders that were told to come back, by what was too little.
type Refusals struct {
	Throttle    float64 `json:"throttle"`    // API Gateway's
	Environment float64 `json:"environment"` // no environment of the function was free
	Table       float64 `json:"table"`       // the table, or the counters of the hot SKU
	Machine     float64 `json:"machine"`     // local: the machine accepts no more
}

// Sum is all of them.
func (r Refusals) Sum() float64 { return r.Throttle + r.Environment + r.Table + r.Machine }

// peaks are the highest rates that the sale asked for.
type peaks struct{ requests, accepted, writes, wanted, growth float64 }

// Simulate plays a plan to the end: until the spike is over and the queue is
// empty, or as far as the queue grows for ever, until it is plain that it does.
func Simulate(p Plan) (Result, error) {
	p = p.WithDefaults()
	if err := p.Check(); err != nil {
		return Result{}, err
	}
	s := newSimulation(p)
	for heap.Push(&s.events, event{at: 0, do: s.arrive}); len(s.events) > 0; {
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		e.do()
	}
	return s.finish(), nil
}

// event is something that happens at a time.
type event struct {
	at time.Duration
	do func()
}

type events []event

func (q events) Len() int           { return len(q) }
func (q events) Less(i, j int) bool { return q[i].at < q[j].at }
func (q events) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)        { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// simulation is a sale that is being played. Orders are counted in fractions as
// shoppers come, and queued whole.
type simulation struct {
	plan   Plan
	now    time.Duration
	events events
	result Result
	peak   peaks

	gate  gate  // what lets an order in, or not
	queue queue // accepted and not in hand
	hands int   // batches in hand

	tried, accepted, written, inHand float64
	carried                          float64       // the fraction of an order that is still to come
	next                             time.Duration // second to be noted
}

func newSimulation(p Plan) *simulation {
	s := &simulation{plan: p}
	s.result.Plan, s.result.Drain = p, p.DrainRate()
	if p.Target == AWS {
		s.gate = newCloud(p, &s.result.Refused)
	} else {
		s.gate = &machine{rate: p.AcceptPerSecond, refused: &s.result.Refused}
	}
	return s
}

// arrive plays the shoppers of one tick.
func (s *simulation) arrive() {
	rate := s.plan.rateAt(s.now)
	n := rate * tick.Seconds()
	s.tried += n
	in := s.gate.admit(s.now, n)
	s.carried += in
	if whole := math.Floor(s.carried); whole > 0 {
		s.carried -= whole
		s.accepted += whole
		s.queue.put(s.now, whole)
		s.relay()
	}
	s.watch(rate)
	if !s.done() {
		heap.Push(&s.events, event{s.now + tick, s.arrive})
	}
}

// done reports whether there is nothing more to see: the spike is over and its
// orders are written, or the calm rate alone is more than legacy can take.
func (s *simulation) done() bool {
	if s.now <= s.plan.Lead+s.plan.For {
		return false
	}
	if s.plan.Rate >= s.result.Drain {
		s.result.EmptyAt = Never
		return true
	}
	// What the calm rate keeps in hand is no queue.
	calm := s.plan.Rate * (s.plan.writing(s.plan.batch()) + tick).Seconds()
	s.result.EmptyAt = s.now - s.plan.Lead
	return s.waiting() <= max(1, calm)
}

func (s *simulation) waiting() float64 { return s.queue.size + s.inHand }

// relay takes orders in hand as long as there is a free one.
func (s *simulation) relay() {
	for s.hands < s.plan.relayWorkers() && s.queue.size > 0 {
		n, oldest := s.queue.take(float64(s.plan.batch()))
		s.hands++
		s.inHand += n
		s.result.Most = max(s.result.Most, s.hands)
		wait := s.plan.writing(int(n))
		s.result.Longest = max(s.result.Longest, s.now+wait-oldest)
		heap.Push(&s.events, event{s.now + wait, func() {
			s.hands--
			s.inHand -= n
			s.written += n
			s.relay()
		}})
	}
}

// watch notes how things stand.
func (s *simulation) watch(rate float64) {
	s.result.Deepest = max(s.result.Deepest, s.waiting())
	busy, growth := s.gate.load()
	s.result.Busiest = max(s.result.Busiest, busy)
	s.peak.accepted = max(s.peak.accepted, rate)
	s.peak.requests = max(s.peak.requests, s.plan.requests(rate))
	s.peak.writes = max(s.peak.writes, rate*WritesAnOrder)
	s.peak.wanted = max(s.peak.wanted, s.plan.requests(rate)*s.plan.Accept.Seconds())
	s.peak.growth = max(s.peak.growth, growth)
	if s.now < s.next {
		return
	}
	s.next += time.Second
	s.result.Series = append(s.result.Series, Point{
		At: s.now.Seconds(), Tried: s.tried, Accepted: s.accepted, Refused: s.result.Refused.Sum(),
		Written: s.written, Waiting: s.waiting(), Busy: busy, Connected: s.hands,
	})
}

// requests is how many requests a second the serverless arm gets at a rate of
// orders: the orders, and what their shoppers look at there.
func (p Plan) requests(rate float64) float64 {
	orders := p.Spike * p.For.Seconds()
	return rate * (1 + p.ServerlessEach*p.Shoppers/orders)
}

func (s *simulation) finish() Result {
	s.result.Accepted = s.accepted
	if s.plan.Target == AWS {
		s.result.Needs = s.plan.needs(s.peak)
		s.result.Bill = bill(s.plan, s.result)
	}
	return s.result
}

// queue is orders that wait, the oldest first, in lumps that came together.
type queue struct {
	lumps []lump
	size  float64
}

type lump struct {
	at time.Duration
	n  float64
}

func (q *queue) put(at time.Duration, n float64) {
	q.lumps = append(q.lumps, lump{at, n})
	q.size += n
}

// take takes up to n orders and says since when the oldest waited.
func (q *queue) take(n float64) (taken float64, oldest time.Duration) {
	oldest = q.lumps[0].at
	for taken < n && len(q.lumps) > 0 {
		first := &q.lumps[0]
		part := min(first.n, n-taken)
		first.n -= part
		taken += part
		if first.n == 0 {
			q.lumps = q.lumps[1:]
		}
	}
	q.size -= taken
	return taken, oldest
}
