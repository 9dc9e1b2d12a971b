package relay

import "time"

// The span in which a deferred order comes back.
const (
	BackoffBase = time.Second     // bound of the first wait
	BackoffCap  = 5 * time.Minute // bound of every later one
)

// backoff returns how long an order that was deferred attempts times before
// waits now: anywhere up to base doubled attempts times, capped (full jitter),
// so that what failed together does not come back together. It never gives up.
func (r *Relay) backoff(attempts int) time.Duration {
	bound := r.backoffCap
	if attempts < 30 {
		bound = min(bound, r.backoffBase<<attempts)
	}
	return time.Duration(r.rand() * float64(bound))
}
