package relay

import (
	"sync"
	"time"
)

// State is how the relay stands, for the console and the forecast.
type State struct {
	Breaker string    `json:"breaker"` // closed, half-open or open
	Since   time.Time `json:"since"`   // since when it is so
	Rate    float64   `json:"rate"`    // orders a second that left the queue, over the last RateWindow
	InHand  int       `json:"in_hand"` // orders received and not yet settled
}

// RateWindow is the time over which State.Rate is taken.
const RateWindow = 10 * time.Second

// State returns how the relay stands now.
func (r *Relay) State() State {
	state, since := r.breaker.state()
	return State{
		Breaker: state.String(),
		Since:   since,
		Rate:    r.rate.perSecond(r.now()),
		InHand:  int(r.inHand.Load()),
	}
}

// rate counts events in a ring of one-second buckets.
type rate struct {
	mu      sync.Mutex
	buckets [int(RateWindow/time.Second) + 1]struct {
		second int64
		n      int
	}
}

func (r *rate) add(now time.Time, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	second := now.Unix()
	b := &r.buckets[int(second%int64(len(r.buckets)))]
	if b.second != second {
		b.second, b.n = second, 0
	}
	b.n += n
}

// perSecond leaves out the second that is still running, so that the figure
// does not dip at the start of each.
func (r *rate) perSecond(now time.Time) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	window := int64(RateWindow / time.Second)
	sum, current := 0, now.Unix()
	for _, b := range r.buckets {
		if b.second < current && b.second >= current-window {
			sum += b.n
		}
	}
	return float64(sum) / RateWindow.Seconds()
}
