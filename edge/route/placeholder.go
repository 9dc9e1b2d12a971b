package route

import (
	"strconv"
	"strings"
)

// Stencil is a text cut at its placeholders: Pieces[0], Fields[0], Pieces[1]
// and so on; there is one more piece than there are fields.
type Stencil struct {
	Pieces []string
	Fields []Field
}

// Render joins the pieces with what stands for each field; n counts from 1.
func (s Stencil) Render(field func(n int) string) string {
	var b strings.Builder
	for i, piece := range s.Pieces {
		b.WriteString(piece)
		if i < len(s.Fields) {
			b.WriteString(field(i + 1))
		}
	}
	return b.String()
}

// Field names something that a captured request carries: key, body.cart_id,
// form.email, query.step, path.3 or cookie.sid.
type Field string

// The sources that a field can come from.
const (
	FromKey    = "key"    // the idempotency key that legacy was sent
	FromBody   = "body"   // a value of a JSON body
	FromForm   = "form"   // a field of a form
	FromQuery  = "query"  // a parameter of the query
	FromPath   = "path"   // a segment of the path, counted from 1
	FromCookie = "cookie" // a cookie's value, as it was sent
)

// Source returns where the field comes from, and its name there.
func (f Field) Source() (source, name string) {
	source, name, _ = strings.Cut(string(f), ".")
	return source, name
}

func (f Field) known() bool {
	switch source, name := f.Source(); source {
	case FromKey:
		return name == ""
	case FromPath:
		n, err := strconv.Atoi(name)
		return err == nil && n > 0
	case FromBody, FromForm, FromQuery, FromCookie:
		return name != ""
	}
	return false
}

// cutSQL cuts a query at :placeholders. Strings, quoted names, comments and
// PostgreSQL's :: are passed by.
func cutSQL(sql string) (s Stencil) {
	begin := 0
	for i := 0; i < len(sql); {
		if n := passBy(sql[i:]); n > 0 {
			i += n
			continue
		}
		n := 0
		if sql[i] == ':' {
			n = fieldLen(sql[i+1:])
		}
		if n == 0 {
			i++
			continue
		}
		s.Pieces = append(s.Pieces, sql[begin:i])
		s.Fields = append(s.Fields, Field(sql[i+1:i+1+n]))
		i += 1 + n
		begin = i
	}
	s.Pieces = append(s.Pieces, sql[begin:])
	return s
}

// passBy returns the length of what text begins with where that can hold no
// placeholder, or 0.
func passBy(text string) int {
	for _, quotation := range [...][2]string{{"'", "'"}, {`"`, `"`}, {"`", "`"}, {"--", "\n"}, {"/*", "*/"}, {"::", ""}} {
		rest, ok := strings.CutPrefix(text, quotation[0])
		if !ok {
			continue
		}
		end := strings.Index(rest, quotation[1])
		if end < 0 {
			return len(text)
		}
		return len(quotation[0]) + end + len(quotation[1])
	}
	return 0
}

// fieldLen returns the length of the dotted name that text begins with.
func fieldLen(text string) int {
	n := 0
	for n < len(text) && (text[n] == '_' || isAlphanumeric(text[n]) || n > 0 && (text[n] == '.' || text[n] == '-')) {
		n++
	}
	if n > 0 && '0' <= text[0] && text[0] <= '9' {
		return 0 // a bound of a PostgreSQL slice, say
	}
	return len(strings.TrimRight(text[:n], ".-"))
}

// cutBraces cuts a request target at its {placeholders}.
func cutBraces(target string) (s Stencil) {
	for {
		before, rest, open := strings.Cut(target, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !open || !closed {
			s.Pieces = append(s.Pieces, target)
			return s
		}
		s.Pieces = append(s.Pieces, before)
		s.Fields = append(s.Fields, Field(name))
		target = after
	}
}
