package report

import (
	"fmt"
	"time"
)

// Count writes a number for a reader: 1,234,567, or 0.25.
func Count(n float64) string {
	if n != 0 && n < 10 && n != float64(int64(n)) {
		return fmt.Sprintf("%.2f", n)
	}
	text := fmt.Sprintf("%.0f", n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Percent writes a share for a reader; what is not all is never written as all.
func Percent(share float64) string {
	switch {
	case share >= 1:
		return "100 %"
	case share <= 0:
		return "0 %"
	case share > 0.999:
		return "99.9 %"
	case share < 0.001:
		return "under 0.1 %"
	case share > 0.99, share < 0.01:
		return fmt.Sprintf("%.1f %%", 100*share)
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// Milliseconds writes a latency for a reader.
func Milliseconds(ms float64) string {
	switch {
	case ms >= 10_000:
		return fmt.Sprintf("%.0f s", ms/1000)
	case ms >= 1000:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 10:
		return fmt.Sprintf("%.0f ms", ms)
	case ms > 0:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return "–"
}

// Span writes a duration without what nobody reads.
func Span(d time.Duration) string {
	switch {
	case d >= 10*time.Minute:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.1f minutes", d.Minutes())
	case d >= 10*time.Second:
		return fmt.Sprintf("%.0f seconds", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.3g seconds", d.Seconds())
	}
	return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
}
