package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/banyan-edge/banyan/edge/route"
)

// liveCheck asks a running shop for some of its pages and counts what of
// legacy's own host names shows there. Banyan rewrites redirects and cookies on
// their way, and no bodies: what is found in them is for legacy to mend, or to
// be lived with. So what is found is a warning, and check still exits with 0.
type liveCheck struct {
	Asked     int      `json:"asked"`
	Shop      string   `json:"shop"`
	Hosts     []string `json:"hosts"` // that were looked for
	Pages     []page   `json:"pages"` // in which one was found
	Failed    []failed `json:"failed,omitempty"`
	Redirects int      `json:"redirects"` // pages that send shoppers to legacy's own host
}

// failed is a page that could not be looked at.
type failed struct {
	URL   string `json:"url"`
	Error string `json:"error"`
}

// liveProducts is how many product pages are asked for by their slugs; more are
// found by links.
const liveProducts = 5

// live looks at the shop in force.
func (c checkCommand) live(ctx context.Context, place Place, table *route.Table) (*liveCheck, error) {
	process, up := place.running(ctx)
	if !up {
		process = running{}
	}
	cfg := table.Config()
	base, host, err := c.shop(process, cfg)
	if err != nil {
		return nil, err
	}
	storefronts := addresses(cfg.Storefront, process.Storefront)
	legacy := addresses(cfg.Origins.Legacy.URL, process.Legacy)
	if !overlap(legacy, base) {
		storefronts = append(storefronts, base)
	}
	hosts := oldHostsOf(legacy, storefronts, append(c.OldHost, hostName(cfg.Origins.Legacy.Host)...))
	if len(hosts) == 0 {
		return nil, withHint(fmt.Errorf("legacy has no host name of its own to look for"),
			"name the old ones with --old-host, such as --old-host old.example.com")
	}
	crawl := newCrawler(base, host, hosts, func(path string) bool { return path == "/" || table.ShowsProduct(path) })
	crawl.add("/")
	for _, path := range table.ProductPaths(liveProducts) {
		crawl.add(path)
	}
	l := &liveCheck{Shop: base.String(), Hosts: hosts, Pages: []page{}}
	return l, l.crawl(ctx, crawl, c.Pages)
}

func (l *liveCheck) crawl(ctx context.Context, crawl *crawler, pages int) error {
	for l.Asked < pages {
		target, more := crawl.next()
		if !more {
			break
		}
		p, err := crawl.ask(ctx, target)
		if err != nil && l.Asked == 0 {
			return withHint(fmt.Errorf("ask for the first page: %w", err), "is the shop running? name its address with --url")
		}
		l.Asked++
		if err != nil {
			l.Failed = append(l.Failed, failed{p.URL, err.Error()})
		}
		if len(p.Found) > 0 {
			l.Pages = append(l.Pages, p)
		}
		for _, f := range p.Found {
			if f.Redirect {
				l.Redirects++
				break
			}
		}
	}
	return ctx.Err()
}

// shop returns the address to ask, and the Host to ask it for where that is not
// the address: the storefront's at an address of this machine, as shoppers'
// requests have it, and what the edge sends at legacy's.
func (c checkCommand) shop(process running, cfg *route.Config) (base *url.URL, host string, err error) {
	text := c.URL
	for _, candidate := range []string{process.Storefront, cfg.Storefront} {
		if text == "" {
			text = candidate
		}
	}
	if text == "" {
		return nil, "", withHint(fmt.Errorf("there is no shop to ask"), "start banyan up, or name the shop with --url http://127.0.0.1:8080")
	}
	base, err = url.Parse(text)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, "", badUsage(fmt.Sprintf("--url %q is not an address", text), "write it as http://127.0.0.1:8080")
	}
	storefront := cfg.StorefrontURL()
	isLegacy := overlap(addresses(cfg.Origins.Legacy.URL), base)
	if storefront != nil && (isLoopback(base.Hostname()) || isLegacy) && !isLoopback(storefront.Hostname()) {
		host = storefront.Host
	}
	if isLegacy && cfg.Origins.Legacy.Host != route.HostPreserve {
		host = strings.Join(hostName(cfg.Origins.Legacy.Host), "")
	}
	if isLegacy || isLoopback(base.Hostname()) || overlap(addresses(cfg.Storefront), base) {
		return base, host, nil
	}
	return nil, "", badUsage(fmt.Sprintf("--url %s is not the shop of this configuration", text),
		"only this machine, storefront and origins.legacy of banyan.yaml are asked")
}

// addresses returns those of the texts that are addresses.
func addresses(texts ...string) []*url.URL {
	var all []*url.URL
	for _, text := range texts {
		if u, err := url.Parse(text); err == nil && u.Host != "" {
			all = append(all, u)
		}
	}
	return all
}

// overlap reports whether one of the addresses is at the same host and port.
func overlap(some []*url.URL, other *url.URL) bool {
	for _, u := range some {
		if strings.EqualFold(u.Host, other.Host) {
			return true
		}
	}
	return false
}

// hostName returns the name of origins.legacy.host, where it is one.
func hostName(host string) []string {
	if host == route.HostPreserve || host == route.HostOrigin || host == "" {
		return nil
	}
	return []string{host}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// print shows what was found, a line each.
func (l *liveCheck) print(term terminal) error {
	var rows [][]any
	for _, p := range l.Pages {
		for _, f := range p.Found {
			where := f.Where
			if f.Redirect {
				where += " (redirect)"
			}
			rows = append(rows, []any{p.URL, where, f.Host, f.Count, f.Example})
		}
	}
	for _, f := range l.Failed {
		term.say("banyan: could not look at %s: %s", f.URL, f.Error)
	}
	if len(rows) == 0 {
		term.say("asked %s for %d pages: none shows %s", l.Shop, l.Asked, strings.Join(l.Hosts, ", "))
		return nil
	}
	if err := printTable(term.Out, []any{"PAGE", "WHERE", "OLD HOST", "COUNT", "EXAMPLE"}, rows); err != nil {
		return err
	}
	term.say("warning: %d of %d pages show legacy's own host, %d send shoppers there", len(l.Pages), l.Asked, l.Redirects)
	term.say("hint: have legacy write its links without a host, or from the request's Host; bodies are not rewritten")
	return nil
}
