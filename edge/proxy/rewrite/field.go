package rewrite

import (
	"strings"
	"unsafe"
)

// Header returns the value that a field of an answer is to have, and whether it
// is another than the one given. The name may be in any case. Where nothing is
// rewritten the value is the one given, and nothing is allocated.
func (r *Rewriter) Header(name, value string) (string, bool) {
	rewritten := r.rewriterOf(name)
	if rewritten == nil || len(r.origins) == 0 {
		return value, false
	}
	return rewritten(r, value)
}

// Bytes is Header for an engine that holds a field as bytes. The value is read
// only; what is returned shares it exactly where it is not rewritten.
func (r *Rewriter) Bytes(name, value []byte) ([]byte, bool) {
	rewritten, changed := r.Header(stringOf(name), stringOf(value))
	if !changed {
		return value, false
	}
	return []byte(rewritten), true
}

// stringOf looks at bytes as a string without copying them. The string must not
// outlive the call it is made for: Header returns it only as the value that it
// did not change, which Bytes drops.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// rewriterOf returns what rewrites a field, or nil. The length sorts nearly
// all fields out.
func (r *Rewriter) rewriterOf(name string) func(*Rewriter, string) (string, bool) {
	switch len(name) {
	case len("link"):
		if equalFold(name, "link") {
			return (*Rewriter).link
		}
	case len("refresh"):
		if equalFold(name, "refresh") {
			return (*Rewriter).refresh
		}
	case len("location"):
		if equalFold(name, "location") {
			return (*Rewriter).reference
		}
	case len("set-cookie"):
		if equalFold(name, "set-cookie") {
			return (*Rewriter).cookie
		}
	case len("content-location"):
		if equalFold(name, "content-location") {
			return (*Rewriter).reference
		}
	}
	return nil
}

// link rewrites the targets of a Link (RFC 8288 §3): what stands between < and
// >, outside of quotes.
func (r *Rewriter) link(value string) (string, bool) {
	if !r.known(value) {
		return value, false
	}
	var b strings.Builder
	done, quoted := 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '<' && !quoted:
			length := strings.IndexByte(value[i:], '>')
			if length < 0 {
				i = len(value)
				break
			}
			if target, changed := r.reference(value[i+1 : i+length]); changed {
				b.WriteString(value[done : i+1])
				b.WriteString(target)
				done = i + length
			}
			i += length
		}
	}
	if done == 0 {
		return value, false
	}
	b.WriteString(value[done:])
	return b.String(), true
}

// refresh rewrites the address of a Refresh, as browsers read it (HTML
// §4.2.5.3): a time, a semicolon or comma, then url= or not, quotes or not.
func (r *Rewriter) refresh(value string) (string, bool) {
	at := strings.IndexAny(value, ";,")
	if at < 0 || strings.Trim(value[:at], "0123456789. \t") != "" {
		return value, false
	}
	at = skipSpace(value, at+1)
	if at+3 <= len(value) && equalFold(value[at:at+3], "url") {
		if sign := skipSpace(value, at+3); sign < len(value) && value[sign] == '=' {
			at = skipSpace(value, sign+1)
		}
	}
	end := len(value)
	if at < len(value) && (value[at] == '"' || value[at] == '\'') {
		if length := strings.IndexByte(value[at+1:], value[at]); length >= 0 {
			end = at + 1 + length
		}
		at++
	}
	target, changed := r.reference(value[at:end])
	if !changed {
		return value, false
	}
	return value[:at] + target + value[end:], true
}

// skipSpace returns where, from an offset on, something other than space stands.
func skipSpace(text string, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t') {
		at++
	}
	return at
}

// reference rewrites a reference that has an authority (RFC 3986 §4.1), be it
// with a scheme or relative to the page's own. Any other is one into the
// storefront already. It is all there is in a Location (RFC 9110 §10.2.2) and in
// a Content-Location (§8.7).
func (r *Rewriter) reference(value string) (string, bool) {
	scheme, rest := "", value
	if colon := strings.IndexByte(value, ':'); colon >= 0 {
		if equalFold(value[:colon], "http") || equalFold(value[:colon], "https") {
			scheme, rest = strings.ToLower(value[:colon]), value[colon+1:]
		}
	}
	after, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return value, false
	}
	authority, path := after, ""
	if end := strings.IndexAny(after, "/?#\\"); end >= 0 {
		authority, path = after[:end], after[end:]
	}
	at := strings.LastIndexByte(authority, '@') + 1
	host, port, ok := splitHost(authority[at:])
	if !ok || strings.HasPrefix(path, `\`) {
		return value, false // what browsers and others read differently is not touched
	}
	origin, ok := r.find(scheme, host, port, path)
	if !ok {
		return value, false
	}
	path = strings.TrimPrefix(path, origin.prefix)
	if scheme != "" {
		return r.storefront.scheme + "://" + authority[:at] + r.authority + path, true
	}
	return "//" + authority[:at] + r.authority + path, true
}
