package eventjson

import "unicode/utf8"

const hexDigits = "0123456789abcdef"

// AppendText appends s to dst as a JSON string. What is not UTF-8 becomes
// U+FFFD.
func AppendText[S string | []byte](dst []byte, s S) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		switch kind := byteKinds[s[i]]; kind {
		case plainByte:
			i++
		case highByte:
			size := validRune(s[i:])
			if size == 0 {
				dst = append(append(dst, s[from:i]...), `\ufffd`...)
				i++
				from = i
				continue
			}
			i += size
		default:
			dst = appendEscape(append(dst, s[from:i]...), s[i])
			i++
			from = i
		}
	}
	return append(append(dst, s[from:]...), '"')
}

// AppendField appends a field's name, a colon and its text value to dst, with a
// comma before them if a field stands before.
func AppendField[S string | []byte](dst []byte, name string, value S) []byte {
	return AppendText(AppendName(dst, name), value)
}

// AppendName appends a field's name and a colon to dst, with a comma before them
// if a field stands before.
func AppendName(dst []byte, name string) []byte {
	if n := len(dst); n > 0 && dst[n-1] != '{' {
		dst = append(dst, ',')
	}
	return append(AppendText(dst, name), ':')
}

// validRune returns the size of the rune at the start of s, or 0 if the bytes
// there are not UTF-8.
func validRune[S string | []byte](s S) int {
	var first [utf8.UTFMax]byte
	c, size := utf8.DecodeRune(first[:copy(first[:], s)])
	if c == utf8.RuneError && size == 1 {
		return 0
	}
	return size
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}
