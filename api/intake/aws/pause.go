package aws

import (
	"context"
	"math/rand/v2"
	"time"
)

// How often something is tried, and how long is waited between two tries. All
// of it together is below two seconds: a shopper waits.
const (
	maxTries     = 12
	firstPause   = 5 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// pause spaces out repeats, longer each time and by chance, so that two that
// meet once do not meet again.
type pause struct {
	metrics *metrics
	tries   int
}

func (s *Store) newPause() *pause { return &pause{metrics: s.metrics, tries: 1} }

// next waits before the next try. It returns false where there is none: ctx has
// ended, or it was tried often enough.
func (p *pause) next(ctx context.Context, cause string) bool {
	if p.tries >= maxTries || ctx.Err() != nil {
		return false
	}
	longest := min(longestPause, firstPause<<(p.tries-1))
	p.tries++
	p.metrics.repeated(cause)
	timer := time.NewTimer(rand.N(longest))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
