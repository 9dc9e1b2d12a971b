package shop

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrefersJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"":    false,
		"*/*": false,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false, // a browser
		"application/json":                  true,
		"APPLICATION/JSON":                  true,
		"application/json, text/plain, */*": true, // axios
		"application/json;q=0.5, text/html": false,
		"application/json, text/html;q=0.9": true,
		"text/html, application/json":       false, // a tie is a page
		"application/*":                     true,
		"application/json;q=0":              false,
		"application/json;q=0, */*":         false,
		"application/problem+json":          true,
		"application/json;q=nonsense":       true,
		"image/*,application/json ; q=0.1":  true,
		";;;,,,application/json;;q=;,,":     true,
		"application/json-patch+json":       false,
	} {
		require.Equal(t, want, prefersJSON(accept), accept)
	}
}
