package rewrite

import (
	"slices"
	"strings"
)

// Mention is how often an origin's name was found in a body.
type Mention struct {
	Host  string `json:"host"` // with its port where it is not the usual one
	Count int    `json:"count"`
}

// Scanner counts the names of origins in a body that is written to it in pieces
// of any size. It holds a few hundred bytes. The zero value is of no use: it
// comes from Rewriter.Scanner, and is for one body.
type Scanner struct {
	origins []place
	counts  []int
	first   [256]bool // bytes that a name begins with
	window  []byte
	next    int // where in the window to go on
	reach   int // how many bytes have to follow for a name to be judged
}

// lookBehind is what has to stand before a name to judge it: %2F.
const lookBehind = 3

// Scanner returns a Scanner for one body.
func (r *Rewriter) Scanner() *Scanner {
	s := &Scanner{counts: make([]int, len(r.origins)), origins: r.origins}
	for _, origin := range r.origins {
		s.first[origin.host[0]], s.first[upper(origin.host[0])] = true, true
		s.reach = max(s.reach, len(origin.host)+len(":65535")+2)
	}
	return s
}

// Write counts in a piece. It never fails.
func (s *Scanner) Write(piece []byte) (int, error) {
	s.window = append(s.window, piece...)
	s.scan(len(s.window) - s.reach)
	if keep := s.next - lookBehind; keep > 0 {
		s.window = append(s.window[:0], s.window[keep:]...)
		s.next = lookBehind
	}
	return len(piece), nil
}

// Found returns the names that were found, the most frequent first. The body
// has come to its end: no more is to be written.
func (s *Scanner) Found() []Mention {
	s.scan(len(s.window))
	var found []Mention
	for i, n := range s.counts {
		if n > 0 {
			found = append(found, Mention{s.origins[i].name(), n})
		}
	}
	slices.SortStableFunc(found, func(a, b Mention) int { return b.Count - a.Count })
	return found
}

// name is an origin as a person writes it.
func (p place) name() string {
	host := p.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if p.port == portOf(p.scheme, "") {
		return host
	}
	return host + ":" + p.port
}

// scan counts the names that begin before an offset.
func (s *Scanner) scan(end int) {
	for ; s.next < end; s.next++ {
		if !s.first[s.window[s.next]] {
			continue
		}
		for i := range s.origins {
			if s.at(s.next, &s.origins[i]) {
				s.counts[i]++
				break
			}
		}
	}
}

// at reports whether an origin's name stands at an offset: all of it, and not
// as a part of another name.
func (s *Scanner) at(at int, origin *place) bool {
	end := at + len(origin.host)
	if end > len(s.window) || lower(s.window[at]) != origin.host[0] || !equalFold(stringOf(s.window[at:end]), origin.host) || !s.begins(at) {
		return false
	}
	rest := s.window[end:]
	if len(rest) > 0 && rest[0] == ']' {
		rest = rest[1:]
	}
	switch {
	case len(rest) == 0:
		return true
	case rest[0] == '.', rest[0] == '-':
		return len(rest) < 2 || !nameByte(rest[1]) // a sentence may end behind a name
	case rest[0] == ':':
		digits := 0
		for digits+1 < len(rest) && rest[digits+1] >= '0' && rest[digits+1] <= '9' {
			digits++
		}
		port := string(rest[1 : digits+1])
		return port == "" || port == origin.port || usual(port)
	}
	return !nameByte(rest[0])
}

// begins reports whether a name may begin at an offset. An escaped slash ends
// in a letter that is no part of the name.
func (s *Scanner) begins(at int) bool {
	if at == 0 {
		return true
	}
	before := s.window[max(0, at-lookBehind):at]
	if equalFold(stringOf(before), "%2f") || equalFold(stringOf(before), "%40") {
		return true
	}
	last := before[len(before)-1]
	return !nameByte(last) && last != '.' && last != '-'
}

// nameByte reports whether a byte may be part of a host's label.
func nameByte(c byte) bool {
	return c >= '0' && c <= '9' || lower(c) >= 'a' && lower(c) <= 'z' || c == '_' || c >= 0x80
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
