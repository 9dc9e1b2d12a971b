package lambda

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/banyan-edge/banyan/api/lambda/internal/eventjson"
)

// response is the neutral form of an answer.
type response struct {
	status int
	header []field
	body   []byte
	binary bool // the body has a content encoding
}

// field is a header of an answer, its name in canonical form.
type field struct {
	name   string
	values []string
}

const setCookie = "Set-Cookie"

func (r *response) appendStatus(dst []byte) []byte {
	dst = append(dst, `{"statusCode":`...)
	return strconv.AppendInt(dst, int64(r.status), 10)
}

// appendStatusLine appends the status in words, which a load balancer wants.
func (r *response) appendStatusLine(dst []byte) []byte {
	line := strconv.Itoa(r.status)
	if text := http.StatusText(r.status); text != "" {
		line += " " + text
	}
	return eventjson.AppendField(dst, "statusDescription", line)
}

// cookieForm is what becomes of Set-Cookie where a name can have one value only.
type cookieForm uint8

const (
	// allButCookies leaves them out; they are given apart.
	allButCookies cookieForm = iota
	// cookiesInOddCase writes each under its own spelling of the name: set-cookie,
	// Set-cookie, sEt-cookie. Names mean the same in any case, and one comma more
	// would break a cookie.
	cookiesInOddCase
)

// appendHeaders appends the headers with one value a name: RFC 9110 §5.3 lets
// values be joined with commas.
func (r *response) appendHeaders(dst []byte, form cookieForm) []byte {
	dst = append(eventjson.AppendName(dst, "headers"), '{')
	for _, f := range r.header {
		switch {
		case f.name != setCookie:
			dst = eventjson.AppendField(dst, f.name, joinValues(f.values))
		case form == cookiesInOddCase:
			for i, value := range f.values {
				dst = eventjson.AppendField(dst, oddCase(setCookie, i), value)
			}
		}
	}
	return append(dst, '}')
}

// appendMultiHeaders appends the headers with a list of values a name.
func (r *response) appendMultiHeaders(dst []byte) []byte {
	dst = append(eventjson.AppendName(dst, "multiValueHeaders"), '{')
	for _, f := range r.header {
		dst = appendList(eventjson.AppendName(dst, f.name), f.values)
	}
	return append(dst, '}')
}

// appendCookies appends the cookies of payload 2.0.
func (r *response) appendCookies(dst []byte) []byte {
	for _, f := range r.header {
		if f.name == setCookie {
			return appendList(eventjson.AppendName(dst, "cookies"), f.values)
		}
	}
	return dst
}

// appendBody appends the body and ends the answer. A body that JSON cannot carry
// goes as base64, and so does one with a content encoding.
func (r *response) appendBody(dst []byte) []byte {
	dst = eventjson.AppendName(dst, "body")
	binary := r.binary || !utf8.Valid(r.body)
	if binary {
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, r.body)
		dst = append(dst, '"')
	} else {
		dst = eventjson.AppendText(dst, r.body)
	}
	dst = eventjson.AppendName(dst, "isBase64Encoded")
	return append(strconv.AppendBool(dst, binary), '}')
}

func appendList(dst []byte, values []string) []byte {
	dst = append(dst, '[')
	for i, value := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = eventjson.AppendText(dst, value)
	}
	return append(dst, ']')
}

func joinValues(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	var joined []byte
	for i, value := range values {
		if i > 0 {
			joined = append(joined, ", "...)
		}
		joined = append(joined, value...)
	}
	return string(joined)
}

// oddCase spells name in its n-th way: bit by bit of n, a letter changes case.
func oddCase(name string, n int) string {
	spelt := []byte(name)
	for i := range spelt {
		if letter := spelt[i] | 0x20; letter < 'a' || letter > 'z' {
			continue
		}
		if n&1 == 1 {
			spelt[i] ^= 0x20
		}
		n >>= 1
	}
	return string(spelt)
}
