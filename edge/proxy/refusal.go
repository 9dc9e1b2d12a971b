package proxy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
)

// refusal is an answer of the edge's own: a calm sentence and a status. What
// went wrong is in the log.
type refusal struct {
	status     int
	title      string
	detail     string
	retryAfter string // seconds; empty: not said
	closes     bool   // the connection is closed behind it
}

// statusGone stands in log and metrics for a viewer that hung up. It is never
// sent.
const statusGone = 499

// retrySoon is when to try again where nothing better is known, in seconds.
const retrySoon = "5"

var (
	refusedTarget = refusal{status: http.StatusBadRequest, title: "That address cannot be read",
		detail: "Please check the link and try again.", closes: true}
	refusedBody = refusal{status: http.StatusBadRequest, title: "Your request did not arrive whole",
		detail: "Please try again.", closes: true}
	refusedTooSlow = refusal{status: http.StatusRequestTimeout, title: "Your request took too long to arrive",
		detail: "Please check your connection and try again.", closes: true}
	refusedTooLarge = refusal{status: http.StatusRequestEntityTooLarge, title: "That is more than we can take at once",
		detail: "Please send less.", closes: true}
	refusedPanic = refusal{status: http.StatusInternalServerError, title: "Something went wrong on our side",
		detail: "It has been noted. Please try again."}
)

// refusalOf says a failure in words. A shopper whose order may have arrived is
// told so, and one whose order cannot have arrived is told that.
func refusalOf(f failure, mayWrite bool) refusal {
	r := refusal{status: http.StatusBadGateway, title: "The shop cannot answer just now", retryAfter: f.retryAfter,
		detail: "Please try again in a moment."}
	switch f.cause {
	case breakerOpen:
		r.status = http.StatusServiceUnavailable
	case tooLate:
		r.status, r.title = http.StatusGatewayTimeout, "The shop is taking too long to answer"
	case badStatus:
		r.status = f.status
	case unreached:
		r.retryAfter = cmp.Or(r.retryAfter, retrySoon)
	}
	switch {
	case !mayWrite:
	case f.cause == breakerOpen, f.cause == unreached:
		r.detail = "Nothing was sent. Please try again in a moment."
	default:
		r.detail = "What you sent may have arrived. Please look before you send it again."
	}
	return r
}

// refuse answers for the edge itself, as a page or as a JSON problem, whichever
// the viewer asked for.
func (x *exchange) refuse(r refusal) {
	if x.reply.wrote {
		return
	}
	x.refused = true
	x.reply.reset()
	header := x.reply.Header()
	header.Set("Cache-Control", "no-store")
	if r.retryAfter != "" {
		header.Set("Retry-After", r.retryAfter)
	}
	if r.closes {
		header.Set("Connection", "close")
	}
	kind, body := r.body(wantsPage(x.in.Header["Accept"]), x.trace.ID())
	header.Set("Content-Type", kind)
	x.reply.WriteHeader(r.status)
	_, _ = x.reply.Write(body)
}

// body says a refusal as a page or as a JSON problem (RFC 9457).
func (r refusal) body(page bool, trace string) (kind string, body []byte) {
	if page {
		var b bytes.Buffer
		_ = calmPage.Execute(&b, map[string]string{"Title": r.title, "Detail": r.detail, "Trace": trace})
		return "text/html; charset=utf-8", b.Bytes()
	}
	body, _ = json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Trace  string `json:"trace_id,omitempty"`
	}{r.title, r.status, r.detail, trace})
	return "application/problem+json", append(body, '\n')
}

// wantsPage reports whether a viewer would rather have a page than JSON: a
// browser names text/html, and first.
func wantsPage(lines []string) bool {
	accept := strings.ToLower(strings.Join(lines, ","))
	page := strings.Index(accept, "text/html")
	data := strings.Index(accept, "json")
	return page >= 0 && (data < 0 || page < data)
}

var calmPage = template.Must(template.New("calm").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<style>
body { font: 1.1rem/1.6 system-ui, sans-serif; color: #26322b; background: #f6f5f0; margin: 0; }
main { max-width: 32rem; margin: 18vh auto 0; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.25; }
small { color: #5d6a62; }
</style>
<main>
<h1>{{.Title}}</h1>
<p>{{.Detail}}</p>
{{with .Trace}}<p><small>{{.}}</small></p>
{{end}}</main>
</html>
`))
