package lambda

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// Why an answer cannot be given.
var (
	errTooBig = errors.New("the response is too big for Lambda")
	errShort  = errors.New("the handler wrote less than the Content-Length it declared")
)

// sniffBytes is how much of a body http.DetectContentType looks at.
const sniffBytes = 512

// writer is the http.ResponseWriter of a handler. It keeps the rules of
// net/http's: the first WriteHeader counts, the header is what it was then, and
// what a status forbids is not written. It holds the answer until the handler
// returns, so flushing sends nothing; it only fixes, as in net/http, what the
// content type can be told from.
type writer struct {
	request *http.Request
	header  http.Header
	limit   int

	status   int     // 0 before WriteHeader
	sent     []field // the header as it stood at WriteHeader
	declared int64   // the Content-Length that the handler set, or -1
	body     []byte
	written  int64
	tooBig   bool
	flushed  int // how much of the body the first flush sent, or -1
	replaced *response
}

func newWriter(r *http.Request, limit int) *writer {
	return &writer{request: r, header: make(http.Header, 4), limit: limit, declared: -1, flushed: -1}
}

// Header returns the header to set before WriteHeader.
func (w *writer) Header() http.Header { return w.header }

// WriteHeader fixes status and header. Like net/http it panics on a status that
// cannot be, and drops the informational ones, for which an event has no room.
func (w *writer) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status))
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	w.status = status
	w.sent = sentHeader(w.header)
	if length, ok := w.field("Content-Length"); ok {
		if n, err := strconv.ParseInt(length, 10, 64); err == nil && n >= 0 {
			w.declared = n
		} else {
			w.drop("Content-Length")
		}
	}
}

// Write keeps p as a part of the body.
func (w *writer) Write(p []byte) (int, error) {
	keep, err := w.admit(len(p))
	if err != nil {
		return 0, err
	}
	if keep {
		w.body = append(w.body, p...)
	}
	return len(p), nil
}

// WriteString is Write without a copy.
func (w *writer) WriteString(s string) (int, error) {
	keep, err := w.admit(len(s))
	if err != nil {
		return 0, err
	}
	if keep {
		w.body = append(w.body, s...)
	}
	return len(s), nil
}

// admit reports whether n bytes more belong into the body.
func (w *writer) admit(n int) (keep bool, err error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if n == 0 {
		return false, nil
	}
	if !bodyAllowed(w.status) {
		return false, http.ErrBodyNotAllowed
	}
	w.written += int64(n)
	if w.declared >= 0 && w.written > w.declared {
		return false, http.ErrContentLength
	}
	// What is too big is refused in the end; it need not fill the memory first.
	w.tooBig = w.tooBig || len(w.body)+n > w.limit
	return !w.tooBig, nil
}

// Flush fixes the header, as a flush in net/http does.
func (w *writer) Flush() { _ = w.FlushError() }

// FlushError is Flush for an http.ResponseController.
func (w *writer) FlushError() error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.flushed < 0 {
		w.flushed = len(w.body)
	}
	return nil
}

// SetReadDeadline does nothing: the body is there already.
func (w *writer) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: nothing is written before the handler returns.
func (w *writer) SetWriteDeadline(time.Time) error { return nil }

// EnableFullDuplex does nothing: the body can always be read.
func (w *writer) EnableFullDuplex() error { return nil }

// CloseNotify is here for old handlers that ask for it unasked. Lambda does not
// tell that a shopper has gone.
func (w *writer) CloseNotify() <-chan bool { return make(chan bool) }

var _ http.Flusher = (*writer)(nil)

// replace puts an answer in the place of whatever the handler wrote.
func (w *writer) replace(r *response) { w.replaced = r }

// finish returns the answer, after the handler has returned.
func (w *writer) finish() (*response, error) {
	if w.replaced != nil {
		return w.replaced, nil
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	head := w.request.Method == http.MethodHead
	switch {
	case head: // the body was never to be sent
	case w.tooBig:
		return nil, fmt.Errorf("%w: %d bytes", errTooBig, w.written)
	case w.declared > int64(len(w.body)) && bodyAllowed(w.status):
		return nil, fmt.Errorf("%w: %d of %d bytes", errShort, len(w.body), w.declared)
	}
	w.complete(head)
	encoding, _ := w.field("Content-Encoding")
	return &response{status: w.status, header: w.sent, body: w.body, binary: encoding != "" && encoding != "identity"}, nil
}

// complete adds to the header what net/http adds, and takes what it takes.
func (w *writer) complete(head bool) {
	if !bodyAllowed(w.status) {
		w.drop("Content-Length")
		if w.status == http.StatusNotModified {
			w.drop("Content-Type")
		}
		return
	}
	_, typed := w.header["Content-Type"] // present but empty forbids sniffing
	_, told := w.field("Content-Type")
	encoding, _ := w.field("Content-Encoding")
	if sniff := w.sniffable(); !typed && !told && encoding == "" && len(sniff) > 0 {
		w.add("Content-Type", http.DetectContentType(sniff))
	}
	if w.declared < 0 && (!head || w.written > 0) {
		w.add("Content-Length", strconv.FormatInt(w.written, 10))
	}
}

// sniffable is the part of the body that net/http would have had in hand when
// it sent the header.
func (w *writer) sniffable() []byte {
	n := min(len(w.body), sniffBytes)
	if w.flushed >= 0 {
		n = min(n, w.flushed)
	}
	return w.body[:n]
}

func (w *writer) field(name string) (value string, ok bool) {
	for _, f := range w.sent {
		if f.name == name && len(f.values) > 0 {
			return f.values[0], true
		}
	}
	return "", false
}

func (w *writer) add(name, value string) {
	w.sent = append(w.sent, field{name, []string{value}})
}

func (w *writer) drop(name string) {
	for i, f := range w.sent {
		if f.name == name {
			w.sent = append(w.sent[:i], w.sent[i+1:]...)
			return
		}
	}
}

// sentHeader copies a header as it goes out: names that are none are left out,
// line breaks in values become spaces, and what concerns only one connection
// stays behind.
func sentHeader(header http.Header) []field {
	n := 0
	for _, values := range header {
		n += len(values)
	}
	all := make([]string, 0, n)
	sent := make([]field, 0, len(header)+2)
	respelt := false
	for key, values := range header {
		name := textproto.CanonicalMIMEHeaderKey(key)
		if !validToken(key) || hopByHop(name) || len(values) == 0 {
			continue
		}
		from := len(all)
		for _, value := range values {
			all = append(all, textproto.TrimString(oneLine.Replace(value)))
		}
		respelt = respelt || name != key
		sent = appendField(sent, field{name, all[from:len(all):len(all)]}, respelt)
	}
	return sent
}

// appendField appends f. Where a handler wrote a name in two spellings, the
// values are put together.
func appendField(sent []field, f field, respelt bool) []field {
	for i := range sent {
		if respelt && sent[i].name == f.name {
			sent[i].values = append(sent[i].values, f.values...)
			return sent
		}
	}
	return append(sent, f)
}

var oneLine = strings.NewReplacer("\n", " ", "\r", " ")

// hopByHop reports whether a header concerns one connection only (RFC 9110
// §7.6.1); an event has none.
func hopByHop(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
