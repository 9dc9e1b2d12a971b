package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/banyan-edge/banyan/edge/route"
)

// fieldError says that a request does not carry what a lookup needs.
type fieldError struct{ field route.Field }

func (e *fieldError) Error() string {
	return fmt.Sprintf("the lookup needs %s, which the request does not have", e.field)
}

// values returns what stands for each field, or a *fieldError.
func values(c *Capture, fields []route.Field) ([]string, error) {
	list := make([]string, len(fields))
	for i, f := range fields {
		value, ok := valueOf(c, f)
		if !ok {
			return nil, &fieldError{f}
		}
		list[i] = value
	}
	return list, nil
}

func valueOf(c *Capture, f route.Field) (string, bool) {
	source, name := f.Source()
	path, query, _ := strings.Cut(c.Target, "?")
	switch source {
	case route.FromKey:
		return c.sentKey(), true
	case route.FromBody:
		return jsonValue(c.Body, name)
	case route.FromForm:
		return only(formOf(c), name)
	case route.FromQuery:
		parameters, _ := url.ParseQuery(query)
		return only(parameters, name)
	case route.FromPath:
		return segment(path, name)
	case route.FromCookie:
		cookie, err := (&http.Request{Header: c.Header}).Cookie(name)
		if err != nil {
			return "", false
		}
		return cookie.Value, true
	}
	return "", false
}

// only returns a parameter that is there once: of two nobody knows which legacy
// went by.
func only(parameters url.Values, name string) (string, bool) {
	if found := parameters[name]; len(found) == 1 {
		return found[0], true
	}
	return "", false
}

// segment returns the n-th segment of a path, from 1, decoded.
func segment(path, n string) (string, bool) {
	number, err := strconv.Atoi(n)
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if err != nil || number < 1 || number > len(segments) {
		return "", false
	}
	text, err := url.PathUnescape(segments[number-1])
	return text, err == nil && text != ""
}

// jsonValue returns a value of a JSON document by its dotted name; numbers in
// the name count the elements of a list, from 0.
func jsonValue(body []byte, name string) (string, bool) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return "", false
	}
	for part := range strings.SplitSeq(name, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			n, err := strconv.Atoi(part)
			if err != nil || n < 0 || n >= len(at) {
				return "", false
			}
			v = at[n]
		default:
			return "", false
		}
	}
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// fieldBytes bounds a field of a multipart form that is looked for.
const fieldBytes = 64 << 10

// formOf returns the fields of a form, without its files.
func formOf(c *Capture) url.Values {
	kind, parameters, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return nil
	case kind == "application/x-www-form-urlencoded":
		form, _ := url.ParseQuery(string(c.Body))
		return form
	case kind != "multipart/form-data":
		return nil
	}
	form := url.Values{}
	parts := multipart.NewReader(bytes.NewReader(c.Body), parameters["boundary"])
	for {
		part, err := parts.NextPart()
		if err != nil {
			return form
		}
		if part.FileName() != "" {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, fieldBytes))
		if err != nil {
			return form
		}
		form.Add(part.FormName(), string(text))
	}
}
