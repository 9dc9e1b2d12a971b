package route

import "strings"

// form is what a pattern or a template matches, element by element, so that two
// can be compared by walking both at once.
type form []element

// element is one element of a form.
type element struct {
	kind elementKind
	char byte // of a literal
}

type elementKind uint8

const (
	literal      elementKind = iota // this character
	anyOne                          // one character
	anyRun                          // any run of characters
	oneInSegment                    // one character that is not a slash
	runInSegment                    // any run without a slash
)

// form returns what the pattern matches.
func (p *pattern) form() form {
	f := make(form, 0, len(p.text))
	for i := range len(p.text) {
		switch c := p.text[i]; c {
		case '*':
			f = append(f, element{kind: anyRun})
		case '?':
			f = append(f, element{kind: anyOne})
		default:
			f = append(f, element{literal, c})
		}
	}
	return f
}

// form returns what the template matches.
func (t *template) form() form {
	var f form
	for _, segment := range t.segments {
		f = append(f, element{literal, '/'})
		if segment == "" {
			f = append(f, element{kind: oneInSegment}, element{kind: runInSegment})
		}
		for i := range len(segment) {
			f = append(f, element{literal, segment[i]})
		}
	}
	if t.below {
		f = append(f, element{literal, '/'}, element{kind: anyRun})
	}
	return f
}

// takes reports whether the element can be c, or a part of its run.
func (e element) takes(c byte) bool {
	switch e.kind {
	case literal:
		return e.char == c
	case oneInSegment, runInSegment:
		return c != '/'
	}
	return true
}

func (e element) isRun() bool { return e.kind == anyRun || e.kind == runInSegment }

// positions are where in a form a walk can stand, as a string so that they can
// be the key of a map: a byte pair a position, ascending.
type positions string

// start returns where a walk begins.
func (f form) start() positions { return f.settle(map[int]bool{0: true}) }

// step returns where a walk can stand after the character c.
func (f form) step(from positions, c byte) positions {
	next := make(map[int]bool)
	for i := 0; i < len(from); i += 2 {
		at := int(from[i])<<8 | int(from[i+1])
		if at == len(f) || !f[at].takes(c) {
			continue
		}
		if f[at].isRun() {
			next[at] = true
		} else {
			next[at+1] = true
		}
	}
	return f.settle(next)
}

// settle adds the positions behind runs that may be empty.
func (f form) settle(at map[int]bool) positions {
	var b strings.Builder
	reached := false
	for i := range len(f) + 1 {
		if reached || at[i] {
			b.WriteByte(byte(i >> 8))
			b.WriteByte(byte(i))
		}
		reached = i < len(f) && (reached || at[i]) && f[i].isRun()
	}
	return positions(b.String())
}

// ends reports whether a walk that stands at these positions may end.
func (f form) ends(at positions) bool {
	n := len(at)
	return n > 0 && int(at[n-2])<<8|int(at[n-1]) == len(f)
}

// tail is how a path ends, as far as that says which characters may follow in
// a path that is not ambiguous.
type tail uint8

const (
	inside     tail = iota // within a segment
	afterSlash             // another slash would leave the segment empty
	oneDot                 // a dot segment, if the segment ended here
	twoDots                // as well
)

// then returns the tail after c, and whether c may follow.
func (t tail) then(c byte) (next tail, ok bool) {
	switch {
	case c == '/' || c == ';':
		if c == '/' {
			next = afterSlash
		}
		return next, t == inside || t == afterSlash && c == ';'
	case c == '.' && t == afterSlash:
		return oneDot, true
	case c == '.' && t == oneDot:
		return twoDots, true
	}
	return inside, true
}

// relation is what an example shows of two forms.
type relation uint8

const (
	matchedByBoth relation = iota
	matchedByFirstAlone
)

// walkStates bounds a walk: by far more than real patterns need.
const walkStates = 5_000

// walk is a path on the way to an example.
type walk struct {
	walkState
	path string
}

// walkState is all that matters about a path: two that share it can be
// continued alike.
type walkState struct {
	a, b positions
	tail tail
}

// example returns a shortest canonical path that stands in this relation to a
// and b. It is "" where there is none; known is false where the walk was
// given up before that was certain.
func example(a, b form, want relation) (path string, known bool) {
	letters := alphabet(a, b)
	queue := []walk{{walkState: walkState{a: a.start(), b: b.start()}}}
	seen := map[walkState]bool{queue[0].walkState: true}
	for ; len(queue) > 0; queue = queue[1:] {
		w := queue[0]
		if a.ends(w.a) && b.ends(w.b) == (want == matchedByBoth) {
			if canonical, why := Canonical(w.path); why == Clear && canonical == w.path {
				return w.path, true
			}
		}
		if len(seen) > walkStates {
			return "", false
		}
		for _, c := range letters {
			tail, ok := w.tail.then(c)
			next := walkState{a.step(w.a, c), b.step(w.b, c), tail}
			dead := next.a == "" || want == matchedByBoth && next.b == ""
			if ok && !dead && !seen[next] {
				seen[next] = true
				queue = append(queue, walk{next, w.path + string(rune(c))})
			}
		}
	}
	return "", true
}

// realExample returns an example that looks like a path of a shop where there is
// one: without segments that are empty but for their ending, like /.svg.
func realExample(a, b form, want relation) string {
	narrow := b
	if want == matchedByBoth {
		narrow = b.filled()
	}
	if path, _ := example(a.filled(), narrow, want); path != "" {
		return path
	}
	path, _ := example(a, b, want)
	return path
}

// filled returns the form without the paths in which a run that begins a
// segment is empty.
func (f form) filled() form {
	var filled form
	for i, e := range f {
		if e.isRun() && i > 0 && f[i-1] == (element{literal, '/'}) {
			filled = append(filled, element{kind: oneInSegment})
		}
		filled = append(filled, e)
	}
	return filled
}

// alphabet returns the characters that can make a difference between the forms:
// their literals, and one letter that stands for all others.
func alphabet(a, b form) []byte {
	var has [256]bool
	for _, e := range append(append(form(nil), a...), b...) {
		has[e.char] = has[e.char] || e.kind == literal
	}
	var letters []byte
	for _, c := range []byte("xyzabcdefghijklmnopqrstuvw0123456789") {
		if !has[c] {
			letters = append(letters, c)
			break
		}
	}
	for c, used := range has {
		if used && c != '/' {
			letters = append(letters, byte(c))
		}
	}
	return append(letters, '/')
}
