package proxy

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/banyan-edge/banyan/edge/proxy/http1"
)

// SecretHeader is the field that holds an origin's secret where none is named.
const SecretHeader = "X-Banyan-Secret"

// Bounds of a secret's value. What is shorter can be guessed; what is longer does
// not fit into some servers' headers.
const (
	secretLeast = 16
	secretMost  = 1024
)

// ErrSecret says that a secret cannot be sent, or keeps nobody out.
var ErrSecret = errors.New("proxy: not a secret")

// Secret is what every request to an origin carries, so that the origin can
// refuse what did not come through the edge. It is no better kept than the
// connection: an origin on another machine should be https. While one value
// replaces another it is the origin that takes both. The zero value is none.
//
// A TRACE goes without it, for its answer repeats the request.
type Secret struct {
	Header string // of letters, digits and hyphens; empty: SecretHeader
	Value  string // of 16 to 1024 visible ASCII characters
}

// Format keeps the value out of whatever is printed.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.shown()) }

// MarshalText keeps the value out of whatever is encoded.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }

func (s Secret) shown() string {
	if s == (Secret{}) {
		return "none"
	}
	return cmp.Or(s.Header, SecretHeader) + ": (secret)"
}

// carried is a secret as it is sent, once it was found to be one.
type carried struct {
	name string // as net/http spells it; empty: there is no secret
	list []string
	line string // the same as it is written
	fold string // the name in small letters, where it is not one of Banyan's own
}

func newCarried(s Secret) (carried, error) {
	if s == (Secret{}) {
		return carried{}, nil
	}
	name := cmp.Or(s.Header, SecretHeader)
	if reason := unfit(name); reason != "" {
		return carried{}, fmt.Errorf("%w: %q %s", ErrSecret, name, reason)
	}
	if len(s.Value) < secretLeast || len(s.Value) > secretMost || strings.IndexFunc(s.Value, invisible) >= 0 {
		return carried{}, fmt.Errorf("%w: the value of %s needs to be %d to %d visible ASCII characters (openssl rand -hex 32)",
			ErrSecret, name, secretLeast, secretMost)
	}
	c := carried{name: textproto.CanonicalMIMEHeaderKey(name), list: []string{s.Value}, line: name + ": " + s.Value + "\r\n"}
	if !isOwn([]byte(name)) {
		c.fold = strings.ToLower(name)
	}
	return c, nil
}

func invisible(c rune) bool { return c <= ' ' || c > '~' }

// unfit says why a field cannot hold a secret, if it cannot: others set it or
// read it, or it reaches some origins under another name.
func unfit(name string) string {
	lower := []byte(strings.ToLower(name))
	switch {
	case len(bytes.Trim(lower, "abcdefghijklmnopqrstuvwxyz0123456789-")) > 0:
		return "is not a header's name of letters, digits and hyphens"
	case http1.IDOf(lower) != http1.Other, !isOwn(lower) && claimKind(lower) != claimNone,
		string(lower) == "x-banyan-arm", string(lower) == "x-banyan-epoch", string(lower) == "authorization":
		return "has another meaning; take one that nobody else sets, such as " + SecretHeader
	}
	return ""
}

// repeatsRequest reports whether the answer to a method holds the request.
func repeatsRequest(method string) bool { return strings.EqualFold(method, http.MethodTrace) }

// carry gives a request its secret, when every copy that the viewer sent is gone.
func (c *carried) carry(header http.Header, method string) {
	if c.name != "" && !repeatsRequest(method) {
		header[c.name] = c.list[:1:1]
	}
}

// isSecret reports whether a name is that of an origin's secret, or would be
// taken for it where an underscore or a dot is a hyphen. Names of Banyan's own
// are claims in any case, and are not asked about.
func (p *Proxy) isSecret(name []byte) bool {
	for _, secret := range p.secrets {
		if len(name) == len(secret) && sameName(name, secret) {
			return true
		}
	}
	return false
}

func sameName(name []byte, lower string) bool {
	for i, c := range name {
		switch {
		case c == '_' || c == '.':
			c = '-'
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
