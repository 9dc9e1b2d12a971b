package route

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
func (t *template) form() form { return t.formOf("") }

// formOf returns what the template matches for one product; "" is any.
func (t *template) formOf(slug string) form {
	var f form
	for i, segment := range t.segments {
		f = append(f, element{literal, '/'})
		if i == t.product {
			segment = slug
		}
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

// relation is what an example shows of two forms.
type relation uint8

const (
	matchedByBoth relation = iota
	matchedByFirstAlone
)

// example returns a shortest canonical path that stands in this relation to a
// and b. It is "" where there is none; known is false where the walk was
// given up before that was certain.
func example(a, b form, want relation) (path string, known bool) {
	if want == matchedByBoth {
		return common(a, b), true
	}
	return apart(a, []form{b})
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
func alphabet(forms ...form) []byte {
	var has [256]bool
	for _, f := range forms {
		for _, e := range f {
			has[e.char] = has[e.char] || e.kind == literal
		}
	}
	var letters []byte
	for _, c := range []byte("xyzghijklmnopqrstuvwabcdef0123456789") {
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
