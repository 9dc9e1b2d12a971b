package shop

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/banyan-edge/banyan/api/order"
)

// view is one answer in its two forms.
type view struct {
	status int    // zero means 200
	page   string // the template
	html   any
	json   any
}

// show answers with the form that the client prefers.
func (s *server) show(w http.ResponseWriter, r *http.Request, v view) error {
	if v.status == 0 {
		v.status = http.StatusOK
	}
	if asksJSON(r) {
		return s.writeJSON(w, r, v.status, v.json)
	}
	body, err := s.pages.render(v.page, v.html)
	if err != nil {
		return fmt.Errorf("render %s: %w", v.page, err)
	}
	send(w, r, v.status, typeHTML, body)
	return nil
}

func (s *server) writeJSON(w http.ResponseWriter, r *http.Request, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("marshal the answer: %w", err)
	}
	send(w, r, status, typeJSON, body)
	return nil
}

// send writes a whole answer. It needs neither a flush nor a hijack, so that it
// is the same behind net/http and behind Lambda.
func send(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that went away needs no answer
	}
}

// redirect answers 303: what was posted is done, look there.
func redirect(w http.ResponseWriter, path string) {
	noStore(w)
	w.Header().Set("Location", path)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusSeeOther)
}

// noStore keeps what is a shopper's own out of every cache.
func noStore(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }

// browsing lets caches keep a page for a moment, unless the shopper has a cart
// or a session here: then the page shows something of theirs.
func browsing(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept, Cookie")
	if _, err := r.Cookie(cartCookie); err == nil {
		w.Header().Set("Cache-Control", "private, no-cache")
		return
	}
	if _, err := r.Cookie(sessionCookie); err == nil {
		w.Header().Set("Cache-Control", "private, no-cache")
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=10")
}

// readBody reads a request's body up to limit.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "" {
		return nil, errMediaType
	}
	if r.ContentLength > limit {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, &order.InvalidError{Fields: []order.FieldError{{Field: "body", Detail: "could not be read to its end"}}}
	}
	return body, nil
}

// mustJSON marshals a value whose type cannot fail.
func mustJSON(value any) []byte {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return body
}
