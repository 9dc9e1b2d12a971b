package route

import (
	"strings"
)

// ReadProducts reads the text of products.yaml; name is what findings call the
// file. A YAML parser needs seconds for the catalogue of a large shop, and the
// file changes many times a day; so the file is cut into products, which begin
// at the left margin, and those that are written plainly are read line by
// line. Whatever else there is goes through the parser, product by product, or
// where the cut could be wrong, the file as a whole.
func ReadProducts(name string, src []byte) ([]Product, Findings) {
	src = withoutMark(src)
	text := string(src)
	chunks, ok := cut(text)
	if !ok {
		r := productReader{document{file: name}}
		return r.whole(src), r.findings.sorted()
	}
	var findings Findings
	products := make([]Product, 0, len(chunks))
	for _, c := range chunks {
		if p, ok := c.plain(); ok {
			products = append(products, p)
			continue
		}
		r := productReader{document{file: name, offset: c.line - 1}}
		products = append(products, r.whole([]byte(c.text))...)
		findings = append(findings, r.findings...)
	}
	return products, findings.sorted()
}

// chunk is the lines of one product, with the comments below it.
type chunk struct {
	text string
	line int
}

// cut cuts the text of products.yaml into products. It is not ok where a line
// does not tell where a product begins: tabs, several documents, a flow
// mapping, a quotation or a bracket that is open at the end of its line.
func cut(text string) (chunks []chunk, ok bool) {
	if strings.IndexByte(text, '\t') >= 0 || strings.Contains(strings.ReplaceAll(text, "\r\n", "\n"), "\r") {
		return nil, false
	}
	chunks = make([]chunk, 0, strings.Count(text, "\n")+1)
	begin := -1
	for at, number := 0, 1; at < len(text); number++ {
		end := len(text)
		if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		line := text[at:end]
		switch kind := lineKind(line); {
		case kind == oddLine, kind == nestedLine && begin < 0:
			return nil, false
		case kind == keyLine:
			if begin >= 0 {
				chunks[len(chunks)-1].text = text[begin:at]
			}
			begin = at
			chunks = append(chunks, chunk{line: number})
		}
		at = end
	}
	if begin >= 0 {
		chunks[len(chunks)-1].text = text[begin:]
	}
	return chunks, true
}

// kindOfLine sorts lines by how they begin.
type kindOfLine uint8

const (
	blankLine kindOfLine = iota // or a comment
	keyLine
	nestedLine
	oddLine
)

func lineKind(line string) kindOfLine {
	rest := strings.TrimLeft(line, " ")
	switch {
	case rest == "" || rest == "\n" || rest == "\r\n" || rest[0] == '#':
		return blankLine
	case !closed(withoutComment(line)):
		return oddLine
	case len(rest) < len(line):
		return nestedLine
	case beginsWithKey(line):
		return keyLine
	}
	return oddLine
}

// beginsWithKey reports whether the line is certainly a key of the file: a word
// and a colon. The parser takes other lines at the margin for the rest of the
// product before, and so they are for the parser.
func beginsWithKey(line string) bool {
	end := strings.IndexAny(line, " :\"'{}[],#\r\n")
	if end < 1 || line[end] != ':' || !isAlphanumeric(line[0]) {
		return false
	}
	return end+1 == len(line) || strings.IndexByte(" \r\n", line[end+1]) >= 0
}

// withoutComment drops a comment; what looks like one within a quotation is
// dropped too, which leaves the quotation open and the line odd.
func withoutComment(line string) string {
	if i := strings.Index(line, " #"); i >= 0 {
		return line[:i]
	}
	return line
}

// closed reports whether nothing on the line can go on below it: no sign with
// which YAML begins a tag, an anchor, a block of text; no quotation or bracket
// that is open at its end.
func closed(line string) bool {
	if strings.ContainsAny(line, "!&*|>@`?\\") {
		return false
	}
	if !strings.ContainsAny(line, "\"'{}[]") {
		return true
	}
	count := func(mark string) int { return strings.Count(line, mark) }
	return count(`"`)%2 == 0 && count("'")%2 == 0 && count("{") == count("}") && count("[") == count("]")
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
}
