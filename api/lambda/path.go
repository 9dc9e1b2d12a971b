package lambda

import "strings"

// Paths says in which form the path of an event comes.
type Paths uint8

// The forms of a path.
const (
	// PathsByEvent knows the form by the event: API Gateway's HTTP APIs undo the
	// percent-encoding, in both payload versions; REST APIs, load balancers and
	// Function URLs leave it.
	PathsByEvent Paths = iota
	// PathsEncoded takes every path as it was on the wire.
	PathsEncoded
	// PathsDecoded takes every path as text in which %, ? and # mean themselves.
	PathsDecoded
)

// requestURI returns the path and query as they would stand on the wire.
func (o Options) requestURI(q request) string {
	path := stripBase(q.path, o.BasePath)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	decoded := q.decoded
	if o.Paths != PathsByEvent {
		decoded = o.Paths == PathsDecoded
	}
	path = wirePath(path, decoded)
	if q.query != "" {
		return path + "?" + q.query
	}
	return path
}

// cleanBase gives a base path its leading slash and takes its trailing one.
func cleanBase(base string) string {
	base = strings.Trim(strings.TrimSpace(base), "/")
	if base == "" {
		return ""
	}
	return "/" + base
}

// stripBase takes base off the front of path, where it ends at a segment's end:
// the base /app is part of /app and of /app/x, and not of /apple.
func stripBase(path, base string) string {
	rest, ok := strings.CutPrefix(path, base)
	if !ok || base == "" || rest != "" && rest[0] != '/' {
		return path
	}
	return rest
}

// wirePath encodes what cannot stand in a path on the wire, and leaves the rest
// as a browser does: the characters of RFC 3986 and the square brackets. In an
// encoded path a percent sign stays where it begins an escape.
func wirePath(path string, decoded bool) string {
	i := 0
	for i < len(path) && pathBytes[path[i]] {
		i++
	}
	if i == len(path) {
		return path
	}
	out := make([]byte, 0, len(path)+16)
	for at := range len(path) {
		c := path[at]
		if pathBytes[c] || c == '%' && !decoded && isEscape(path[at:]) {
			out = append(out, c)
			continue
		}
		out = append(out, '%', upperHex[c>>4], upperHex[c&0xf])
	}
	return string(out)
}

const upperHex = "0123456789ABCDEF"

func isEscape(s string) bool {
	return len(s) >= 3 && isHex(s[1]) && isHex(s[2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
