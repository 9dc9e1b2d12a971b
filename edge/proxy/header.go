package proxy

import (
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/banyan-edge/banyan/edge/route"
)

// ownPrefix is what the names of Banyan's own headers begin with.
const ownPrefix = "X-Banyan-"

// hopByHop are the headers that concern one connection (RFC 9110 §7.6.1).
var hopByHop = [...]string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// dress gives a request that goes on its headers: without what the viewer
// claimed, with what the edge knows. Hop-by-hop headers, and what Connection
// named, have been removed before, so that Connection cannot name these.
func (x *exchange) dress(header http.Header) {
	for key := range header {
		if x.claim(key) {
			delete(header, key)
		}
	}
	own := [...]string{
		x.arm.String(), strconv.FormatUint(x.decision.Epoch, 10), string(x.trace),
		x.hops.proto, x.hops.host, x.hops.forwardedFor(), x.hops.forwarded(),
	}
	values := own[:]
	for i, key := range [...]string{"X-Banyan-Arm", "X-Banyan-Epoch", "Traceparent", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-For", "Forwarded"} {
		if values[i] != "" {
			header[key] = values[i : i+1 : i+1]
		}
	}
}

// claim reports whether a header is the viewer's word on something that only
// the edge can know. A trusted hop is believed, and has been read. An
// underscore counts as a hyphen, for to CGI and its children both are one.
func (x *exchange) claim(key string) bool {
	if key == "" {
		return false
	}
	switch key[0] {
	case 'F', 'T', 'X', 'f', 't', 'x':
	default:
		return false
	}
	disguised := strings.IndexByte(key, '_') >= 0
	if disguised {
		key = textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(key, "_", "-"))
	}
	switch key {
	case "Forwarded", "Traceparent", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto":
		return true
	case "Tracestate", "X-Real-Ip":
		return disguised || !x.hops.trusted
	}
	if strings.HasPrefix(key, "X-Forwarded-") {
		return disguised || !x.hops.trusted
	}
	return strings.HasPrefix(key, ownPrefix)
}

// hideOwn removes Banyan's own headers from an answer, be they header or
// trailer: an arm has no business setting them.
func hideOwn(header http.Header) {
	for key := range header {
		if strings.HasPrefix(strings.TrimPrefix(key, http.TrailerPrefix), ownPrefix) {
			delete(header, key)
		}
	}
}

// removeHopByHop removes what concerns the viewer's connection only, and what
// the viewer says does.
func removeHopByHop(header http.Header) {
	for _, line := range header["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			header.Del(textproto.TrimString(name))
		}
	}
	for _, name := range hopByHop {
		delete(header, name)
	}
}

// sendOnce keeps http.Transport from sending a write again. On a kept-alive
// connection that died it repeats whatever carries an Idempotency-Key and no
// body, on the ground that the key makes it safe; at a legacy that has never
// heard of the header it is a second order. The transport looks for the name
// in its usual spelling only, and header names have no case.
func sendOnce(header http.Header) {
	for _, name := range [...][2]string{
		{"Idempotency-Key", "idempotency-key"},
		{"X-Idempotency-Key", "x-idempotency-key"},
	} {
		if values, ok := header[name[0]]; ok {
			delete(header, name[0])
			header[name[1]] = values
		}
	}
}

// reveal says which arm answered.
func reveal(header http.Header, arm route.Arm) {
	header["X-Banyan-Arm"] = []string{arm.String()}
}
