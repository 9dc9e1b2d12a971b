package route

import (
	"net/http"
	"strings"
)

// Lookup is how to find out whether legacy has carried out a captured request
// whose answer was lost: a query on legacy.database that returns a row if it
// has, or a request to legacy that answers Status if it has.
type Lookup struct {
	SQL     string `json:"sql,omitempty"`     // a SELECT with :placeholders
	Request string `json:"request,omitempty"` // "GET /api/orders/{body.cart_id}"
	Status  int    `json:"status,omitempty"`  // 200 where it is not said

	place place
}

// Words says the lookup on one line.
func (l *Lookup) Words() string {
	if l == nil {
		return ""
	}
	return strings.TrimSpace(strings.Join(strings.Fields(l.SQL), " ") + " " + l.Request)
}

// Query returns the SQL cut at its placeholders.
func (l *Lookup) Query() Stencil { return cutSQL(l.SQL) }

// Target returns the method of the request, and its target cut at its
// placeholders.
func (l *Lookup) Target() (method string, target Stencil) {
	method, text, _ := strings.Cut(l.Request, " ")
	return method, cutBraces(strings.TrimSpace(text))
}

// Repeat says what becomes of a captured request whose outcome nothing can
// tell.
type Repeat string

// The answers to whether it may be sent again.
const (
	RepeatNever Repeat = "never" // it becomes a dead letter; the zero value means the same
	RepeatSafe  Repeat = "safe"  // legacy takes the same request twice without harm
)

// problem says what is wrong with a lookup, or returns "".
func (l *Lookup) problem() (text, problem, hint string) {
	const example = `write {sql: SELECT 1 FROM orders WHERE cart = :body.cart_id} or {request: "GET /orders/{body.cart_id}", status: 200}`
	if (l.SQL == "") == (l.Request == "") {
		return "", "a lookup is a query or a request, one of them", example
	}
	var stencil Stencil
	if l.SQL != "" {
		first, _, _ := strings.Cut(strings.TrimSpace(l.SQL), " ")
		if word := strings.ToUpper(first); word != "SELECT" && word != "WITH" {
			return l.SQL, "a lookup only reads: its query begins with SELECT", example
		}
		if l.Status != 0 {
			return l.SQL, "status is only for a request", "leave status out"
		}
		stencil = l.Query()
	} else {
		var method string
		if method, stencil = l.Target(); method != http.MethodGet || !strings.HasPrefix(stencil.Pieces[0], "/") {
			return l.Request, "a lookup only reads: its request is a GET of a path", example
		}
	}
	if len(stencil.Fields) == 0 {
		return l.Words(), "the lookup says nothing of the request that it is to find", example
	}
	for _, f := range stencil.Fields {
		if !f.known() {
			return string(f), "unknown placeholder in a lookup", placeholderHint
		}
	}
	return "", "", ""
}

const placeholderHint = "it can be key, body.NAME (a JSON body, also body.a.b or body.list.0), form.NAME, query.NAME, path.NUMBER (a segment, from 1) or cookie.NAME"
