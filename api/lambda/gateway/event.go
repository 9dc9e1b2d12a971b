package gateway

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/banyan-edge/banyan/api/lambda/internal/eventjson"
)

// event is what the event of a request is made of.
type event struct {
	request *http.Request
	body    []byte
	id      string
	now     time.Time
}

// appendEvent appends the event of payload version 2.0.
func appendEvent(dst []byte, e event) []byte {
	r := e.request
	dst = append(dst, `{"version":"2.0","routeKey":"$default"`...)
	// The HTTP API undoes the percent-encoding of the path, and so tells %2F from
	// a slash no more.
	dst = eventjson.AppendField(dst, "rawPath", r.URL.Path)
	dst = eventjson.AppendField(dst, "rawQueryString", r.URL.RawQuery)
	peer := host(r.RemoteAddr)
	dst = appendCookies(dst, r.Header["Cookie"])
	dst = appendHeaders(dst, r, peer)
	dst = appendQuery(dst, r.URL.RawQuery)
	dst = e.appendContext(dst, peer)
	return appendBody(dst, r.Header.Get("Content-Type"), e.body)
}

// appendCookies splits the cookies out. Commas are left alone: a cookie may hold
// one.
func appendCookies(dst []byte, lines []string) []byte {
	if len(lines) == 0 {
		return dst
	}
	dst = append(eventjson.AppendName(dst, "cookies"), '[')
	first := true
	for _, line := range lines {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie == "" {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = eventjson.AppendText(dst, cookie)
		}
	}
	return append(dst, ']')
}

// appendHeaders appends the headers, and those that API Gateway adds.
func appendHeaders(dst []byte, r *http.Request, peer string) []byte {
	dst = append(eventjson.AppendName(dst, "headers"), '{')
	dst = eventjson.AppendField(dst, "host", r.Host)
	for name, values := range r.Header {
		if name == "Cookie" || name == "X-Forwarded-For" || hopByHop(name, r.Header["Connection"]) {
			continue
		}
		dst = appendLine(dst, name, values)
	}
	forwarded := slices.Concat(r.Header["X-Forwarded-For"], []string{peer})
	dst = eventjson.AppendField(dst, "x-forwarded-for", strings.Join(forwarded, ", "))
	if r.Header["X-Forwarded-Proto"] == nil {
		proto := "http"
		if r.TLS != nil {
			proto = "https"
		}
		dst = eventjson.AppendField(dst, "x-forwarded-proto", proto)
	}
	return append(dst, '}')
}

// appendLine appends one header, its name in lower case.
func appendLine(dst []byte, name string, values []string) []byte {
	dst = append(dst, ',', '"')
	for _, c := range []byte(name) { // a token: nothing to escape
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	dst = append(dst, '"', ':')
	if len(values) == 1 {
		return eventjson.AppendText(dst, values[0])
	}
	return eventjson.AppendText(dst, strings.Join(values, ","))
}

// hopByHop reports whether a header concerns only the connection it came by.
func hopByHop(name string, connection []string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	for _, line := range connection {
		for option := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(option), name) {
				return true
			}
		}
	}
	return false
}

// appendQuery appends the decoded query parameters, repeated ones with commas.
func appendQuery(dst []byte, raw string) []byte {
	if raw == "" {
		return dst
	}
	query, _ := url.ParseQuery(raw) // what can be read of it
	dst = append(eventjson.AppendName(dst, "queryStringParameters"), '{')
	for name, values := range query {
		dst = eventjson.AppendField(dst, name, strings.Join(values, ","))
	}
	return append(dst, '}')
}

func (e event) appendContext(dst []byte, peer string) []byte {
	r := e.request
	domain := host(r.Host)
	prefix, _, _ := strings.Cut(domain, ".")
	dst = append(eventjson.AppendName(dst, "requestContext"), `{"accountId":"000000000000","apiId":"local","routeKey":"$default","stage":"$default"`...)
	dst = eventjson.AppendField(dst, "domainName", domain)
	dst = eventjson.AppendField(dst, "domainPrefix", prefix)
	dst = eventjson.AppendField(dst, "requestId", e.id)
	dst = append(eventjson.AppendName(dst, "time"), '"')
	dst = e.now.UTC().AppendFormat(dst, "02/Jan/2006:15:04:05 +0000")
	dst = append(dst, '"')
	dst = strconv.AppendInt(eventjson.AppendName(dst, "timeEpoch"), e.now.UnixMilli(), 10)
	dst = append(eventjson.AppendName(dst, "http"), '{')
	dst = eventjson.AppendField(dst, "method", r.Method)
	dst = eventjson.AppendField(dst, "path", r.URL.Path)
	dst = eventjson.AppendField(dst, "protocol", r.Proto)
	dst = eventjson.AppendField(dst, "sourceIp", peer)
	dst = eventjson.AppendField(dst, "userAgent", r.UserAgent())
	return append(dst, '}', '}')
}

// appendBody appends the body and ends the event. Text goes as text, everything
// else as base64.
func appendBody(dst []byte, contentType string, body []byte) []byte {
	if len(body) == 0 {
		return append(dst, `,"isBase64Encoded":false}`...)
	}
	if isText(contentType) && utf8.Valid(body) {
		dst = eventjson.AppendField(dst, "body", body)
		return append(dst, `,"isBase64Encoded":false}`...)
	}
	dst = append(eventjson.AppendName(dst, "body"), '"')
	dst = base64.StdEncoding.AppendEncode(dst, body)
	return append(dst, `","isBase64Encoded":true}`...)
}

// isText reports whether the HTTP API takes a content type for text.
func isText(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	switch kind {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
}

// host takes the port off an address.
func host(address string) string {
	if h, _, err := net.SplitHostPort(address); err == nil {
		return h
	}
	return address
}
