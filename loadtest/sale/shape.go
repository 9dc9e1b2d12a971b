package sale

import (
	"math"
	"time"
)

// Shape is how many requests a second are due at a moment since the beginning.
type Shape func(since time.Duration) float64

// Steady is always the same rate.
func Steady(rate float64) Shape { return func(time.Duration) float64 { return rate } }

// Spike is rate until from, then spike for as long as it lasts, then rate again.
func Spike(rate, spike float64, from, lasts time.Duration) Shape {
	return func(since time.Duration) float64 {
		if since >= from && since < from+lasts {
			return spike
		}
		return rate
	}
}

// Counts is a rate given for each step of time, as counted in a log; it is zero
// after the last.
func Counts(step time.Duration, counts []float64, times float64) Shape {
	return func(since time.Duration) float64 {
		i := int(since / step)
		if i < 0 || i >= len(counts) {
			return 0
		}
		return counts[i] * times / step.Seconds()
	}
}

// resolution is how finely a shape is followed.
const resolution = time.Millisecond

// arrivals steps through the moments at which requests are due. Between two of
// them the rate adds up to one, or, where random is given, to an exponentially
// distributed part of it, as shoppers come who know nothing of each other.
type arrivals struct {
	shape  Shape
	random func() float64 // in [0,1); nil: evenly
	until  time.Duration
	at     time.Duration
	left   float64 // of what has to add up before the next is due
}

func newArrivals(shape Shape, until time.Duration, random func() float64) *arrivals {
	a := &arrivals{shape: shape, until: until, random: random}
	a.left = a.gap()
	return a
}

func (a *arrivals) gap() float64 {
	if a.random == nil {
		return 1
	}
	return -math.Log(1 - a.random())
}

// next returns when the next request is due; ok is false when there is none.
func (a *arrivals) next() (at time.Duration, ok bool) {
	for a.at < a.until {
		rate := a.shape(a.at)
		end := min(a.at.Truncate(resolution)+resolution, a.until)
		share := rate * (end - a.at).Seconds()
		if share < a.left || rate <= 0 {
			a.left -= share
			a.at = end
			continue
		}
		a.at += time.Duration(a.left / rate * float64(time.Second))
		a.left = a.gap()
		return a.at, true
	}
	return 0, false
}
