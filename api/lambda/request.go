package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
)

// request is the neutral form of a request: what a shopper's browser said, as
// far as the event tells. Header names may come in any case.
type request struct {
	method  string
	path    string
	decoded bool   // the path has its percent-encoding undone
	query   string // as on the wire
	proto   string
	header  []pair
	cookies []string // if any, these are the cookies and not those in header
	host    string   // where no Host header tells
	peer    string   // the address of the front's peer; "" where only X-Forwarded-For tells
	body    string
	base64  bool
}

// httpRequest makes of q what net/http's server would hand to a handler. Its
// error is for the shopper: the request is bad.
func (a *Adapter) httpRequest(ctx context.Context, q request) (*http.Request, error) {
	if !validToken(q.method) {
		return nil, errors.New("the method is not valid")
	}
	uri := a.opts.requestURI(q)
	target, err := url.ParseRequestURI(uri)
	if err != nil {
		return nil, errors.New("the path is not valid")
	}
	header, host, err := q.httpHeader()
	if err != nil {
		return nil, err
	}
	body, err := q.content()
	if err != nil {
		return nil, err
	}
	r := new(http.Request).WithContext(ctx) // the only way to give it a context
	r.Method, r.URL, r.RequestURI = q.method, target, uri
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	if major, minor, ok := http.ParseHTTPVersion(q.proto); ok {
		r.Proto, r.ProtoMajor, r.ProtoMinor = q.proto, major, minor
	}
	r.Header, r.Host = header, host
	if a.opts.TrustForwardedHost {
		r.Host = forwardedHost(header["X-Forwarded-Host"], host)
	}
	r.RemoteAddr = a.opts.remoteAddr(q.peer, header["X-Forwarded-For"])
	r.Body, r.ContentLength = http.NoBody, int64(len(body))
	if len(body) > 0 {
		r.Body = &requestBody{Reader: *bytes.NewReader(body)}
		setLength(header, len(body))
	}
	return r, nil
}

// httpHeader makes the header of a handler's request and takes the host out of
// it, as net/http does.
func (q request) httpHeader() (header http.Header, host string, err error) {
	host = q.host
	header = make(http.Header, len(q.header)+1)
	values := make([]string, 0, len(q.header)+1)
	set := func(name, value string) {
		values = append(values, value)
		n := len(values)
		header[name] = values[n-1 : n : n]
	}
	for _, field := range q.header {
		value := textproto.TrimString(field.value)
		if !validToken(field.name) || !validValue(value) {
			return nil, "", errors.New("a header is not valid")
		}
		name := canonicalName(field.name)
		switch {
		case name == "Host":
			host = value
		case name == "Transfer-Encoding", strings.HasPrefix(name, accessorHeaders):
			// The body came whole; and the accessor headers of aws-lambda-go-api-proxy
			// are the adapter's to set, so one that comes from outside is a forgery.
		case header[name] != nil:
			header[name] = append(header[name], value)
		default:
			set(name, value)
		}
	}
	if len(q.cookies) > 0 {
		cookies := strings.Join(q.cookies, "; ")
		if !validValue(cookies) {
			return nil, "", errors.New("a cookie is not valid")
		}
		set("Cookie", cookies)
	}
	if !validHost(host) {
		return nil, "", errors.New("the host is not valid")
	}
	return header, host, nil
}

// content returns the bytes of the body.
func (q request) content() ([]byte, error) {
	if !q.base64 {
		return []byte(q.body), nil
	}
	body, err := base64.StdEncoding.DecodeString(q.body)
	if err != nil {
		return nil, errors.New("the body is not valid base64")
	}
	return body, nil
}

// setLength makes the Content-Length header true: a front that undoes a content
// or transfer encoding may leave the old one.
func setLength(header http.Header, n int) {
	length := strconv.Itoa(n)
	if is := header["Content-Length"]; len(is) != 1 || is[0] != length {
		header["Content-Length"] = []string{length}
	}
}

// requestBody is a body that is wholly in memory.
type requestBody struct {
	bytes.Reader
	closed bool
}

var _ io.WriterTo = (*requestBody)(nil)

// Read fails after Close, as that of net/http does.
func (b *requestBody) Read(p []byte) (int, error) {
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.Reader.Read(p)
}

// WriteTo fails after Close.
func (b *requestBody) WriteTo(w io.Writer) (int64, error) {
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.Reader.WriteTo(w)
}

// Close ends the body.
func (b *requestBody) Close() error {
	b.closed = true
	return nil
}
