package route

import "strings"

// plain reads a chunk that holds nothing but
//
//	slug: arm          # comment
//
// or
//
//	slug:              # comment
//	  key: value       # comment
//
// with no value that YAML would read as anything but itself. It is not ok for
// everything else, and for every product with a mistake in it: those are for
// the parser, which says what is wrong.
func (c chunk) plain() (Product, bool) {
	p := Product{Share: Everyone, Line: c.line}
	line, rest, _ := strings.Cut(c.text, "\n")
	slug, arm, ok := plainEntry(line)
	if !ok || slugProblem(slug) != "" {
		return p, false
	}
	p.Slug = slug
	if arm != "" {
		_, err := p.set("arm", arm)
		return p, err == nil && onlyComments(rest)
	}
	if !p.plainFields(rest) {
		return p, false
	}
	scheduled := !p.From.IsZero() || !p.Until.IsZero()
	switch {
	case p.Arm == Legacy && (scheduled || p.Share != Everyone):
		return p, false
	case !p.From.IsZero() && !p.Until.IsZero() && !p.From.Before(p.Until):
		return p, false
	}
	return p, true
}

// plainFields reads the lines below a slug, which are all indented alike.
func (p *Product) plainFields(lines string) bool {
	var seen [5]bool // as in flipKeys
	indent := -1
	for line := range strings.Lines(lines) {
		line = strings.TrimRight(line, "\r\n")
		body := strings.TrimLeft(line, " ")
		if body == "" || body[0] == '#' {
			continue
		}
		if indent < 0 {
			indent = len(line) - len(body)
		}
		name, value, ok := plainEntry(body)
		key := indexOf(name)
		if !ok || value == "" || len(line)-len(body) != indent || key < 0 || seen[key] {
			return false
		}
		seen[key] = true
		if _, err := p.set(name, value); err != nil {
			return false
		}
	}
	// A share of everyone on legacy would not show in the product.
	return seen[0] && !(p.Arm == Legacy && seen[1])
}

func indexOf(key string) int {
	for i, k := range flipKeys {
		if k == key {
			return i
		}
	}
	return -1
}

// plainEntry reads "key: value # comment"; the value is empty where the line
// has none.
func plainEntry(line string) (key, value string, ok bool) {
	line = strings.TrimRight(withoutComment(line), " \r")
	key, value, ok = strings.Cut(line, ":")
	if !ok || !plainScalar(key) {
		return "", "", false
	}
	if value == "" {
		return key, "", true
	}
	trimmed := strings.TrimLeft(value, " ")
	return key, trimmed, len(trimmed) < len(value) && plainScalar(strings.ReplaceAll(trimmed, ":", "-"))
}

// plainScalar reports whether text begins with a letter or digit and holds only
// characters that mean nothing to YAML.
func plainScalar(text string) bool {
	if text == "" || !isAlphanumeric(text[0]) {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case isAlphanumeric(c), c == '-', c == '.', c == '_', c == '~', c == '%', c == '+':
		default:
			return false
		}
	}
	return true
}

// onlyComments reports whether no line has anything else.
func onlyComments(lines string) bool {
	for line := range strings.Lines(lines) {
		line = strings.Trim(line, " \r\n")
		if line != "" && line[0] != '#' {
			return false
		}
	}
	return true
}
