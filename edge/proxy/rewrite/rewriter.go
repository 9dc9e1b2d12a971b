package rewrite

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// Options are what a Rewriter is made of.
type Options struct {
	// Storefront is the address that shoppers know, such as
	// https://shop.example.com. Required; a path in it is left out of account.
	Storefront string
	// Origins are the addresses that the edge asks, such as
	// http://127.0.0.1:9000. A path is what the edge puts before every path.
	Origins []string
}

// ErrAddress says that an address is none of http or https with a host.
var ErrAddress = errors.New("rewrite: not an http or https address")

// Rewriter puts the storefront's address where an origin's stands. It never
// changes, and may be used by many at once.
type Rewriter struct {
	storefront place
	authority  string // of the storefront, as it was given, without userinfo
	origins    []place
}

// place is an address that was declared.
type place struct {
	scheme string
	host   string // in small letters, without brackets and without a dot at its end
	port   string // never empty
	prefix string // of every path, without a slash at its end
	// address says that the host is an IP address, of which nothing is a parent.
	address bool
}

// New returns a Rewriter, or ErrAddress.
func New(o Options) (*Rewriter, error) {
	var err error
	r := &Rewriter{}
	if r.storefront, r.authority, err = newPlace(o.Storefront); err != nil {
		return nil, err
	}
	for _, text := range o.Origins {
		origin, _, err := newPlace(text)
		if err != nil {
			return nil, err
		}
		// An origin at the storefront's own address has nothing to hide.
		if origin.host != r.storefront.host || origin.port != r.storefront.port {
			r.origins = append(r.origins, origin)
		}
	}
	// The longer prefix first: it is the better match.
	slices.SortStableFunc(r.origins, func(a, b place) int { return len(b.prefix) - len(a.prefix) })
	return r, nil
}

func newPlace(text string) (place, string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return place{}, "", fmt.Errorf("%w: %q", ErrAddress, text)
	}
	return place{
		scheme: u.Scheme,
		host:   plainHost(u.Hostname()),
		port:   portOf(u.Scheme, u.Port()),
		prefix: strings.TrimRight(u.EscapedPath(), "/"),

		address: net.ParseIP(u.Hostname()) != nil,
	}, u.Host, nil
}

// portOf returns a port, or the default one of its scheme.
func portOf(scheme, port string) string {
	switch {
	case port != "":
		return port
	case scheme == "https":
		return "443"
	}
	return "80"
}

// plainHost is a host as hosts are compared: a dot at the end names the same.
func plainHost(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// find returns the origin that a scheme, host and port are those of. A legacy
// that stands behind something names itself with another scheme than it is
// asked by, or without its port; another port is another server. The
// storefront's own name with an origin's port is what becomes of a Host that is
// passed on.
func (r *Rewriter) find(scheme, host, port, path string) (origin place, ok bool) {
	host = plainHost(host)
	given := portOf(scheme, port)
	if host == r.storefront.host && given == r.storefront.port {
		return place{}, false
	}
	for _, origin := range r.origins {
		own := host == origin.host && (given == origin.port || usual(given))
		preserved := host == r.storefront.host && given == origin.port && !usual(given)
		if (own || preserved) && under(path, origin.prefix) {
			return origin, true
		}
	}
	return place{}, false
}

// usual reports whether a port is one that goes without saying.
func usual(port string) bool { return port == "80" || port == "443" }

// under reports whether a path begins with a prefix, and with all of its last
// segment.
func under(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (prefix == "" || rest == "" || rest[0] == '/' || rest[0] == '?' || rest[0] == '#')
}

// known reports whether text has the name of an origin somewhere in it, in any
// case. It is what makes a look at a long field cheap.
func (r *Rewriter) known(text string) bool {
	for i := range r.origins {
		if containsFold(text, r.origins[i].host) || containsFold(text, r.storefront.host) {
			return true
		}
	}
	return false
}

// containsFold is strings.Contains with ASCII letters of either case. The
// needle is in small letters and not empty.
func containsFold(text, needle string) bool {
	for i := 0; i+len(needle) <= len(text); i++ {
		if lower(text[i]) == needle[0] && equalFold(text[i:i+len(needle)], needle) {
			return true
		}
	}
	return false
}

// equalFold reports whether text, in small letters, is needle.
func equalFold(text, needle string) bool {
	if len(text) != len(needle) {
		return false
	}
	for i := range len(needle) {
		if lower(text[i]) != needle[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// splitHost separates a host from its port; an address of IPv6 loses its
// brackets.
func splitHost(authority string) (host, port string, ok bool) {
	if strings.HasPrefix(authority, "[") {
		end := strings.IndexByte(authority, ']')
		if end < 0 {
			return "", "", false
		}
		host, port = authority[1:end], authority[end+1:]
	} else if colon := strings.IndexByte(authority, ':'); colon >= 0 {
		host, port = authority[:colon], authority[colon:]
	} else {
		host = authority
	}
	if port != "" {
		if port[0] != ':' || strings.Trim(port[1:], "0123456789") != "" {
			return "", "", false
		}
		port = port[1:]
	}
	return host, port, host != ""
}
