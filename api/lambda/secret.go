package lambda

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
)

// SecretHeader is the field that carries a Secret where none is named. Its name
// is one that the edge never lets through from outside.
const SecretHeader = "X-Banyan-Secret"

// Limits of a Secret's values.
const (
	secretBytes  = 16 // at least; less can be guessed
	secretValues = 2  // at most: the one that goes and the one that comes
)

// ErrSecret says that a Secret cannot keep anybody out.
var ErrSecret = errors.New("lambda: not a secret")

// Secret is what the edge sends with every request, so that what did not come
// through the edge can be told: an API has an address of its own, and whoever
// finds it would go past the table, the limits and the firewall.
type Secret struct {
	// Header is the field that carries it. Empty: SecretHeader.
	Header string
	// Values are accepted alike: one, or two while one replaces the other. First
	// the API is told both, then the edge the new one, then the API only that.
	Values []string
}

// RequireSecret returns a handler that passes on what carries the secret, without
// it, and answers everything else with 403 and nothing else. It fails with
// ErrSecret where there is no value, more than two, one of less than 16 bytes, or
// one that no header field can hold; it never lets everybody in.
func RequireSecret(h http.Handler, s Secret) (http.Handler, error) {
	if s.Header == "" {
		s.Header = SecretHeader
	}
	g := &guard{handler: h, header: http.CanonicalHeaderKey(s.Header)}
	if len(s.Values) == 0 || len(s.Values) > secretValues {
		return nil, fmt.Errorf("%w: there are %d values; give one, or two while one replaces the other", ErrSecret, len(s.Values))
	}
	for i, value := range s.Values {
		if len(value) < secretBytes || !visible(value) {
			return nil, fmt.Errorf("%w: value %d of %s needs at least %d visible ASCII characters (openssl rand -hex 32)", ErrSecret, i+1, g.header, secretBytes)
		}
		g.sums = append(g.sums, sha256.Sum256([]byte(value)))
	}
	return g, nil
}

// guard asks for a secret. It holds sums, so that all values have one length.
type guard struct {
	handler http.Handler
	header  string
	sums    [][sha256.Size]byte
}

// ServeHTTP passes a request on, or refuses it. The secret goes no further: what
// a handler logs does not have it.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given := r.Header[g.header]
	if len(given) != 1 || !g.knows(given[0]) {
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusForbidden)
		return
	}
	delete(r.Header, g.header)
	g.handler.ServeHTTP(w, r)
}

// knows compares with every value, in a time that tells nothing of them.
func (g *guard) knows(given string) bool {
	sum, found := sha256.Sum256([]byte(given)), 0
	for i := range g.sums {
		found |= subtle.ConstantTimeCompare(sum[:], g.sums[i][:])
	}
	return found == 1
}

// visible reports whether text is visible ASCII, without space.
func visible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x7f {
			return false
		}
	}
	return true
}
