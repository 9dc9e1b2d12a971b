package main

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// oldHosts are the names and addresses that legacy has behind the edge, and that
// a shopper should never see: lower case, with their port where the name alone
// is the storefront's too.
type oldHosts []string

// oldHostsOf returns those of legacy's addresses, apart from what is the
// storefront's own. more are names that the operator knows of.
func oldHostsOf(legacy []*url.URL, storefronts []*url.URL, more []string) oldHosts {
	var hosts oldHosts
	add := func(host string) {
		own := slices.ContainsFunc(storefronts, func(u *url.URL) bool {
			return strings.EqualFold(host, u.Host) || strings.EqualFold(host, u.Hostname())
		})
		if host = strings.ToLower(host); host != "" && !own && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	for _, u := range legacy {
		// An address without its port is any service of that machine.
		if net.ParseIP(u.Hostname()) != nil || u.Hostname() == "localhost" {
			add(u.Host)
			continue
		}
		named := slices.ContainsFunc(storefronts, func(s *url.URL) bool { return strings.EqualFold(s.Hostname(), u.Hostname()) })
		if named {
			add(u.Host)
		} else {
			add(u.Hostname())
		}
	}
	for _, name := range more {
		add(name)
	}
	return hosts
}

// sighting is an old host name in some text.
type sighting struct {
	Host    string `json:"host"`
	Count   int    `json:"count"`
	Example string `json:"example"` // the first, with what is around it
}

// contextBytes is how much of the text before and behind an example shows.
const contextBytes = 30

// in returns where the names stand in a text, each with its count.
func (hosts oldHosts) in(text string) []sighting {
	var found []sighting
	lower := lowerASCII(text)
	for _, host := range hosts {
		s := sighting{Host: host}
		for at := 0; ; {
			i := strings.Index(lower[at:], host)
			if i < 0 {
				break
			}
			begin, end := at+i, at+i+len(host)
			if at = end; !wholeName(lower, begin, end) {
				continue
			}
			if s.Count++; s.Count == 1 {
				s.Example = excerpt(text, begin, end)
			}
		}
		if s.Count > 0 {
			found = append(found, s)
		}
	}
	return found
}

// lowerASCII is strings.ToLower without its changes of length.
func lowerASCII(text string) string {
	lower := []byte(text)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c | 0x20
		}
	}
	return string(lower)
}

// wholeName reports whether the name in text[begin:end] is neither a part of a
// longer name nor an address with another port. A name below it, as in
// img.legacy.example.com, is one of its own; a dot before it is that of a
// cookie's domain where nothing else stands there.
func wholeName(text string, begin, end int) bool {
	before, after := strings.TrimSuffix(text[:begin], "."), text[end:]
	if before != "" && isNameByte(before[len(before)-1]) {
		return false
	}
	if after == "" {
		return true
	}
	if after[0] == '.' { // a sentence's end, or a longer name
		return len(after) == 1 || !isNameByte(after[1])
	}
	return !isNameByte(after[0])
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-'
}

// excerpt returns text[begin:end] with what is around it, on one line.
func excerpt(text string, begin, end int) string {
	from, to := max(0, begin-contextBytes), min(len(text), end+contextBytes)
	return strings.Join(strings.Fields(strings.ToValidUTF8(text[from:to], "")), " ")
}
