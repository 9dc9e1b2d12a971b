package route

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// MaxWait is the longest that a route can have a shopper wait for legacy's own
// answer.
const MaxWait = time.Minute

// lookup reads found_by. Whether what it says makes sense is the compiler's to
// find.
func (r *configReader) lookup(route *Route, f field) {
	route.FoundBy = &Lookup{place: r.place(f.key)}
	for _, f := range r.fields(f.value, "found_by", lookupKeys) {
		text, ok := r.text(f.value, f.name)
		switch {
		case !ok:
		case f.name == "sql":
			route.FoundBy.SQL = text
		case f.name == "request":
			route.FoundBy.Request = text
		default:
			status, err := strconv.Atoi(text)
			if err != nil || status < http.StatusOK || status > 599 {
				r.add(f.value, "write a status such as 200", "this is not a status that legacy can answer")
			}
			route.FoundBy.Status = status
		}
	}
}

// cookies reads session_cookies.
func (r *configReader) cookies(cfg *Config, n ast.Node) {
	for _, n := range r.items(n, "session_cookies") {
		text, ok := r.text(n, "a session cookie")
		if !ok {
			continue
		}
		if text == "" || strings.ContainsAny(text, " \t\r\n=;,\"") {
			r.add(n, "write its name alone, such as PHPSESSID", "this is not a cookie's name")
			continue
		}
		cfg.SessionCookies = append(cfg.SessionCookies, text)
	}
}
