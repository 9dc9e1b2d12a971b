package proxy

import (
	"net/http"
	"strings"

	"github.com/banyan-edge/banyan/edge/route"
)

// visitorAge is how long a shopper's browser keeps the visitor: a year.
const visitorAge = "31536000"

// visitorOf returns the visitor that a request's cookies name, or "". The
// header is read where it stands and goes on as it is: whether the value will
// do is the table's to say.
func visitorOf(cookies []string) string {
	for _, line := range cookies {
		if value := visitorIn(line); value != "" {
			return value
		}
	}
	return ""
}

// visitorIn finds the visitor in one line of cookies.
func visitorIn(line string) string {
	if !strings.Contains(line, route.VisitorCookie) {
		return ""
	}
	for pair := range strings.SplitSeq(line, ";") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.TrimSpace(name) == route.VisitorCookie {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// setVisitor has the browser keep a visitor that the table derived, beside
// whatever cookies the arm sets.
func (x *exchange) setVisitor(header http.Header) {
	if x.decision.NewVisitor && route.ValidVisitor(x.decision.Visitor) {
		header["Set-Cookie"] = append(header["Set-Cookie"], visitorCookie(&x.decision, x.hops.proto))
	}
}

// visitorCookie is the cookie that keeps the visitor.
func visitorCookie(d *route.Decision, proto string) string {
	cookie := route.VisitorCookie + "=" + d.Visitor + "; Path=/; Max-Age=" + visitorAge + "; HttpOnly; SameSite=Lax"
	if proto == "https" {
		cookie += "; Secure"
	}
	return cookie
}
