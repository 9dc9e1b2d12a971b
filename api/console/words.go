package console

import (
	"strconv"
	"time"
)

// stamp prints a moment in UTC, as people say it: 27 Nov 2026, 08:00:00 UTC.
func stamp(t time.Time) string {
	return t.UTC().Format("2 Jan 2006, 15:04:05") + " UTC"
}

// minute prints a moment of a schedule; seconds only where there are some.
func minute(t time.Time) string {
	if t.UTC().Second() != 0 {
		return stamp(t)
	}
	return t.UTC().Format("2 Jan 2006, 15:04") + " UTC"
}

// brief prints a moment for a list of the last days.
func brief(t time.Time) string { return t.UTC().Format("2 Jan, 15:04:05") }

// formTime prints a moment for a datetime-local field, in UTC; seconds only
// where there are some.
func formTime(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case t.UTC().Second() != 0:
		return t.UTC().Format("2006-01-02T15:04:05")
	default:
		return t.UTC().Format("2006-01-02T15:04")
	}
}

// count prints 1234567 as 1,234,567.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// rate prints a rate: 0.4, 12, 9,800.
func rate(perSecond float64) string {
	if perSecond > 0 && perSecond < 9.95 {
		return strconv.FormatFloat(perSecond, 'f', 1, 64)
	}
	return count(int64(perSecond + 0.5))
}

// countOrders prints "1 order" or "12 orders".
func countOrders(n int64) string {
	if n == 1 {
		return "1 order"
	}
	return count(n) + " orders"
}
