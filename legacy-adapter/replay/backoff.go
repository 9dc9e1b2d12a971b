package replay

import (
	"net/http"
	"strconv"
	"time"
)

// retryAfterCap bounds what legacy's Retry-After is believed.
const retryAfterCap = time.Hour

// backoff returns how long a capture that was sent attempts times waits now:
// anywhere up to base doubled so many times, capped (full jitter), so that what
// failed together does not come back together. It never gives up.
func (r *Replay) backoff(attempts int) time.Duration {
	bound := r.options.BackoffCap
	if attempts < 30 {
		bound = min(bound, r.options.BackoffBase<<attempts)
	}
	return time.Duration(r.options.Rand() * float64(bound))
}

// retryAfter is how long legacy asked to be left alone.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return min(time.Duration(min(seconds, 1<<20))*time.Second, retryAfterCap)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), retryAfterCap)
	}
	return 0
}
