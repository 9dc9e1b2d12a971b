package legacydb

import "strings"

// query is a SQL statement cut at its placeholders. It is read just closely
// enough to know what is code and what is a string, a name or a comment.
type query struct {
	text  []string // len(names)+1 pieces around the placeholders
	names []string // the placeholders between them, in order

	equals    []int    // placeholders that a WHERE compares by equality: they say which row is meant
	upsert    bool     // has an ON CONFLICT or ON DUPLICATE KEY clause
	returning []string // the columns of RETURNING, where they are plain; nil where unknown
	raw       []string // positional parameters ($1, ?) that the author wrote
	more      bool     // something follows a semicolon
}

// render joins the pieces with the dialect's parameters.
func (q query) render(parameter func(n int) string) string {
	var b strings.Builder
	for i, piece := range q.text {
		b.WriteString(piece)
		if i < len(q.names) {
			b.WriteString(parameter(i + 1))
		}
	}
	return b.String()
}

// scanner walks over one statement.
type scanner struct {
	sql   string
	pos   int // of the next byte
	begin int // of the piece being read
	query query

	code  []string // the words and signs seen so far, without strings and comments
	where bool     // a WHERE was seen
}

// scan cuts a statement at its placeholders. Every text can be scanned: what is
// not closed is closed by the end.
func scan(sql string) query {
	s := &scanner{sql: strings.TrimSpace(sql)}
	for s.pos < len(s.sql) {
		s.step()
	}
	s.query.text = append(s.query.text, s.sql[s.begin:])
	s.query.returning = returning(s.code)
	return s.query
}

// step reads one string, name, comment, placeholder, word or sign.
func (s *scanner) step() {
	c, rest := s.sql[s.pos], s.sql[s.pos:]
	switch {
	case c == '\'':
		s.quoted(c, s.escapes())
		s.emit("'")
	case c == '"' || c == '`':
		s.quoted(c, false)
		s.emit(`"`)
	case strings.HasPrefix(rest, "--"):
		s.skipTo("\n")
	case strings.HasPrefix(rest, "/*"):
		s.comment()
	case c == '$':
		s.dollar()
	case strings.HasPrefix(rest, "::"), strings.HasPrefix(rest, ":="):
		s.pos += 2
		s.emit(rest[:2])
	case c == ':' && nameLen(rest[1:]) > 0:
		s.placeholder(rest[1 : 1+nameLen(rest[1:])])
	case isLetter(c):
		s.word()
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		s.pos++
	default:
		s.sign(c)
	}
}

// emit notes a piece of code; there should be none behind a semicolon.
func (s *scanner) emit(code string) {
	if len(s.code) > 0 && s.code[len(s.code)-1] == ";" {
		s.query.more = true
	}
	s.code = append(s.code, code)
}

func (s *scanner) word() {
	end := s.pos
	for end < len(s.sql) && (isLetter(s.sql[end]) || isDigit(s.sql[end]) || s.sql[end] == '$') {
		end++
	}
	word := s.sql[s.pos:end]
	switch strings.ToUpper(word) {
	case "WHERE":
		s.where = true
	case "CONFLICT", "DUPLICATE":
		s.query.upsert = true
	}
	s.emit(word)
	s.pos = end
}

func (s *scanner) sign(c byte) {
	if c == '?' {
		s.query.raw = append(s.query.raw, "?")
	}
	s.emit(string(c))
	s.pos++
}

// placeholder ends the piece before it and begins the next.
func (s *scanner) placeholder(name string) {
	n := len(s.code)
	if s.where && n > 0 && s.code[n-1] == "=" && (n < 2 || !strings.Contains("<>!=", s.code[n-2])) {
		s.query.equals = append(s.query.equals, len(s.query.names))
	}
	s.query.text = append(s.query.text, s.sql[s.begin:s.pos])
	s.query.names = append(s.query.names, name)
	s.emit(":" + name)
	s.pos += 1 + len(name)
	s.begin = s.pos
}

// quoted skips a string or a quoted name; the quote is written twice inside.
func (s *scanner) quoted(quote byte, escapes bool) {
	for s.pos++; s.pos < len(s.sql); s.pos++ {
		switch c := s.sql[s.pos]; {
		case c == '\\' && escapes:
			s.pos++
		case c == quote && s.pos+1 < len(s.sql) && s.sql[s.pos+1] == quote:
			s.pos++
		case c == quote:
			s.pos++
			return
		}
	}
	s.pos = len(s.sql)
}

// escapes reports whether the string that begins here is PostgreSQL's E'…'.
func (s *scanner) escapes() bool {
	return len(s.code) > 0 && s.pos > 0 && strings.EqualFold(s.code[len(s.code)-1], "E") && s.sql[s.pos-1]|0x20 == 'e'
}

// comment skips a comment; PostgreSQL's may be nested.
func (s *scanner) comment() {
	for depth := 0; s.pos < len(s.sql); {
		switch rest := s.sql[s.pos:]; {
		case strings.HasPrefix(rest, "/*"):
			depth++
			s.pos += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			s.pos += 2
			if depth == 0 {
				return
			}
		default:
			s.pos++
		}
	}
}

// dollar skips a dollar-quoted string, or notes a positional parameter.
func (s *scanner) dollar() {
	rest := s.sql[s.pos+1:]
	tag := nameLen(rest)
	if strings.ContainsRune(rest[:tag], '.') {
		tag = 0
	}
	if tag < len(rest) && rest[tag] == '$' {
		quote := s.sql[s.pos : s.pos+tag+2]
		s.pos += len(quote)
		s.skipTo(quote)
		return
	}
	end := s.pos + 1
	for end < len(s.sql) && isDigit(s.sql[end]) {
		end++
	}
	if end > s.pos+1 {
		s.query.raw = append(s.query.raw, s.sql[s.pos:end])
	}
	s.pos = end
}

// skipTo moves behind the next occurrence of mark.
func (s *scanner) skipTo(mark string) {
	if i := strings.Index(s.sql[s.pos:], mark); i >= 0 {
		s.pos += i + len(mark)
		return
	}
	s.pos = len(s.sql)
}

// nameLen returns the length of the dotted name at the head of s, or 0.
func nameLen(s string) int {
	n := 0
	for n < len(s) && isLetter(s[n]) {
		for n < len(s) && (isLetter(s[n]) || isDigit(s[n])) {
			n++
		}
		if n+1 >= len(s) || s[n] != '.' || !isLetter(s[n+1]) {
			break
		}
		n++
	}
	return n
}

func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// returning returns the columns that a RETURNING clause names, or nil where
// there is none or one of them has no plain name.
func returning(code []string) []string {
	begin := -1
	for i, word := range code {
		if strings.EqualFold(word, "RETURNING") {
			begin = i + 1
		}
	}
	if begin < 0 {
		return nil
	}
	var columns []string
	depth, last := 0, ""
	for _, word := range append(code[begin:len(code):len(code)], ",") {
		switch {
		case word == "(":
			depth++
		case word == ")":
			depth--
		case word == ";":
		case word == "," && depth == 0:
			if last == "" || last == "*" || !isLetter(last[0]) {
				return nil
			}
			columns = append(columns, strings.ToLower(last))
			last = ""
			continue
		}
		if word != ";" {
			last = word
		}
	}
	return columns
}
