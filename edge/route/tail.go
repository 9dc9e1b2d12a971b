package route

// tail is how a path ends, as far as that says which characters may follow in a
// path that is canonical.
type tail struct {
	kind tailKind
	high byte // the first digit of an escape
}

type tailKind uint8

const (
	inside     tailKind = iota // within a segment
	afterSlash                 // another slash would leave the segment empty
	oneDot                     // a dot segment, if the segment ended here
	twoDots                    // as well
	escape                     // after a percent sign
	halfEscape                 // after its first digit
)

// mayEnd reports whether the path may end here.
func (t tail) mayEnd() bool { return t.kind == inside || t.kind == afterSlash }

// then returns the tail after c, and whether c may follow.
func (t tail) then(c byte) (next tail, ok bool) {
	switch {
	case t.kind == escape:
		_, digit := hexDigit(c)
		return tail{halfEscape, c}, digit
	case t.kind == halfEscape:
		text := string([]byte{'/', '%', t.high, c})
		canonical, why := Canonical(text)
		return tail{}, why == Clear && canonical == text
	case c == '%':
		return tail{kind: escape}, true
	case c == '/':
		return tail{kind: afterSlash}, t.kind == inside
	case c == ';': // a dot segment with parameters is one too
		return tail{}, t.kind == inside || t.kind == afterSlash
	case c == '.' && t.kind == afterSlash:
		return tail{kind: oneDot}, true
	case c == '.' && t.kind == oneDot:
		return tail{kind: twoDots}, true
	}
	return tail{}, byteKinds[c] != control && byteKinds[c] != outside && c != '\\' && c != '?' && c != '#'
}
