package proxy

import (
	"bytes"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
	"github.com/banyan-edge/banyan/edge/route"
)

// ownPrefix is what the names of Banyan's own headers begin with.
const ownPrefix = "X-Banyan-"

// hopByHop are the headers that concern one connection (RFC 9110 §7.6.1).
var hopByHop = [...]string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
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
// the edge can know.
func (x *exchange) claim(key string) bool {
	return claimed([]byte(key), x.hops.trusted) || x.proxy.isSecret([]byte(key))
}

// longestClaim is how much of a name has to be looked at.
const longestClaim = 24

// claimed reports whether a name is that of a header in which a viewer says
// what only the edge can know: who it is, what it asked for and of whom. A
// trusted hop is believed, and has been read. An underscore or a dot counts as
// a hyphen, for to CGI and its children they are one; so spelled, no name is a
// trusted hop's.
func claimed(name []byte, trusted bool) bool {
	if len(name) == 0 {
		return false
	}
	switch name[0] | 0x20 {
	case 'c', 'f', 'p', 't', 'x':
	default:
		return false
	}
	var plain [longestClaim]byte
	disguised := false
	for i, c := range name[:min(len(name), longestClaim)] {
		switch {
		case c == '_' || c == '.':
			c, disguised = '-', true
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		}
		plain[i] = c
	}
	switch kind := claimKind(plain[:min(len(name), longestClaim)]); kind {
	case claimAlways:
		return true
	case claimUntrusted:
		return disguised || !trusted
	case claimDisguised:
		return disguised
	}
	return false
}

// kinds of claims
const (
	claimNone = iota
	claimAlways
	claimUntrusted // unless it is a trusted hop's
	claimDisguised // only where it is not spelled as it should be
)

// claimKind sorts names in lower case, of which only the beginning is looked at.
func claimKind(name []byte) int {
	switch string(name) {
	case "forwarded", "traceparent", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "proxy":
		return claimAlways
	case "content-length", "transfer-encoding":
		return claimDisguised
	case "tracestate", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-originating-ip", "x-remote-ip", "x-remote-addr",
		"true-client-ip", "client-ip", "cf-connecting-ip", "fastly-client-ip",
		"x-original-url", "x-rewrite-url", "x-host", "x-http-host-override":
		return claimUntrusted
	}
	switch {
	case bytes.HasPrefix(name, []byte("x-banyan-")):
		return claimAlways
	case bytes.HasPrefix(name, []byte("x-forwarded-")):
		return claimUntrusted
	}
	return claimNone
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

// isOwn reports whether a name is of Banyan's own.
func isOwn(name []byte) bool {
	return len(name) >= len(ownPrefix) && http1.EqualFold(name[:len(ownPrefix)], "x-banyan-")
}

// reveal says which arm answered.
func reveal(header http.Header, arm route.Arm) {
	header["X-Banyan-Arm"] = []string{arm.String()}
}
