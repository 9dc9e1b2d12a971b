package replay

import (
	"net/http"
	"net/textproto"
	"strings"
)

// Answer is what legacy answered.
type Answer struct {
	Status int
	Header http.Header // end to end
	Body   []byte
	Cut    bool // the body was too large to be kept
}

// hopByHop are the headers that concern one connection (RFC 9110 §7.6.1).
var hopByHop = [...]string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// endToEnd removes what concerns one connection only.
func endToEnd(header http.Header) {
	for _, line := range header["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			header.Del(textproto.TrimString(name))
		}
	}
	for _, name := range hopByHop {
		delete(header, name)
	}
}

// writeTo gives the answer to a shopper as legacy gave it.
func (a *Answer) writeTo(w http.ResponseWriter) {
	header := w.Header()
	for name, values := range a.Header {
		header[name] = append([]string(nil), values...)
	}
	if _, typed := a.Header["Content-Type"]; !typed {
		header["Content-Type"] = nil // or the server would guess one
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // a shopper who hung up is told by the page to follow
}

// accepted reports whether legacy took the request.
func (a *Answer) accepted() bool { return a.Status < http.StatusBadRequest }

// later reports whether legacy said to come again.
func (a *Answer) later() bool {
	switch a.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return false
}

// fromGateway reports whether something before legacy answered, while legacy
// itself may still be at work.
func (a *Answer) fromGateway() bool {
	return a.Status == http.StatusBadGateway || a.Status == http.StatusGatewayTimeout
}

// failed reports whether legacy answered that it failed by itself. An answer
// that was lost is none, nor is one that says that legacy is away.
func (a *Answer) failed() bool {
	return a != nil && a.Status >= http.StatusInternalServerError && !a.fromGateway() && a.Status != http.StatusServiceUnavailable
}
