package proxy

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/banyan-edge/banyan/edge/proxy/rewrite"
)

// pointers are the fields of an answer that point somewhere.
var pointers = [...]string{"Location", "Content-Location", "Link", "Refresh", "Set-Cookie"}

// newRewriter returns what keeps the addresses of origins from shoppers, or nil
// where no storefront is declared. Whatever Host a viewer sent is not put in a storefront's place: the
// answer may be kept by a cache, and be shown to others.
func newRewriter(storefront *url.URL, origins []*origin) (*rewrite.Rewriter, error) {
	if storefront == nil {
		return nil, nil
	}
	if storefront.Host == "" || storefront.Scheme != "http" && storefront.Scheme != "https" {
		return nil, fmt.Errorf("proxy: the storefront needs an http or https address, not %q", storefront)
	}
	var addresses []string
	for _, g := range origins {
		addresses = append(addresses, g.url.String())
		if name, ok := g.name(); ok && !strings.EqualFold(name.Hostname(), storefront.Hostname()) {
			addresses = append(addresses, name.String())
		}
	}
	return rewrite.New(rewrite.Options{Storefront: storefront.String(), Origins: addresses})
}

// name is the address that an origin is asked by, where that is another than the
// one it is reached at: it is what the origin takes for its own.
func (g *origin) name() (*url.URL, bool) {
	if g.host == "" || g.host == g.url.Host {
		return nil, false
	}
	u := *g.url
	u.Host = g.host
	if u.Port() == "" && g.url.Port() != "" {
		u.Host = net.JoinHostPort(u.Hostname(), g.url.Port())
	}
	return &u, u.Hostname() != ""
}

// redirect puts the storefront's address where an origin's stands in a header.
func (p *Proxy) redirect(header http.Header) {
	if p.rewriter == nil {
		return
	}
	for _, name := range pointers {
		values, own := header[name], false
		for i, value := range values {
			changed, ok := p.rewriter.Header(name, value)
			if ok && !own {
				values, own = slices.Clone(values), true // a handler's may be shared
				header[name] = values
			}
			if ok {
				values[i] = changed
			}
		}
	}
}
