package route

import (
	"fmt"
	"strings"
)

// pattern is a CloudFront path pattern: * is any run of characters, a slash
// among them, ? is exactly one; everything else is itself, in its case. A
// leading slash may be left out.
type pattern struct {
	text   string // with its leading slash
	shape  patternShape
	before string // the first wildcard
	after  string // the last wildcard
}

type patternShape uint8

const (
	exact   patternShape = iota // no wildcard; before is all of it
	oneStar                     // one star and nothing else that is wild
	glob                        // anything else
)

// patternBytes is CloudFront's limit.
const patternBytes = 255

// patternCharacters are those that CloudFront takes in a path pattern, besides
// letters, digits and the wildcards.
const patternCharacters = `_-.$/~"'@:+&`

func newPattern(text string) pattern {
	if !strings.HasPrefix(text, "/") {
		text = "/" + text
	}
	first, last := strings.IndexAny(text, "*?"), strings.LastIndexAny(text, "*?")
	if first < 0 {
		return pattern{text: text, before: text}
	}
	p := pattern{text, glob, text[:first], text[last+1:]}
	if first == last && text[first] == '*' {
		p.shape = oneStar
	}
	return p
}

// patternProblem says why CloudFront would not take the pattern, or why it
// could never match, with a hint; or "".
func patternProblem(text string) (problem, hint string) {
	if text == "" || len(text) > patternBytes {
		return "a path pattern has 1 to 255 characters", "use * for what it has in common"
	}
	if strings.Contains(text, "://") {
		return "a path pattern has no scheme and no host", "write the path alone, such as /checkout"
	}
	for _, c := range text {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' && c < 0x80
		if !letter && !('0' <= c && c <= '9') && !strings.ContainsRune(patternCharacters+"*?", c) {
			return fmt.Sprintf("a path pattern cannot hold the character %q", c), patternHint(c)
		}
	}
	if why := literalAmbiguity(newPattern(text).text); why != Clear {
		return "this can never match: every such path is ambiguous and goes to legacy", "leave it out; " + why.Sentence()
	}
	return "", ""
}

// patternHint says what to write instead of a character that CloudFront takes
// in no pattern.
func patternHint(c rune) string {
	switch {
	case strings.ContainsRune("=#;", c):
		return "a pattern is matched against the path alone, without the query; ? is any one character"
	case c == '%' || c >= 0x80:
		return "write * for what stands percent-encoded in the path"
	case strings.ContainsRune("()[]{}|^!\\,", c):
		return "there are no regular expressions and no lists: * is any run of characters, ? is one; write a route for each"
	}
	return "CloudFront takes letters, digits, _ - . * ? $ / ~ \" ' @ : + &"
}

// literalAmbiguity says why every path that the pattern matches is ambiguous.
// A segment with a wildcard may become anything, so it is taken for clear.
func literalAmbiguity(text string) Ambiguity {
	segments := strings.Split(text, "/")
	for i, segment := range segments {
		if strings.ContainsAny(segment, "*?") {
			segments[i] = "x"
		}
	}
	_, why := Canonical(strings.Join(segments, "/"))
	return why
}

// match reports whether the pattern matches a canonical path.
func (p *pattern) match(path string) bool {
	if p.shape == exact {
		return path == p.before
	}
	if len(path) < len(p.before)+len(p.after) || !strings.HasPrefix(path, p.before) || !strings.HasSuffix(path, p.after) {
		return false
	}
	return p.shape == oneStar || globMatch(p.text[len(p.before):], path[len(p.before):])
}

// globMatch goes back only to the last star: any earlier one can hold no
// characters that the last could not.
func globMatch(glob, path string) bool {
	g, p := 0, 0
	star, resume := -1, 0
	for p < len(path) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, resume = g, p
			g++
		case g < len(glob) && (glob[g] == '?' || glob[g] == path[p]):
			g, p = g+1, p+1
		case star >= 0:
			resume++
			g, p = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(glob[g:], "*") == ""
}
