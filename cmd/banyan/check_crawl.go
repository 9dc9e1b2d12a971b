package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// What a look at a running shop is bounded by, besides the number of pages.
const (
	livePageBytes = 4 << 20          // of a body, the rest is not read
	livePageTime  = 15 * time.Second // for a page
	liveLinks     = 10_000           // that are remembered
)

// crawler asks a shop for pages, by GET, one after another, and never another
// host than the one it was given.
type crawler struct {
	base  *url.URL
	host  string // the Host header; empty: base's
	hosts oldHosts
	first func(path string) bool // which links to follow before others

	client *http.Client
	queue  []string // paths with their query
	later  []string
	known  map[string]bool
}

// page is what a page showed.
type page struct {
	URL    string  `json:"url"`
	Status int     `json:"status"`
	Found  []found `json:"found,omitempty"`
}

// found is an old host name in a page.
type found struct {
	Where string `json:"where"` // body, or a header's name
	sighting
	Redirect bool `json:"redirect,omitempty"` // shoppers are sent there
}

func newCrawler(base *url.URL, host string, hosts oldHosts, first func(string) bool) *crawler {
	return &crawler{base: base, host: host, hosts: hosts, first: first, known: map[string]bool{}, client: &http.Client{
		Timeout:       livePageTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}, // no proxy of the environment
	}}
}

// add queues a path, once.
func (c *crawler) add(target string) {
	if c.known[target] || len(c.known) >= liveLinks {
		return
	}
	c.known[target] = true
	path, _, _ := strings.Cut(target, "?")
	if c.first(path) {
		c.queue = append(c.queue, target)
	} else {
		c.later = append(c.later, target)
	}
}

// next takes a path from the queue.
func (c *crawler) next() (target string, ok bool) {
	for _, queue := range []*[]string{&c.queue, &c.later} {
		if len(*queue) > 0 {
			target, *queue = (*queue)[0], (*queue)[1:]
			return target, true
		}
	}
	return "", false
}

// ask asks for one page, looks through it and queues its links.
func (c *crawler) ask(ctx context.Context, target string) (page, error) {
	address := c.base.Scheme + "://" + c.base.Host + target
	p := page{URL: address}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return p, err
	}
	req.Host = c.host
	req.Header.Set("User-Agent", "banyan-check")
	req.Header.Set("Accept", "text/html, */*;q=0.5")
	resp, err := c.client.Do(req)
	if err != nil {
		return p, err
	}
	defer resp.Body.Close()
	p.Status = resp.StatusCode
	c.headers(&p, resp)
	if !isText(resp.Header.Get("Content-Type")) {
		return p, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, livePageBytes))
	if err != nil {
		return p, fmt.Errorf("read %s: %w", address, err)
	}
	for _, s := range c.hosts.in(string(body)) {
		p.Found = append(p.Found, found{Where: "body", sighting: s})
	}
	if strings.Contains(resp.Header.Get("Content-Type"), "html") {
		c.links(resp.Request.URL, string(body))
	}
	return p, nil
}

// headers looks through the headers, and follows a redirect within the shop.
func (c *crawler) headers(p *page, resp *http.Response) {
	names := make([]string, 0, len(resp.Header))
	for name := range resp.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, s := range c.hosts.in(strings.Join(resp.Header[name], "\n")) {
			redirect := name == "Location" && resp.StatusCode/100 == 3 || name == "Refresh"
			p.Found = append(p.Found, found{Where: name, sighting: s, Redirect: redirect})
		}
	}
	c.link(resp.Request.URL, resp.Header.Get("Location"))
}

// links queues where a page's links point, if that is within the shop. Links
// with a query, or marked as not to be followed, are left alone: there are shops
// in which such a GET fills a cart.
func (c *crawler) links(from *url.URL, body string) {
	for tokens := html.NewTokenizer(strings.NewReader(body)); tokens.Next() != html.ErrorToken; {
		token := tokens.Token()
		var target, rel string
		for _, a := range token.Attr {
			switch a.Key {
			case "href":
				target = a.Val
			case "src":
				if token.Data == "script" {
					target = a.Val
				}
			case "rel":
				rel = a.Val
			}
		}
		if !strings.Contains(target, "?") && !strings.Contains(rel, "nofollow") {
			c.link(from, target)
		}
	}
}

// link queues one link.
func (c *crawler) link(from *url.URL, target string) {
	u, err := from.Parse(strings.TrimSpace(target))
	if err != nil || target == "" {
		return
	}
	within := strings.EqualFold(u.Host, c.base.Host) || strings.EqualFold(u.Host, c.host)
	if within && (u.Scheme == "http" || u.Scheme == "https") {
		u.Fragment = ""
		c.add(u.RequestURI())
	}
}

// isText reports whether a content type may hold names that people or scripts
// read.
func isText(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return errors.Is(err, mime.ErrInvalidMediaParameter)
	}
	for _, word := range []string{"text/", "html", "json", "xml", "javascript", "manifest"} {
		if strings.Contains(kind, word) {
			return true
		}
	}
	return false
}
