package console

import (
	"fmt"
	"time"
)

// Forecast says when the queue will be empty if things go on as they do.
type Forecast struct {
	Waiting  int64      `json:"waiting"`
	Rate     float64    `json:"rate"`     // orders a second that leave the queue
	Arriving float64    `json:"arriving"` // and that come
	EmptyAt  *time.Time `json:"empty_at"` // null where it will not be, as things go
	Words    string     `json:"words"`
}

// longest is how far a forecast goes; what is beyond it is as good as never.
const longest = 365 * 24 * time.Hour

// NewForecast forecasts from the present rates, of orders that leave the queue
// and that come, both a second.
func NewForecast(waiting int64, leaving, arriving float64, now time.Time) Forecast {
	f := Forecast{Waiting: waiting, Rate: leaving, Arriving: arriving}
	net := leaving - arriving
	pace := fmt.Sprintf("%s a second leave it and %s come", rate(leaving), rate(arriving))
	switch {
	case waiting == 0:
		f.EmptyAt, f.Words = &now, "The queue is empty."
		return f
	case leaving == 0:
		f.Words = "No order has left the queue in the last seconds, so nobody can say when it will be empty."
		return f
	case net <= 0, float64(waiting)/net > longest.Seconds():
		f.Words = "The queue does not get shorter: " + pace + "."
		return f
	}
	in := time.Duration(float64(waiting) / net * float64(time.Second))
	at := now.Add(in).UTC()
	f.EmptyAt = &at
	f.Words = fmt.Sprintf("The queue will be empty in %s, at %s: %s.", roughly(in), stamp(at), pace)
	return f
}

// roughly prints a duration as people say one: 8 s, 2 min 10 s, 3 h 5 min, 4 d 2 h.
func roughly(d time.Duration) string {
	switch {
	case d < time.Second:
		return "less than a second"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}
