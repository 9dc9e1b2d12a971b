package flip

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/banyan-edge/banyan/edge/route"
)

// setProduct returns products.yaml with the lines of one product changed, or
// added at the end. Every other line, and the comments on and between the
// product's own, stay as they are. It edits text and trusts nothing: the
// caller reads the outcome and compares.
func setProduct(src []byte, p route.Product) []byte {
	lines := splitLines(src)
	begin, end := findProduct(lines, p.Slug)
	if begin < 0 {
		return appendProduct(lines, p)
	}
	edited := editProduct(lines[begin:end], p)
	return join(slices.Concat(lines[:begin], edited, lines[end:]))
}

func splitLines(src []byte) []string {
	return slices.Collect(strings.Lines(string(src)))
}

func join(lines []string) []byte { return []byte(strings.Join(lines, "")) }

// ending returns the line break that the file is written with.
func ending(lines []string) string {
	if len(lines) > 0 && strings.HasSuffix(lines[0], "\r\n") {
		return "\r\n"
	}
	return "\n"
}

// entryLine is a line "key: value # comment".
var entryLine = regexp.MustCompile(`^( *)("[^"]*"|'(?:[^']|'')*'|[^\s#:'"][^:]*?)( *:)(?:( +)("[^"]*"|'[^']*'|\{[^}]*\}|[^\s#][^#]*?))?( +#.*?| *)(\r?\n)?$`)

// The groups of entryLine.
const (
	entryIndent = iota + 1
	entryKey
	entryColon
	entryGap
	entryValue
	entryComment
	entryEnding
)

// parseEntry returns the parts of a line, and its key without quotation marks.
func parseEntry(line string) (parts []string, key string) {
	parts = entryLine.FindStringSubmatch(line)
	if parts == nil {
		return nil, ""
	}
	return parts, unquote(parts[entryKey])
}

// unquote returns what a quoted text says, as far as slugs and values need it.
func unquote(text string) string {
	switch {
	case len(text) < 2 || text[0] != text[len(text)-1]:
		return text
	case text[0] == '\'':
		return strings.ReplaceAll(text[1:len(text)-1], "''", "'")
	case text[0] == '"':
		return text[1 : len(text)-1]
	}
	return text
}

// findProduct returns the lines of the product: from its slug to its last
// indented line. Comments at the margin belong to what follows them.
func findProduct(lines []string, slug string) (begin, end int) {
	begin = -1
	for i, line := range lines {
		if !strings.Contains(line, slug) {
			continue
		}
		if parts, key := parseEntry(line); parts != nil && parts[entryIndent] == "" && key == slug {
			begin = i
			break
		}
	}
	if begin < 0 {
		return -1, -1
	}
	end = begin + 1
	for i := begin + 1; i < len(lines); i++ {
		switch {
		case isComment(lines[i]) && lines[i][0] != ' ', strings.TrimSpace(lines[i]) == "":
		case lines[i][0] == ' ':
			end = i + 1
		default:
			return begin, end
		}
	}
	return begin, end
}

// editProduct returns the lines of a product after a flip.
func editProduct(lines []string, p route.Product) []string {
	head, _ := parseEntry(lines[0])
	want := values(p)
	if head[entryValue] == "" {
		return append(lines[:1:1], editFields(lines[1:], want)...)
	}
	if slices.ContainsFunc(lines[1:], func(line string) bool { return !isComment(line) }) {
		return lines // a value that goes on below; not ours to cut
	}
	if len(want) == 1 && head[entryValue][0] != '{' {
		return append([]string{withValue(head, p.Arm.String())}, lines[1:]...)
	}
	head[entryEnding] = lineEnding(head, "\n")
	edited := append([]string{withValue(head, "")}, nested(want, "  ", head[entryEnding])...)
	return append(edited, lines[1:]...)
}

// isComment reports whether a line holds nothing else.
func isComment(line string) bool {
	body := strings.TrimSpace(line)
	return body == "" || body[0] == '#'
}

// withValue returns the line with another value, or none.
func withValue(parts []string, value string) string {
	gap := parts[entryGap]
	switch {
	case value == "":
		gap = ""
	case gap == "":
		gap = " "
	}
	return parts[entryIndent] + parts[entryKey] + parts[entryColon] + gap + value + parts[entryComment] + parts[entryEnding]
}

func lineEnding(parts []string, otherwise string) string {
	if parts[entryEnding] != "" {
		return parts[entryEnding]
	}
	return otherwise
}

// keyValue is a line below a product.
type keyValue struct{ key, value string }

// values returns what is written of a product, in the order in which it is.
func values(p route.Product) []keyValue {
	want := []keyValue{{"arm", p.Arm.String()}}
	if p.Share != route.Everyone {
		want = append(want, keyValue{"share", p.Share.String()})
	}
	if !p.From.IsZero() {
		want = append(want, keyValue{"from", moment(p.From)})
	}
	if !p.Until.IsZero() {
		want = append(want, keyValue{"until", moment(p.Until)})
	}
	if p.Stock != nil {
		want = append(want, keyValue{"stock", strconv.Itoa(*p.Stock)})
	}
	return want
}

func nested(want []keyValue, indent, ending string) []string {
	lines := make([]string, len(want))
	for i, kv := range want {
		lines[i] = indent + kv.key + ": " + kv.value + ending
	}
	return lines
}

// editFields sets the values that are wanted on the lines that have them,
// drops the lines of those that are not, and adds what is missing behind the
// key that comes before it.
func editFields(lines []string, want []keyValue) []string {
	indent, ending := "  ", "\n"
	var edited []string
	at := make(map[string]int) // key → its line in edited
	for _, line := range lines {
		parts, key := parseEntry(line)
		if parts != nil {
			indent, ending = parts[entryIndent], lineEnding(parts, ending)
			i := slices.IndexFunc(want, func(kv keyValue) bool { return kv.key == key })
			if i < 0 {
				continue
			}
			if unquote(parts[entryValue]) != want[i].value {
				line = withValue(parts, want[i].value)
			}
			at[key] = len(edited)
		}
		edited = append(edited, line)
	}
	for i, kv := range want {
		if _, has := at[kv.key]; has {
			continue
		}
		place := 0
		if i > 0 {
			place = at[want[i-1].key] + 1
		}
		edited = insertLine(edited, place, nested(want[i:i+1], indent, ending)[0])
		for key, line := range at {
			if line >= place {
				at[key] = line + 1
			}
		}
		at[kv.key] = place
	}
	return edited
}

// insertLine inserts a line; the line before it may be the file's last and have
// no line break yet.
func insertLine(lines []string, at int, line string) []string {
	if at > 0 && !strings.HasSuffix(lines[at-1], "\n") {
		lines[at-1] += "\n"
	}
	return slices.Insert(lines, at, line)
}

// plainKey matches the slugs that YAML takes as they are.
var plainKey = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~%+-]*$`)

// appendProduct adds a product at the end of the file.
func appendProduct(lines []string, p route.Product) []byte {
	ending := ending(lines)
	key := p.Slug
	if !plainKey.MatchString(key) {
		key = `"` + key + `"` // a slug holds neither quotation marks nor backslashes
	}
	want := values(p)
	added := []string{key + ":" + ending}
	if len(want) == 1 {
		added = []string{key + ": " + want[0].value + ending}
	} else {
		added = append(added, nested(want, "  ", ending)...)
	}
	if n := len(lines); n > 0 && !strings.HasSuffix(lines[n-1], "\n") {
		lines[n-1] += ending
	}
	return join(append(lines, added...))
}

// setMode returns banyan.yaml with its mode line set, added at the top, or
// where mode is "" dropped: setting and dropping it leaves the file as it was.
func setMode(src []byte, mode string) []byte {
	lines := splitLines(src)
	for i, line := range lines {
		parts, key := parseEntry(line)
		if parts == nil || key != "mode" || parts[entryIndent] != "" {
			continue
		}
		if mode == "" {
			return join(slices.Delete(lines, i, i+1))
		}
		lines[i] = withValue(parts, mode)
		return join(lines)
	}
	if mode == "" {
		return src
	}
	top := 0
	if len(lines) > 0 && strings.TrimSpace(lines[0]) == "---" {
		top = 1
	}
	return join(slices.Insert(lines, top, "mode: "+mode+ending(lines)))
}

// moment writes a moment as products.yaml has it.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
