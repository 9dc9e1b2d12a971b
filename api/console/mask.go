package console

import "strings"

// maskEmail keeps what tells one customer of a list from another, and no more:
// ann@example.com is a…@example.com.
func maskEmail(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 1 {
		return "…"
	}
	for _, first := range email {
		return string(first) + "…" + email[at:]
	}
	return "…"
}
