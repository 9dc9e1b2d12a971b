package route

import "strings"

// Ambiguity is why two routers could read a path differently. Clear is the zero
// value: they could not.
type Ambiguity uint8

// The ambiguities.
const (
	Clear           Ambiguity = iota
	NotAPath                  // does not begin with a slash: "", "*", "host:443"
	DoubleSlash               // some collapse it, some do not
	DotSegment                // "." or ".." (also with ;parameters), which some resolve
	Backslash                 // raw or encoded: some read a slash
	EncodedSlash              // %2F: some decode it before matching
	EncodedDot                // %2E: some decode it before resolving dot segments
	ControlByte               // raw or encoded: NUL ends the path for some
	OutsideASCII              // raw bytes that some read as Latin-1, some as UTF-8
	BadEscape                 // a percent sign without two hexadecimal digits
	QueryOrFragment           // a raw ? or #: some end the path there
)

var ambiguities = [...]string{
	Clear:           "the path is clear",
	NotAPath:        "it does not begin with a slash",
	DoubleSlash:     "it has an empty segment",
	DotSegment:      "it has a dot segment",
	Backslash:       "it has a backslash",
	EncodedSlash:    "it has an encoded slash",
	EncodedDot:      "it has an encoded dot",
	ControlByte:     "it has a control byte",
	OutsideASCII:    "it has a byte outside ASCII",
	BadEscape:       "it has a bad escape",
	QueryOrFragment: "it has a raw question mark or number sign",
}

// Sentence says the ambiguity in words.
func (a Ambiguity) Sentence() string { return ambiguities[a] }

// byteKind sorts the bytes of a path by what they can mean.
type byteKind uint8

const (
	ordinary byteKind = iota
	unreserved
	slash
	dot
	percent
	backslash
	control
	outside
	ending
)

var byteKinds = func() (kinds [256]byteKind) {
	for c := range kinds {
		switch {
		case c < 0x20 || c == 0x7f:
			kinds[c] = control
		case c > 0x7f:
			kinds[c] = outside
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '~':
			kinds[c] = unreserved
		}
	}
	kinds['/'], kinds['.'], kinds['%'], kinds['\\'] = slash, dot, percent, backslash
	kinds['?'], kinds['#'] = ending, ending
	return kinds
}()

// Canonical returns the one reading of a raw path that the table matches:
// percent-encoded unreserved characters are decoded, nothing else. Where two
// routers could read the path differently it says why, and the canonical path
// is empty. It allocates only where it decodes something.
func Canonical(raw string) (string, Ambiguity) {
	if raw == "" || raw[0] != '/' {
		return "", NotAPath
	}
	escapes := false
	for i := 0; i < len(raw); i++ {
		switch byteKinds[raw[i]] {
		case ordinary, unreserved:
		case slash:
			if i > 0 && raw[i-1] == '/' {
				return "", DoubleSlash
			}
		case dot:
			if raw[i-1] == '/' && isDotSegment(raw[i:]) {
				return "", DotSegment
			}
		case percent:
			escapes = true
		case backslash:
			return "", Backslash
		case control:
			return "", ControlByte
		case outside:
			return "", OutsideASCII
		case ending:
			return "", QueryOrFragment
		}
	}
	if !escapes {
		return raw, Clear
	}
	return decode(raw)
}

// isDotSegment reports whether rest, which begins a segment with a dot, begins
// with a dot segment. Some servers drop ";parameters" before they resolve it.
func isDotSegment(rest string) bool {
	rest = rest[1:]
	if rest != "" && rest[0] == '.' {
		rest = rest[1:]
	}
	return rest == "" || rest[0] == '/' || rest[0] == ';'
}

// decode decodes the unreserved characters of a path that is otherwise clear.
func decode(raw string) (string, Ambiguity) {
	var b strings.Builder
	done := 0 // raw[:done] is in b
	for i := strings.IndexByte(raw, '%'); i < len(raw); i++ {
		if raw[i] != '%' {
			continue
		}
		c, ok := unescape(raw[i:])
		if !ok {
			return "", BadEscape
		}
		switch byteKinds[c] {
		case slash:
			return "", EncodedSlash
		case dot:
			return "", EncodedDot
		case backslash:
			return "", Backslash
		case control:
			return "", ControlByte
		case unreserved:
			b.WriteString(raw[done:i])
			b.WriteByte(c)
			done = i + 3
		}
		i += 2
	}
	if done == 0 {
		return raw, Clear
	}
	b.WriteString(raw[done:])
	return b.String(), Clear
}

// unescape reads the escape that text begins with.
func unescape(text string) (byte, bool) {
	if len(text) < 3 {
		return 0, false
	}
	high, ok1 := hexDigit(text[1])
	low, ok2 := hexDigit(text[2])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
