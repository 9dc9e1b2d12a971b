package replay

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/edge/route"
)

// claimOf makes the claim of a request: by the key that the client sent, or
// where it sent none by session, target and body, so that a double click on an
// unmodified form is one request. A client's key counts within its session:
// the answer that a repeat is given again holds cookies and names.
func claimOf(q *Request, cookies []string) (Claim, string, error) {
	key, err := clientKey(q.Header)
	if err != nil {
		return Claim{}, "", err
	}
	fingerprint := digest(q.Method, q.Host, q.Target, string(q.Body))
	claim := Claim{Fingerprint: fingerprint, TTL: keyTTL}
	session, _ := sessionOf(q.Header, cookies)
	if key != "" {
		claim.Key = digest("key", session, key)
		return claim, key, nil
	}
	if session == "" {
		session = address(q.Client) + "\n" + q.Header.Get("User-Agent")
	}
	claim.Key, claim.TTL, claim.Derived = digest("derived", session, string(fingerprint[:])), derivedTTL, true
	return claim, "", nil
}

func clientKey(header http.Header) (string, error) {
	values := header["Idempotency-Key"]
	if len(values) > 1 {
		return "", fmt.Errorf("the header Idempotency-Key came %d times", len(values))
	}
	return order.ParseKey(header.Get("Idempotency-Key"))
}

// orderingKey names the lane that a request is replayed in: its session's, or
// that of the browser's visitor, or of the shopper's address.
func orderingKey(q *Request, cookies []string) string {
	session, visitor := sessionOf(q.Header, cookies)
	switch {
	case session != "":
	case visitor != "":
		session = "visitor\n" + visitor
	default:
		session = "address\n" + address(q.Client)
	}
	sum := digest("session", session)
	return hex.EncodeToString(sum[:])
}

// sessionOf returns what tells one session of legacy's from another: its
// session cookies, and what a client without cookies authenticates by. Empty
// where the request has neither.
func sessionOf(header http.Header, names []string) (session, visitor string) {
	var found []string
	for _, line := range header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			switch {
			case name == route.VisitorCookie:
				visitor = value
			case len(names) > 0 && slices.Contains(names, name), len(names) == 0 && likeSession(name):
				found = append(found, name+"="+value)
			}
		}
	}
	slices.Sort(found)
	if authorization := header.Get("Authorization"); authorization != "" {
		found = append(found, "\n"+authorization)
	}
	return strings.Join(found, ";"), visitor
}

// likeSession reports whether a cookie's name is what platforms call their
// session: sid, connect.sid, PHPSESSID, JSESSIONID, laravel_session,
// wp_woocommerce_session_…. Those of counters and payment widgets, which come
// and go while a shopper stays, begin with underscores.
func likeSession(name string) bool {
	name = strings.ToLower(name)
	if strings.HasPrefix(name, "__") || strings.HasPrefix(name, "_hj") || strings.HasPrefix(name, "_ga") {
		return false
	}
	return strings.Contains(name, "sess") || strings.HasSuffix(name, "sid")
}

// address drops the port.
func address(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

// digest hashes fields, each behind its length, so that no two lists look
// alike.
func digest(fields ...string) (sum [16]byte) {
	h := sha256.New()
	var n [8]byte
	for _, f := range fields {
		binary.BigEndian.PutUint64(n[:], uint64(len(f)))
		h.Write(n[:])
		h.Write([]byte(f))
	}
	copy(sum[:], h.Sum(nil))
	return sum
}
