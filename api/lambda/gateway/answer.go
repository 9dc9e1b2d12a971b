package gateway

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/banyan-edge/banyan/api/lambda/internal/eventjson"
)

// answer is what is read of a function's answer.
type answer struct {
	status  int
	header  []pair
	cookies []string
	body    *buffer
	base64  bool
}

type pair struct{ name, value string }

var errBadStatus = errors.New("the answer's statusCode is not an HTTP status")

// passAnswer writes a function's answer to w. Where it fails, nothing was
// written.
func passAnswer(w http.ResponseWriter, r *http.Request, payload []byte) error {
	body := getBuffer()
	defer body.put()
	a := answer{header: make([]pair, 0, 16), body: body}
	if err := a.read(payload); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if a.status < 200 || a.status > 599 {
		return fmt.Errorf("%w: %d", errBadStatus, a.status)
	}
	if a.base64 {
		n, err := base64.StdEncoding.Decode(body.bytes, body.bytes)
		if err != nil {
			return fmt.Errorf("decode answer's body: %w", err)
		}
		body.bytes = body.bytes[:n]
	}
	a.write(w, r)
	return nil
}

// read reads an answer in either of its forms: an object with a statusCode, or
// any other JSON, which is the body of a 200.
func (a *answer) read(payload []byte) error {
	text := string(payload)
	r := eventjson.NewReader(text)
	if r.Kind() == '{' {
		if err := r.Object(func(name string) error { return a.readField(&r, name) }); err != nil {
			return err
		}
		if a.status != 0 {
			return r.End()
		}
		r = eventjson.NewReader(text)
	}
	*a = answer{status: http.StatusOK, header: []pair{{"Content-Type", "application/json"}}, body: a.body}
	var err error
	if r.Kind() == '"' {
		a.body.bytes, err = r.AppendText(a.body.bytes[:0])
	} else if err = r.Skip(); err == nil {
		a.body.bytes = append(a.body.bytes[:0], text...)
	}
	if err != nil {
		return err
	}
	return r.End()
}

func (a *answer) readField(r *eventjson.Reader, name string) (err error) {
	switch name {
	case "statusCode":
		a.status, err = r.Whole()
	case "headers":
		err = r.Object(func(name string) error {
			value, err := readScalar(r)
			a.header = append(a.header, pair{name, value})
			return err
		})
	case "cookies":
		err = r.Array(func() error {
			cookie, err := r.Text()
			a.cookies = append(a.cookies, cookie)
			return err
		})
	case "body":
		a.body.bytes, err = r.AppendText(a.body.bytes[:0])
	case "isBase64Encoded":
		a.base64, err = r.Flag()
	default:
		err = r.Skip()
	}
	return err
}

// readScalar reads a header's value, which may be a number or a boolean too.
func readScalar(r *eventjson.Reader) (string, error) {
	switch r.Kind() {
	case '"', 'n', '{', '[':
		return r.Text()
	}
	return r.Raw()
}

// fill puts the answer's headers into header, all but the Content-Length.
func (a *answer) fill(header http.Header) (length string) {
	values := make([]string, 0, len(a.header))
	for _, p := range a.header {
		switch name := http.CanonicalHeaderKey(p.name); {
		case name == "Content-Length":
			length = p.value
		case hopByHop(name, nil):
		case header[name] != nil:
			header[name] = append(header[name], p.value)
		default:
			values = append(values, p.value)
			header[name] = values[len(values)-1 : len(values) : len(values)]
		}
	}
	if len(a.cookies) > 0 {
		header["Set-Cookie"] = append(header["Set-Cookie"], a.cookies...)
	}
	return length
}

func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	length := a.fill(header)
	bodiless := a.status == http.StatusNoContent || a.status == http.StatusNotModified
	switch {
	case r.Method == http.MethodHead && !bodiless:
		// What the body would have been only the function knows.
		if n, err := strconv.Atoi(length); err == nil && n >= 0 {
			header.Set("Content-Length", length)
		}
	case !bodiless:
		header.Set("Content-Length", strconv.Itoa(len(a.body.bytes)))
	}
	if header["Content-Type"] == nil && !bodiless {
		header["Content-Type"] = nil // none, rather than one that net/http guesses
	}
	w.WriteHeader(a.status)
	if !bodiless && r.Method != http.MethodHead {
		_, _ = w.Write(a.body.bytes)
	}
}
