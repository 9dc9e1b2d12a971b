package route

import (
	"net/netip"
	"net/url"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// ModeAllLegacy is the one mode there is, for the bad day: every request goes
// to legacy.
const ModeAllLegacy = "all-legacy"

// Config is banyan.yaml as its author wrote it, with the defaults filled in.
type Config struct {
	File        string // the name that findings give
	Mode        string // "" or ModeAllLegacy
	Storefront  string // the public address; empty where it is not said
	Origins     Origins
	Products    ProductPaths
	Routes      []Route
	TrustedHops []string // addresses and CIDRs whose X-Forwarded-For is believed

	// SessionCookies name legacy's own session cookies. Captured requests that
	// carry the same are replayed in order. Empty: whatever looks like one.
	SessionCookies []string

	Edge Edge

	// Legacy and Intake are the sections that belong to other packages, which
	// decode them as strictly; nil where the file has none.
	Legacy, Intake ast.Node
}

// Origins are the two that can answer a request.
type Origins struct {
	Legacy     Origin
	Serverless Origin
}

// The words that stand where an address or a host name can stand.
const (
	Local        = "local"    // Origin.URL: the handlers in this process
	HostPreserve = "preserve" // Origin.Host: the storefront's name
	HostOrigin   = "origin"   // Origin.Host: the name in the origin's address
)

// Origin is where one arm's requests go. URL is empty where banyan.yaml names
// no legacy.
type Origin struct {
	URL    string // an address, or Local
	Host   string // HostPreserve, HostOrigin, or a name to send
	Secret Secret // what shows the origin that a request came through the edge
	HTTP2  bool   // it is asked by HTTP/2 where it agrees to that; its address is https
}

// Secret says which header of each request to an origin holds a secret, and
// where its value is to be found. The value itself does not stand in
// banyan.yaml. The zero value is no secret.
type Secret struct {
	Header string
	File   string // relative to banyan.yaml; or
	Env    string // the environment variable that holds it
}

// IsLocal reports whether the origin is in this process.
func (o Origin) IsLocal() bool { return o.URL == Local }

// Address returns the origin's address, or nil where it is local or not said.
func (o Origin) Address() *url.URL {
	u, err := url.Parse(o.URL)
	if o.IsLocal() || err != nil || u.Host == "" {
		return nil
	}
	return u
}

// Edge is what there is of the edge on AWS that commands have to find.
type Edge struct {
	Store string // the ARN of its key-value store; empty: as its stack says
}

// ProductPaths says where the products are written and at which paths they are
// shown.
type ProductPaths struct {
	File  string   // relative to banyan.yaml
	Paths []string // templates such as /shop/{category}/{product}

	places []place // of Paths
}

// Target is where a route sends what it matches.
type Target string

// The targets.
const (
	ToLegacy     Target = "legacy"
	ToServerless Target = "serverless"
	ToQueue      Target = "queue" // capture and replay to legacy
)

// Route is an ordered path rule written by an engineer.
type Route struct {
	Name       string        `json:"name"`
	Path       string        `json:"path"`              // a CloudFront path pattern
	Methods    []string      `json:"methods,omitempty"` // empty: every method
	To         Target        `json:"to"`
	Wait       time.Duration `json:"wait,omitempty"`     // how long a captured request waits for legacy's own answer
	FoundBy    *Lookup       `json:"found_by,omitempty"` // how to find out what became of a captured request
	Repeat     Repeat        `json:"repeat,omitempty"`   // where nothing tells
	FallBackOn []int         `json:"fall_back_on,omitempty"`
	Line       int           `json:"-"`

	name, path, to place
}

// place is where something stands in its file.
type place struct{ line, column int }

// Route returns the route of this name.
func (c *Config) Route(name string) (Route, bool) {
	for _, r := range c.Routes {
		if r.Name == name {
			return r, true
		}
	}
	return Route{}, false
}

// StorefrontURL returns the public address, or nil where it is not said.
func (c *Config) StorefrontURL() *url.URL {
	u, err := url.Parse(c.Storefront)
	if err != nil || u.Host == "" {
		return nil
	}
	return u
}

// TrustedPrefixes returns TrustedHops as prefixes.
func (c *Config) TrustedPrefixes() []netip.Prefix {
	prefixes := make([]netip.Prefix, 0, len(c.TrustedHops))
	for _, hop := range c.TrustedHops {
		if prefix, ok := parseHop(hop); ok {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

// parseHop reads an address or a CIDR.
func parseHop(text string) (netip.Prefix, bool) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix.Masked(), true
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, false
	}
	addr = addr.Unmap()
	return netip.PrefixFrom(addr, addr.BitLen()), true
}
