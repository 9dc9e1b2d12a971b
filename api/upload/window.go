package upload

import "time"

// AddressLife is how long an address of a picture takes an upload. AddressStep is
// how often the addresses of a listing change: two answers in one step have the
// same addresses, and an address given out has at least AddressLife - AddressStep
// left.
const (
	AddressLife = time.Hour
	AddressStep = 30 * time.Minute
)

// AbandonedAfter is how long what was begun and never finished is kept.
const AbandonedAfter = 24 * time.Hour

// Window returns from when to when the addresses hold that a listing accepted at
// a time is given now. Steps are counted from its acceptance, so that an answer
// given again is the same.
func Window(accepted, now time.Time) (from, until time.Time) {
	accepted = accepted.UTC().Truncate(time.Second)
	steps := max(0, now.Sub(accepted)/AddressStep)
	from = accepted.Add(steps * AddressStep)
	return from, from.Add(AddressLife)
}
