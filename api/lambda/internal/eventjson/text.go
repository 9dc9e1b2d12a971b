package eventjson

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Text reads a string. Where nothing in it is escaped it is a part of the
// Reader's own text and costs nothing.
func (r *Reader) Text() (string, error) {
	if r.peek() == 'n' {
		return "", r.word("null")
	}
	from, plain, err := r.span()
	if err != nil {
		return "", err
	}
	quoted := r.text[from : r.at-1]
	if plain {
		return quoted, nil
	}
	return string(unquote(make([]byte, 0, len(quoted)), quoted)), nil
}

// AppendText reads a string and appends it to dst.
func (r *Reader) AppendText(dst []byte) ([]byte, error) {
	if r.peek() == 'n' {
		return dst, r.word("null")
	}
	from, plain, err := r.span()
	if err != nil {
		return dst, err
	}
	quoted := r.text[from : r.at-1]
	if plain {
		return append(dst, quoted...), nil
	}
	return unquote(dst, quoted), nil
}

func (r *Reader) skipText() error {
	_, _, err := r.span()
	return err
}

// What a byte inside a string asks of its reader.
const (
	plainByte   = iota
	highByte    // part of a rune that may not be UTF-8
	endByte     // the quote
	escapeByte  // the backslash
	controlByte // not allowed
)

var byteKinds = func() (kinds [256]uint8) {
	for c := range 0x20 {
		kinds[c] = controlByte
	}
	for c := 0x80; c < 0x100; c++ {
		kinds[c] = highByte
	}
	kinds['"'], kinds['\\'] = endByte, escapeByte
	return kinds
}()

// span reads a string up to and with its closing quote. It returns where the
// inside begins and whether the inside can be taken as it stands.
func (r *Reader) span() (from int, plain bool, err error) {
	if r.peek() != '"' {
		return 0, false, r.wrong("a string")
	}
	r.at++
	from = r.at
	high, escaped := false, false
	for {
		text, i := r.text, r.at // in registers: this loop sees most bytes of an event
		for i < len(text) && byteKinds[text[i]] == plainByte {
			i++
		}
		r.at = i
		if i == len(text) {
			return 0, false, r.wrong("a closing quote")
		}
		switch byteKinds[text[i]] {
		case endByte:
			r.at++
			plain = !escaped && (!high || utf8.ValidString(text[from:i]))
			return from, plain, nil
		case escapeByte:
			escaped = true
			if !r.escape() {
				return 0, false, r.wrong("an escape")
			}
		case highByte:
			high = true
			r.at++
		default:
			return 0, false, r.wrong("no bare control character")
		}
	}
}

// escape reads one escape and reports whether it is one.
func (r *Reader) escape() bool {
	if r.at+1 >= len(r.text) {
		return false
	}
	switch r.text[r.at+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		r.at += 2
		return true
	case 'u':
		if hex4(r.text[r.at:]) < 0 {
			return false
		}
		r.at += 6
		return true
	}
	return false
}

// hex4 returns the code unit of an escape such as \u00e9 at the start of s, or -1.
func hex4(s string) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	for _, c := range []byte(s[2:6]) {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return -1
		}
	}
	n, err := strconv.ParseUint(s[2:6], 16, 32)
	if err != nil {
		return -1
	}
	return rune(n)
}

// unquote appends the inside of a string that span has accepted, its escapes
// undone, to dst.
func unquote(dst []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			return appendValid(dst, s)
		}
		dst = appendValid(dst, s[:i])
		s = s[i:]
		if s[1] != 'u' {
			dst = append(dst, unescaped(s[1]))
			s = s[2:]
			continue
		}
		c := hex4(s)
		s = s[6:]
		if utf16.IsSurrogate(c) {
			pair := utf16.DecodeRune(c, hex4(s))
			if pair != utf8.RuneError {
				s = s[6:]
			}
			c = pair
		}
		dst = utf8.AppendRune(dst, c)
	}
}

func appendValid(dst []byte, s string) []byte {
	if utf8.ValidString(s) {
		return append(dst, s...)
	}
	for _, c := range s {
		dst = utf8.AppendRune(dst, c)
	}
	return dst
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
