package rewrite

import "strings"

// cookie leaves Domain out of a cookie (RFC 6265 §5.2.3) that an origin set for
// its own name or a parent of it, unless it is the storefront's too. Without
// Domain a cookie is for the host that set it, here the storefront, and for no
// other: what is left out never makes it wider. For that, every Domain goes if
// one does.
func (r *Rewriter) cookie(value string) (string, bool) {
	found := false
	for at := attribute(value, 0); at < len(value); at = attribute(value, at+1) {
		if domain, ok := domainOf(value, at); ok && r.foreign(domain) {
			found = true
		}
	}
	if !found {
		return value, false
	}
	var b strings.Builder
	at := attribute(value, 0)
	b.WriteString(value[:at])
	for at < len(value) {
		next := attribute(value, at+1)
		if _, ok := domainOf(value, at); !ok {
			b.WriteString(value[at:next])
		}
		at = next
	}
	return b.String(), true
}

// attribute returns where the next attribute's semicolon stands, from an offset
// on.
func attribute(value string, from int) int {
	if i := strings.IndexByte(value[from:], ';'); i >= 0 {
		return from + i
	}
	return len(value)
}

// domainOf returns the Domain that stands behind a semicolon, if one does.
func domainOf(value string, semicolon int) (domain string, ok bool) {
	name, domain, ok := strings.Cut(value[semicolon+1:attribute(value, semicolon+1)], "=")
	if !ok || !equalFold(strings.Trim(name, " \t"), "domain") {
		return "", false
	}
	return strings.Trim(domain, " \t"), true
}

// foreign reports whether a Domain is an origin's and not the storefront's.
func (r *Rewriter) foreign(domain string) bool {
	domain = strings.TrimPrefix(domain, ".")
	if domain == "" || r.storefront.within(domain) {
		return false
	}
	for i := range r.origins {
		if r.origins[i].within(domain) {
			return true
		}
	}
	return false
}

// within reports whether a place's host is a domain or lies in it (RFC 6265
// §5.1.3).
func (p *place) within(domain string) bool {
	domain = strings.TrimSuffix(domain, ".")
	if len(domain) == len(p.host) {
		return equalFold(domain, p.host)
	}
	split := len(p.host) - len(domain)
	return split > 0 && domain != "" && p.host[split-1] == '.' && equalFold(domain, p.host[split:]) && !p.address
}
