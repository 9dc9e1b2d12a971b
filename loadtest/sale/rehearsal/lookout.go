package rehearsal

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/banyan-edge/banyan/loadtest/sale/rig"
	"github.com/banyan-edge/banyan/loadtest/sale/shopper"
	"github.com/banyan-edge/banyan/loadtest/sale/truth"
)

// How often the lookout looks at the orders, and every how many looks at the
// connections, which costs more.
const (
	lookEvery = 500 * time.Millisecond
	heldEvery = 2
)

// Point is how things stood at one moment of a run.
type Point struct {
	At       float64 `json:"at"`       // seconds since the beginning
	Tried    int64   `json:"tried"`    // orders whose shopper got an answer, or gave up
	Accepted int64   `json:"accepted"` // of them
	Written  int64   `json:"written"`  // orders in the legacy database; -1: nobody could say
	Waiting  int64   `json:"waiting"`  // accepted and not written yet, as Banyan counts them
	Errors   int64   `json:"errors"`   // requests of all kinds that went wrong
	Held     int     `json:"held"`     // connections that the database had; -1: nobody could say
}

// Standing is a Point for whoever watches.
type Standing struct {
	Point
	Way  rig.Way
	Rate float64 // orders a second that are due
}

// lookout notes how things stand while a run goes on.
type lookout struct {
	plan  Plan
	stage Stage
	crowd *shopper.Crowd
	watch func(Standing)

	before truth.Before

	began, ended moment // of the spike, as far as it was seen
	series       []Point
	waiting      atomic.Int64 // as of the last look that was told
	looks        atomic.Int64 // that could see the queue
}

// moment is how much processor time had been spent at one.
type moment struct {
	at   float64
	used rig.Usage
}

func newLookout(p Plan, s Stage, c *shopper.Crowd, before truth.Before) *lookout {
	return &lookout{plan: p, stage: s, crowd: c, before: before, watch: func(Standing) {}}
}

// run looks until ctx ends, and once more.
func (l *lookout) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		l.look(context.WithoutCancel(ctx))
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// look notes one moment. A question that fails leaves what was known before.
func (l *lookout) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	p := Point{Written: -1, Held: rig.Unknown}
	known := true
	if n := len(l.series); n > 0 {
		p.Written, p.Waiting, p.Held = l.series[n-1].Written, l.series[n-1].Waiting, l.series[n-1].Held
	}
	p.At = time.Since(l.crowd.Began).Seconds()
	p.Accepted = l.crowd.Notes.Accepted()
	good, bad := l.crowd.Book.Sum(shopper.Checkout)
	p.Tried = good + bad
	for _, kind := range []string{shopper.Browse, shopper.Product, shopper.Checkout, shopper.Cart} {
		_, wrong := l.crowd.Book.Sum(kind)
		p.Errors += wrong
	}
	if l.stage.Truth != nil {
		if n, err := l.stage.Truth.Orders(ctx, l.before); err == nil {
			p.Written = n
		}
	}
	if l.stage.Way == rig.Elsewhere && l.stage.Truth != nil {
		p.Waiting = max(0, p.Accepted-p.Written) // nobody else says how deep its queue is
	}
	if l.stage.Ledger != nil {
		ledger, err := l.stage.Ledger(ctx)
		if known = err == nil && ledger != nil; known {
			p.Waiting = ledger.Waiting
		}
	}
	if l.stage.Held != nil && len(l.series)%heldEvery == 0 {
		p.Held = l.stage.Held(ctx)
	}
	l.usage(p.At)
	l.series = append(l.series, p)
	l.waiting.Store(p.Waiting)
	if known {
		l.looks.Add(1)
	}
	l.watch(Standing{Point: p, Way: l.stage.Way, Rate: l.plan.orders()(time.Duration(p.At * float64(time.Second)))})
}

// usage notes the processor time at the first and the last look of the spike.
func (l *lookout) usage(at float64) {
	due := time.Duration(at * float64(time.Second))
	if l.stage.Used == nil || due < l.plan.Lead || due > l.plan.Lead+l.plan.For {
		return
	}
	if used, ok := l.stage.Used(); ok {
		l.ended = moment{at, used}
		if l.began.at == 0 {
			l.began = l.ended
		}
	}
}

// drained waits until a look that began after now saw no order waiting. It
// reports false where patience or ctx ended before.
func (l *lookout) drained(ctx context.Context, within time.Duration) bool {
	return l.until(ctx, within, func() bool { return l.waiting.Load() == 0 })
}

// seen waits until everything so far was looked at.
func (l *lookout) seen(ctx context.Context) {
	l.until(ctx, lookWithin, func() bool { return true })
}

// until waits for a look that began after now, and for what is to be so.
func (l *lookout) until(ctx context.Context, within time.Duration, so func() bool) bool {
	from := l.looks.Load() + 1 // the present look may have begun before
	ends := time.Now().Add(within)
	tick := time.NewTicker(lookEvery / 4)
	defer tick.Stop()
	for {
		if l.looks.Load() > from && so() {
			return true
		}
		if time.Now().After(ends) {
			return false
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return so()
		}
	}
}

// tell writes what was seen into the run.
func (l *lookout) tell(r *Run) {
	r.Series, r.MostHeld = l.series, rig.Unknown
	spike := l.plan.Lead.Seconds()
	over := max(spike+l.plan.For.Seconds(), r.Released)
	var first, last *Point // of the time in which the queue only drained
	for i := range r.Series {
		p := &r.Series[i]
		r.MostHeld = max(r.MostHeld, p.Held)
		r.Deepest = max(r.Deepest, p.Waiting)
		if p.Waiting > 0 && i+1 < len(r.Series) {
			r.EmptyAt = r.Series[i+1].At - spike
		}
		if p.At > over && p.Waiting > 0 {
			if first == nil {
				first = p
			}
			last = p
		}
	}
	if lasted := l.ended.at - l.began.at; lasted > 0 {
		r.Ours = (l.ended.used.Ours - l.began.used.Ours) / lasted
		r.Others = max(0, (l.ended.used.All-l.began.used.All)/lasted-r.Ours)
	}
	if first != nil && last.At-first.At >= lookEvery.Seconds()*0.9 {
		r.DrainRate = float64(last.Written-first.Written) / (last.At - first.At)
	}
}
