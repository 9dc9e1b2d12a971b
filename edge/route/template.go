package route

import "strings"

// template is a path at which products are shown: segments that are literal or
// {named}, one of them {product}, and perhaps /* for everything below.
type template struct {
	text     string
	segments []string // the literal segments; "" is a named one
	product  int      // the index of {product}
	below    bool     // ends in /*
}

// productName is the segment that holds the slug.
const productName = "{product}"

// newTemplate reads a template, or says what is wrong with it.
func newTemplate(text string) (t template, problem, hint string) {
	const example = "write it like /shop/{category}/{product} or /shop/{category}/{product}/*"
	path, below := strings.CutSuffix(text, "/*")
	if !strings.HasPrefix(path, "/") || len(text) > patternBytes {
		return t, "a product path begins with a slash and has at most 255 characters", example
	}
	t = template{text: text, product: -1, below: below}
	for i, segment := range strings.Split(path[1:], "/") {
		named := strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") && len(segment) > 2
		switch {
		case segment == productName && t.product >= 0:
			return t, "a product path has {product} once", example
		case segment == productName:
			t.product = i
		case named && !strings.ContainsAny(segment[1:len(segment)-1], "{}*?"):
		case strings.ContainsAny(segment, "{}*?"):
			return t, "a segment is wholly literal or wholly {named}, and a star stands only at the end", example
		case segment == "":
			return t, "a product path has no empty segment", example
		default:
			if canonical, why := Canonical("/" + segment); why != Clear || canonical[1:] != segment {
				return t, "no canonical path has this segment", example
			}
		}
		if strings.HasPrefix(segment, "{") {
			segment = ""
		}
		t.segments = append(t.segments, segment)
	}
	if t.product < 0 {
		return t, "a product path has a {product} segment", example
	}
	return t, "", ""
}

// match returns the {product} segment of a canonical path, or "" where the path
// is not of this form.
func (t *template) match(path string) string {
	slug := ""
	for i, want := range t.segments {
		if path == "" {
			return ""
		}
		path = path[1:] // the slash
		end := strings.IndexByte(path, '/')
		if end < 0 {
			end = len(path)
		}
		segment := path[:end]
		if segment == "" || want != "" && segment != want {
			return ""
		}
		if i == t.product {
			slug = segment
		}
		path = path[end:]
	}
	if (path == "") == t.below {
		return ""
	}
	return slug
}
