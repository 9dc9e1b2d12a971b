package replay

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"
)

// said is what legacy answered, in words that hold nothing of the shopper's.
func said(a *Answer) string {
	if a == nil {
		return "the answer was lost"
	}
	return strings.TrimSpace(fmt.Sprintf("legacy answered %d %s", a.Status, http.StatusText(a.Status)))
}

// wordsBytes bounds legacy's own words in the cause of a dead letter.
const wordsBytes = 200

// withWords adds legacy's own words to a cause. They can name the shopper: they
// go to the store, where the request is, and not to the log.
func withWords(cause string, a *Answer) string {
	words := strings.Join(strings.Fields(ownWords(a)), " ")
	if words == "" || !utf8.ValidString(words) {
		return cause
	}
	if len(words) > wordsBytes {
		words = strings.ToValidUTF8(words[:wordsBytes], "") + "…"
	}
	return cause + ": " + words
}

var titlePattern = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// ownWords finds what legacy says for people to read.
func ownWords(a *Answer) string {
	kind := a.Header.Get("Content-Type")
	switch {
	case a.Header.Get("Content-Encoding") != "":
		return ""
	case strings.Contains(kind, "json"):
		var doc any
		if json.Unmarshal(a.Body, &doc) != nil {
			return ""
		}
		return message(doc)
	case strings.HasPrefix(kind, "text/html"):
		if m := titlePattern.FindSubmatch(a.Body); m != nil {
			return html.UnescapeString(string(m[1]))
		}
	case strings.HasPrefix(kind, "text/plain"):
		return string(a.Body[:min(len(a.Body), 2*wordsBytes)])
	}
	return ""
}

// message finds the message in an error document, where such documents have it.
func message(doc any) string {
	switch doc := doc.(type) {
	case string:
		return doc
	case map[string]any:
		for _, key := range []string{"message", "detail", "error_description", "error", "errors", "title"} {
			if text := message(doc[key]); text != "" {
				return text
			}
		}
	case []any:
		for _, element := range doc {
			if text := message(element); text != "" {
				return text
			}
		}
	}
	return ""
}
