package eventjson

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrSyntax is wrapped by every error of a Reader: the text is not JSON, or has
// another kind of value than was asked for.
var ErrSyntax = errors.New("bad event JSON")

// maxDepth bounds how deep values nest, as encoding/json does.
const maxDepth = 10000

// Reader reads one JSON text from front to back. Every method that reads a value
// takes null for the zero value.
type Reader struct {
	text  string
	at    int
	depth int
}

// NewReader returns a Reader at the start of text.
func NewReader(text string) Reader { return Reader{text: text} }

// Object reads an object and calls field after each name; field must read the
// value, or Skip it.
func (r *Reader) Object(field func(name string) error) error {
	if null, err := r.open('{', "an object"); null || err != nil {
		return err
	}
	for first := true; ; first = false {
		done, err := r.next('}', first)
		if done || err != nil {
			return err
		}
		if r.peek() != '"' {
			return r.wrong("a field name")
		}
		name, err := r.Text()
		if err != nil {
			return err
		}
		if r.peek() != ':' {
			return r.wrong("a colon")
		}
		r.at++
		if err := field(name); err != nil {
			return err
		}
	}
}

// Array reads an array and calls element before each element; element must read
// the value, or Skip it.
func (r *Reader) Array(element func() error) error {
	if null, err := r.open('[', "an array"); null || err != nil {
		return err
	}
	for first := true; ; first = false {
		done, err := r.next(']', first)
		if done || err != nil {
			return err
		}
		if err := element(); err != nil {
			return err
		}
	}
}

// Flag reads a boolean.
func (r *Reader) Flag() (bool, error) {
	switch r.peek() {
	case 't':
		return true, r.word("true")
	case 'f':
		return false, r.word("false")
	case 'n':
		return false, r.word("null")
	}
	return false, r.wrong("true or false")
}

// Whole reads a whole number.
func (r *Reader) Whole() (int, error) {
	if r.peek() == 'n' {
		return 0, r.word("null")
	}
	from := r.at
	if err := r.number(); err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(r.text[from:r.at])
	if err != nil {
		r.at = from
		return 0, r.wrong("a whole number")
	}
	return n, nil
}

// Raw reads any value and returns its text.
func (r *Reader) Raw() (string, error) { return r.Capture(r.Skip) }

// Capture returns the text of the value that read reads.
func (r *Reader) Capture(read func() error) (string, error) {
	r.peek()
	from := r.at
	err := read()
	return r.text[from:r.at], err
}

// Skip reads any value and checks that it is one.
func (r *Reader) Skip() error {
	switch c := r.peek(); c {
	case '{':
		return r.Object(func(string) error { return r.Skip() })
	case '[':
		return r.Array(r.Skip)
	case '"':
		return r.skipText()
	case 't', 'f', 'n':
		_, err := r.Flag()
		return err
	default:
		return r.number()
	}
}

// End checks that nothing but white space is left.
func (r *Reader) End() error {
	if r.peek(); r.at != len(r.text) {
		return r.wrong("the end")
	}
	return nil
}

// Kind returns the first byte of the next value, or 0 at the end.
func (r *Reader) Kind() byte { return r.peek() }

// open reads the opening bracket of a value, or null.
func (r *Reader) open(bracket byte, want string) (null bool, err error) {
	switch c := r.peek(); {
	case c == bracket && r.depth < maxDepth:
		r.at++
		r.depth++
		return false, nil
	case c == bracket:
		return false, r.wrong("fewer nested values")
	case c == 'n':
		return true, r.word("null")
	}
	return false, r.wrong(want)
}

// next reads what stands before an element: nothing before the first, a comma
// before the others, or the closing bracket instead.
func (r *Reader) next(bracket byte, first bool) (done bool, err error) {
	switch c := r.peek(); {
	case c == bracket:
		r.at++
		r.depth--
		return true, nil
	case first:
		return false, nil
	case c != ',':
		return false, r.wrong("a comma")
	}
	r.at++
	if r.peek() == bracket {
		return false, r.wrong("a value after the comma")
	}
	return false, nil
}

// peek skips white space and returns the byte there, or 0 at the end.
func (r *Reader) peek() byte {
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (r *Reader) word(word string) error {
	if len(r.text)-r.at < len(word) || r.text[r.at:r.at+len(word)] != word {
		return r.wrong(word)
	}
	r.at += len(word)
	return nil
}

// number reads a number as RFC 8259 §6 has it.
func (r *Reader) number() error {
	if r.peek() == '-' {
		r.at++
	}
	switch {
	case r.byteIs('0'):
		r.at++
	case r.digits() == 0:
		return r.wrong("a value")
	}
	if r.byteIs('.') {
		r.at++
		if r.digits() == 0 {
			return r.wrong("a digit")
		}
	}
	if r.byteIs('e') || r.byteIs('E') {
		r.at++
		if r.byteIs('+') || r.byteIs('-') {
			r.at++
		}
		if r.digits() == 0 {
			return r.wrong("a digit")
		}
	}
	return nil
}

func (r *Reader) byteIs(c byte) bool { return r.at < len(r.text) && r.text[r.at] == c }

func (r *Reader) digits() (n int) {
	for ; r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9'; n++ {
		r.at++
	}
	return n
}

func (r *Reader) wrong(want string) error {
	return fmt.Errorf("%w: want %s at byte %d", ErrSyntax, want, r.at)
}
