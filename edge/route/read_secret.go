package route

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// SecretHeader is the header that holds an origin's secret where none is named.
const SecretHeader = "x-banyan-secret"

// secret reads where an origin's secret is to be found.
func (r *configReader) secret(s *Secret, n ast.Node) {
	before := len(r.findings)
	s.Header = SecretHeader
	for _, f := range r.fields(n, "secret", secretKeys) {
		text, ok := r.text(f.value, "secret."+f.name)
		switch {
		case !ok:
		case f.name == "header" && !isHeaderName(text):
			r.add(f.value, "write letters, digits and hyphens, such as x-banyan-secret", "this is not a header's name")
		case f.name == "header":
			s.Header = text
		case f.name == "file":
			s.File = text
		case strings.ContainsAny(text, "= \t"):
			r.add(f.value, "write its name, such as LEGACY_SECRET", "this is not an environment variable")
		default:
			s.Env = text
		}
	}
	if (s.File == "") == (s.Env == "") && len(r.findings) == before {
		r.add(n, "write {file: legacy.secret} or {env: LEGACY_SECRET}", "the secret's value is in a file or in an environment variable, one of the two")
	}
	if len(r.findings) != before {
		*s = Secret{}
	}
}

// isHeaderName reports whether text can be the name of a header that every
// server reads alike: some take an underscore for a hyphen, or drop it.
func isHeaderName(text string) bool {
	for _, c := range []byte(text) {
		if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return text != ""
}
