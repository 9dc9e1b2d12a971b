package relay

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

// The figures by which the budget follows legacy. A ratio is how many times as
// long legacy takes as it does when it is asked one thing at a time.
const (
	ShrinkRatio = 2.5 // beyond it the budget shrinks
	GrowRatio   = 2.0 // below it the budget grows; in between it stays, so that it does not swing
	ShrinkMost  = 0.5 // no single step takes away more than this share
	GrowShare   = 0.1 // of the present limit a step adds, and one lease at least

	FailedShare = 0.25 // so many answers that failed, of all since the first that did, halve the budget

	AdaptEvery   = 200 * time.Millisecond // between two steps, at least
	AdaptAnswers = 5                      // it takes to make a step, or to know what legacy usually takes
	AdaptMemory  = 2 * time.Minute        // an answer older than this counts for no step

	QuickEnough = 5 * time.Millisecond // what takes no longer is never slow: that is this machine's own noise

	adaptKinds = 512 // kinds and sizes of work that are told apart
	adaptMost  = 512 // answers kept for a step
)

// Work says what a lease is for. Answers are held against those to work of the
// same kind and about the same size.
type Work struct {
	Kind string // in a word; empty: it is not measured
	Size int    // how many orders; zero counts as one
}

// answer is what legacy did with one lease.
type answer struct {
	work   Work
	from   time.Time // the lease was granted
	took   time.Duration
	alone  bool // no other lease was out meanwhile
	failed bool // legacy gave no answer
}

// governor decides how many leases there are, by how long legacy takes. It is
// pure: time is passed in.
//
// It is the additive increase and multiplicative decrease of TCP (Chiu and
// Jain, 1989) on a delay signal, as in TCP Vegas (Brakmo and Peterson, 1994)
// and in the gradient limits of Netflix's concurrency-limits. In a closed loop
// of L leases over a legacy that serves c at a time, an answer takes L/c times
// as long as alone once L is over c: at a ratio of two nobody at legacy is idle,
// and a larger budget only makes queues there.
//
// What legacy takes alone is learned upwards from answers that had no other
// lease beside them, and downwards from all. A legacy that has become slow in
// itself, whatever the budget, is so found out at a limit of one within
// seconds, taken as usual, and the budget grows back. A limit that is not used
// does not grow: nothing is known of it.
type governor struct {
	ceiling int
	limit   float64

	usual   map[kind]*usual
	window  []answer  // since the last step
	used    int       // the most leases out at once since then
	stepped time.Time // the last step
	changed time.Time // the last one that changed the limit
	ratio   float64   // of the last window that had one; 0: none had
}

// kind is work that takes about as long: the same kind of about the same size.
type kind struct {
	word string
	size int // bits.Len of it: sizes from one power of two to the next are alike
}

func (w Work) kind() kind { return kind{w.Kind, bits.Len(uint(max(1, w.Size)))} }

// usual is what legacy takes for a kind of work when it is hardly asked.
type usual struct {
	took    float64 // seconds; 0: not known yet
	answers int     // seen until it was known
}

func newGovernor(ceiling int) *governor {
	return &governor{ceiling: ceiling, limit: float64(ceiling), usual: make(map[kind]*usual)}
}

// leases is the limit in whole leases, never below one.
func (g *governor) leases() int { return min(g.ceiling, max(1, int(g.limit+0.5))) }

// grant notes how many leases are out.
func (g *governor) grant(held int) { g.used = max(g.used, held) }

// observe takes an answer in, and makes a step where it is time to.
func (g *governor) observe(now time.Time, a answer) {
	// An answer that began before the last change tells of the limit before it.
	if a.work.Kind == "" || a.from.Before(g.changed) {
		return
	}
	if len(g.window) > 0 && now.Sub(g.window[0].from.Add(g.window[0].took)) > AdaptMemory {
		g.window = g.window[:0]
	}
	if len(g.window) < adaptMost {
		g.window = append(g.window, a)
	}
	if since := g.sinceFailure(); len(since) > 0 && len(since) < AdaptAnswers {
		return // one that failed says little: what became of the next?
	}
	if len(g.window) >= AdaptAnswers && now.Sub(g.stepped) >= AdaptEvery {
		g.step(now)
	}
}

// sinceFailure returns the window's answers from the first that failed on.
func (g *governor) sinceFailure() []answer {
	first := slices.IndexFunc(g.window, func(a answer) bool { return a.failed })
	if first < 0 {
		return nil
	}
	return g.window[first:]
}

// step looks at the answers since the last one and sets the limit.
func (g *governor) step(now time.Time) {
	since, failed := g.sinceFailure(), 0
	for _, a := range since {
		if a.failed {
			failed++
		}
	}
	failing := failed > 0 && float64(failed) >= FailedShare*float64(len(since))
	var ratios []float64
	for _, a := range g.window {
		if ratio, known := g.ratioOf(a); known && !a.failed {
			ratios = append(ratios, ratio)
		}
	}
	g.learn()
	used := g.used
	g.window, g.used, g.stepped = g.window[:0], 0, now
	if failing {
		g.set(now, g.limit*ShrinkMost)
		return
	}
	if len(ratios) == 0 {
		return
	}
	g.ratio = median(ratios)
	switch {
	case g.ratio > ShrinkRatio && used > 1: // else there is nothing of ours to take away
		g.set(now, min(g.limit, float64(used))*max(ShrinkMost, (ShrinkRatio+GrowRatio)/2/g.ratio))
	case g.ratio < GrowRatio && 2*used >= g.leases():
		g.set(now, g.limit+max(1, g.limit*GrowShare))
	}
}

func (g *governor) set(now time.Time, limit float64) {
	before := g.leases()
	g.limit = min(float64(g.ceiling), max(1, limit))
	if g.leases() != before {
		g.changed = now
	}
}

// ratioOf is how many times as long as usual an answer took.
func (g *governor) ratioOf(a answer) (ratio float64, known bool) {
	u := g.usual[a.work.kind()]
	if u == nil || u.took == 0 {
		return 0, false
	}
	return a.took.Seconds() / max(u.took, QuickEnough.Seconds()), true
}

// learn has the window's answers change what is usual: by their median, so that
// a single slow one changes nothing, and by no more than by half or double.
func (g *governor) learn() {
	all, alone := make(map[kind][]float64), make(map[kind][]float64)
	for _, a := range g.window {
		if a.failed {
			continue
		}
		k := a.work.kind()
		all[k] = append(all[k], a.took.Seconds())
		if a.alone {
			alone[k] = append(alone[k], a.took.Seconds())
		}
	}
	for k, took := range all {
		u := g.usual[k]
		if u == nil {
			if len(g.usual) >= adaptKinds {
				continue
			}
			u = new(usual)
			g.usual[k] = u
		}
		u.learn(took, alone[k])
	}
}

func (u *usual) learn(all, alone []float64) {
	if u.took == 0 {
		if u.answers += len(all); u.answers >= AdaptAnswers {
			u.took = median(all)
		}
		return
	}
	middle := median(all)
	if 2*len(alone) > len(all) {
		middle = median(alone) // our own load is none of its reasons
	} else if middle > u.took {
		return
	}
	middle = min(2*u.took, max(u.took/2, middle))
	u.took += (middle - u.took) / 2
}

// median returns the middle of a list that is not empty; it sorts it.
func median(list []float64) float64 {
	slices.Sort(list)
	if half := len(list) / 2; len(list)%2 == 1 {
		return list[half]
	} else {
		return math.Sqrt(list[half-1] * list[half]) // of ratios and times
	}
}
