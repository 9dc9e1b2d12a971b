package shop

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// The media types that the shop reads and writes.
const (
	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded"
	typeHTML = "text/html; charset=utf-8"
)

// mediaType returns a request's content type without its parameters.
func mediaType(r *http.Request) string {
	raw := r.Header.Get("Content-Type")
	if raw == typeJSON || raw == typeForm { // nearly always
		return raw
	}
	media, _, err := mime.ParseMediaType(raw)
	if err != nil {
		return ""
	}
	return media
}

// asksJSON reports whether the answer is to be JSON: to a JSON body always, to a
// body that is no form unless the client says that it shows pages, and otherwise
// where Accept prefers it.
func asksJSON(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if !safe(r.Method) {
		switch mediaType(r) {
		case typeJSON:
			return true
		case typeForm:
		default:
			return !strings.Contains(accept, "text/html")
		}
	}
	return prefersJSON(accept)
}

// prefersJSON compares what an Accept header says of JSON and of pages. A type
// that is named beats one that only a wildcard covers; a tie is a page.
func prefersJSON(accept string) bool {
	accept = strings.ToLower(accept)
	if !strings.Contains(accept, "json") && !strings.Contains(accept, "application/*") {
		return false // nearly always a browser
	}
	var json, html preference
	for part := range strings.SplitSeq(accept, ",") {
		name, quality := readRange(part)
		switch name {
		case "application/json", "application/problem+json":
			json.take(2, quality)
		case "text/html", "application/xhtml+xml":
			html.take(2, quality)
		case "application/*":
			json.take(1, quality)
		case "text/*":
			html.take(1, quality)
		case "*/*":
			json.take(0, quality)
			html.take(0, quality)
		}
	}
	if json.quality != html.quality {
		return json.quality > html.quality
	}
	return json.quality > 0 && json.precision > html.precision
}

// preference is the quality that the most precise range gave.
type preference struct {
	precision int
	quality   float64
}

func (p *preference) take(precision int, quality float64) {
	if precision > p.precision || (precision == p.precision && quality > p.quality) {
		*p = preference{precision, quality}
	}
}

// readRange reads one media range of an Accept header and its quality.
func readRange(part string) (name string, quality float64) {
	name, params, _ := strings.Cut(part, ";")
	quality = 1
	for param := range strings.SplitSeq(params, ";") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
			if q, err := strconv.ParseFloat(value, 64); err == nil && q >= 0 && q <= 1 {
				quality = q
			}
		}
	}
	return strings.TrimSpace(name), quality
}
