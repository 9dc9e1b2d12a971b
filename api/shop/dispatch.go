package shop

import (
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
)

// contentPolicy lets a page use what this shop serves and nothing else.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// protect sets the headers that every answer has, and turns a panic into a calm
// page.
func (s *server) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Vary", "Accept")
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if fault == http.ErrAbortHandler {
				panic(fault)
			}
			s.fail(w, r, fmt.Errorf("%w: %v\n%s", errPanic, fault, debug.Stack()))
		}()
		next.ServeHTTP(w, r)
	})
}

// dispatch answers a path's methods, HEAD as GET, and refuses the others with
// Allow, which mux does not send.
func (s *server) dispatch(by verbs) http.Handler {
	methods := slices.Collect(maps.Keys(by))
	if by[http.MethodGet] != nil {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	allow := strings.Join(methods, ", ")
	actions := maps.Clone(by)
	actions[http.MethodHead] = by[http.MethodGet]
	return s.run(func(w http.ResponseWriter, r *http.Request) error {
		act := actions[r.Method]
		if act == nil {
			w.Header().Set("Allow", allow)
			return errMethod
		}
		return act(w, r)
	})
}

// run makes a handler of an action. Browsers say where a request was made;
// another site may link here but not put things in a shopper's cart.
func (s *server) run(act action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := errCrossSite
		if safe(r.Method) || r.Header.Get("Sec-Fetch-Site") != "cross-site" {
			err = act(w, r)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}
