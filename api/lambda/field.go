package lambda

import (
	"net/textproto"
	"strings"
)

// validToken reports whether s is a token of RFC 9110 §5.6.2: a method or the
// name of a header.
func validToken(s string) bool {
	for _, c := range []byte(s) {
		if !tokenBytes[c] {
			return false
		}
	}
	return s != ""
}

// validValue reports whether s holds no control character but tabs.
func validValue(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// validHost reports whether s has only the characters of a host and a port.
func validHost(s string) bool {
	for _, c := range []byte(s) {
		if !hostBytes[c] {
			return false
		}
	}
	return true
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

var (
	tokenBytes = bytesOf(alphanumeric + "!#$%&'*+-.^_`|~")
	hostBytes  = bytesOf(alphanumeric + "!$%&'()*+,-.:;=[]_~")
	// pathBytes mean themselves in a path.
	pathBytes = bytesOf(alphanumeric + "!$&'()*+,-./:;=@[]_~")
)

func bytesOf(s string) (set [256]bool) {
	for _, c := range []byte(s) {
		set[c] = true
	}
	return set
}

// canonicalName is http.CanonicalHeaderKey for a valid name, without its cost
// for the lower-case names of payload 2.0.
func canonicalName(name string) string {
	if canonical, ok := canonicalNames[name]; ok {
		return canonical
	}
	return textproto.CanonicalMIMEHeaderKey(name)
}

var canonicalNames = func() map[string]string {
	names := make(map[string]string)
	for name := range strings.FieldsSeq(`Accept Accept-Encoding Accept-Language Authorization
		Cache-Control Content-Length Content-Type Cookie Forwarded Host Idempotency-Key If-Match
		If-Modified-Since If-None-Match If-Range Origin Pragma Priority Range Referer
		Sec-Ch-Ua Sec-Ch-Ua-Mobile Sec-Ch-Ua-Platform Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site
		Sec-Fetch-User Traceparent Tracestate Upgrade-Insecure-Requests User-Agent Via
		X-Amz-Cf-Id X-Amzn-Trace-Id X-Banyan-Arm X-Banyan-Epoch X-Forwarded-For
		X-Forwarded-Host X-Forwarded-Port X-Forwarded-Proto`) {
		names[strings.ToLower(name)] = name
	}
	return names
}()
