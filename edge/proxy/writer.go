package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

// writer is the http.ResponseWriter of a request that is served by hand. It
// writes as net/http's does: what is small is sent with its length, what grows
// or is flushed in chunks; what a handler says of framing and connection, other
// than a length, it says itself.
type writer struct {
	viewer  *viewer
	request *http.Request
	cancel  context.CancelFunc
	body    *viewerBody // nil where the request has none

	header   http.Header
	status   int
	sent     http.Header // as they were when the head was written
	trailers []string    // announced
	length   int64       // as the handler says; -1: it does not
	written  int64
	begun    bool // the head has been sent
	chunked  bool
	closes   bool // the connection ends behind the answer
	broken   error
	kept     []byte // of the body, before it is sent
	hijacked bool

	mu        sync.Mutex // an interim answer may be written while the body is read
	continued atomic.Bool
}

// keptBytes is how much of an answer is kept before it is sent.
const keptBytes = 4 << 10

var errTwoAnswers = errors.New("proxy: the connection is already somebody else's")

func newWriter(v *viewer, r *http.Request, cancel context.CancelFunc) *writer {
	w := &writer{viewer: v, request: r, cancel: cancel, header: http.Header{}, length: -1}
	w.closes = v.engine.draining.Load() || !v.req.Reusable()
	if v.req.HasBody() {
		w.body = newViewerBody(w)
		r.Body = w.body
	}
	return w
}

// serve has the proxy answer, and reports whether it broke off.
func (w *writer) serve(known given) (aborted bool) {
	defer func() {
		if panicked := recover(); panicked != nil {
			aborted = true
			if panicked != http.ErrAbortHandler {
				w.viewer.proxy.log.Error("request panicked", "panic", panicked)
			}
		}
	}()
	w.viewer.proxy.serve(w, w.request, known)
	return false
}

// Header returns the header to be sent.
func (w *writer) Header() http.Header { return w.header }

// EnableFullDuplex says that the body may be read while the answer is written,
// which is so in any case.
func (w *writer) EnableFullDuplex() error { return nil }

// SetReadDeadline sets how long the viewer may take for the body's next piece.
func (w *writer) SetReadDeadline(t time.Time) error { return w.viewer.conn.SetReadDeadline(t) }

// SetWriteDeadline sets how long the viewer may take for the next piece. It is
// set anew for each.
func (w *writer) SetWriteDeadline(t time.Time) error { return w.viewer.conn.SetWriteDeadline(t) }

// WriteHeader begins the answer, or sends an interim one.
func (w *writer) WriteHeader(status int) {
	switch {
	case w.status != 0 || w.hijacked:
		return
	case status == http.StatusContinue:
		w.continues()
		return
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		w.inform(status)
		return
	}
	w.status, w.sent = status, w.header.Clone()
	if lengths := w.sent["Content-Length"]; len(lengths) > 0 {
		if length, err := strconv.ParseInt(lengths[0], 10, 64); err == nil && length >= 0 {
			w.length = length
		}
	}
	for _, line := range w.sent["Trailer"] {
		for name := range announced([]string{line}) {
			if mayTrail([]byte(name)) {
				w.trailers = append(w.trailers, name)
			}
		}
	}
	w.closes = w.closes || hasToken(w.sent["Connection"], "close")
}

// inform sends an interim answer.
func (w *writer) inform(status int) {
	if w.request.ProtoMinor == 0 {
		return
	}
	b := appendStatus(nil, 1, status)
	b = append(appendHeader(b, w.header, nil), "\r\n"...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail(w.viewer.write(b))
}

// continues tells the viewer to send the body, if it waits for that.
func (w *writer) continues() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.body == nil || !w.body.expected || w.begun || w.continued.Swap(true) {
		return
	}
	w.fail(w.viewer.write([]byte("HTTP/1.1 100 Continue\r\n\r\n")))
}

func (w *writer) fail(err error) {
	if err != nil && w.broken == nil {
		w.broken = err
		w.cancel()
	}
}

// bodiless reports whether no body may follow the head.
func (w *writer) bodiless() bool {
	return w.status < 200 || w.status == http.StatusNoContent || w.status == http.StatusNotModified
}

// Write sends a piece of the body.
func (w *writer) Write(piece []byte) (int, error) {
	if w.hijacked {
		return 0, http.ErrHijacked
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if len(piece) == 0 {
		return 0, w.broken
	}
	if w.bodiless() {
		return 0, http.ErrBodyNotAllowed
	}
	if w.written += int64(len(piece)); w.length >= 0 && w.written > w.length {
		return 0, http.ErrContentLength
	}
	if !w.begun && len(w.kept)+len(piece) <= keptBytes && (w.length < 0 || w.written < w.length) {
		w.kept = append(w.kept, piece...)
		return len(piece), w.broken
	}
	w.begin(piece, false)
	w.send(piece)
	if w.broken != nil {
		return 0, w.broken
	}
	return len(piece), nil
}

// send sends a piece, in a chunk where it has to be in one, behind what is kept.
func (w *writer) send(piece []byte) {
	if w.request.Method == http.MethodHead || w.broken != nil {
		return
	}
	if w.chunked && len(piece) > 0 {
		w.kept = append(strconv.AppendInt(w.kept, int64(len(piece)), 16), "\r\n"...)
		w.kept = append(append(w.kept, piece...), "\r\n"...)
	} else {
		w.kept = append(w.kept, piece...)
	}
	w.flush()
}

func (w *writer) flush() {
	if len(w.kept) > 0 && w.broken == nil {
		w.fail(w.viewer.write(w.kept))
	}
	w.kept = w.kept[:0]
}

// begin writes the head, and what was kept, where they are sent from. The
// answer is over with it, or not.
func (w *writer) begin(piece []byte, over bool) {
	if w.begun {
		return
	}
	w.mu.Lock()
	w.begun = true
	w.mu.Unlock()
	body := w.kept
	w.kept = make([]byte, 0, 512+len(body)+len(piece))
	w.appendHead(body, piece, over)
	if w.request.Method == http.MethodHead {
		return
	}
	if w.chunked && len(body) > 0 {
		w.kept = append(strconv.AppendInt(w.kept, int64(len(body)), 16), "\r\n"...)
		w.kept = append(append(w.kept, body...), "\r\n"...)
	} else {
		w.kept = append(w.kept, body...)
	}
}

// appendHead writes the head.
func (w *writer) appendHead(body, piece []byte, over bool) {
	minor, isHead := w.request.ProtoMinor, w.request.Method == http.MethodHead
	w.frame(over, isHead)
	if _, typed := w.sent["Content-Type"]; !typed && !w.bodiless() && len(body)+len(piece) > 0 && w.sent.Get("Content-Encoding") == "" {
		sample := append(bytes.Clone(body), piece[:min(len(piece), 512)]...)
		w.sent["Content-Type"] = []string{http.DetectContentType(sample)}
	}
	if _, dated := w.sent["Date"]; !dated {
		w.sent["Date"] = []string{string(w.viewer.proxy.dates.append(nil, time.Now()))}
	}
	b := appendStatus(w.kept, minor, w.status)
	b = appendHeader(b, w.sent, w.framing)
	switch {
	case w.chunked:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case w.length >= 0 && w.status != http.StatusNoContent && w.status >= 200:
		b = strconv.AppendInt(append(b, "Content-Length: "...), w.length, 10)
		b = append(b, "\r\n"...)
	}
	switch {
	case w.closes && minor > 0:
		b = append(b, "Connection: close\r\n"...)
	case !w.closes && minor == 0:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	if w.chunked && len(w.trailers) > 0 {
		b = append(append(append(b, "Trailer: "...), strings.Join(w.trailers, ", ")...), "\r\n"...)
	}
	w.kept = append(b, "\r\n"...)
}

// frame decides how the body's end is known.
func (w *writer) frame(over, isHead bool) {
	switch {
	case w.bodiless() || w.length >= 0:
	case over && len(w.trailers) == 0 && (!isHead || w.written > 0):
		w.length = w.written
	case isHead:
	case w.request.ProtoMinor > 0:
		w.chunked = true
	default:
		w.closes = true
	}
	if w.body != nil && !w.body.over() && !w.body.welcome() {
		w.closes = true // the body will not come, or is not wanted
	}
}

// framing are the fields that the writer writes itself.
func (w *writer) framing(name string) bool {
	switch name {
	case "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Keep-Alive", "Proxy-Connection":
		return true
	}
	return strings.HasPrefix(name, http.TrailerPrefix)
}

// Flush sends what is kept.
func (w *writer) Flush() { _ = w.FlushError() }

// FlushError sends what is kept, and says whether it went.
func (w *writer) FlushError() error {
	if w.hijacked {
		return http.ErrHijacked
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.begin(nil, false)
	w.flush()
	return w.broken
}

// Hijack hands the connection over.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.hijacked || w.begun {
		return nil, nil, errTwoAnswers
	}
	v := w.viewer
	w.hijacked = true
	v.stopWatch()
	_ = v.conn.SetDeadline(time.Time{})
	early := bytes.Clone(v.buf[v.r:v.w])
	v.giveBack()
	reader := bufio.NewReaderSize(&prefixed{v.conn, early}, max(len(early), 4<<10))
	_, _ = reader.Peek(len(early))
	return v.conn, bufio.NewReadWriter(reader, bufio.NewWriter(v.conn)), nil
}

// prefixed reads what was read before, and then on.
type prefixed struct {
	net.Conn
	early []byte
}

// Read reads.
func (p *prefixed) Read(piece []byte) (int, error) {
	if len(p.early) == 0 {
		return p.Conn.Read(piece)
	}
	n := copy(piece, p.early)
	p.early = p.early[n:]
	return n, nil
}

// end ends the answer, and says what becomes of the connection.
func (w *writer) end(aborted bool) verdict {
	v := w.viewer
	if aborted {
		w.finishBody()
		return hangUp
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.begin(nil, true)
	if w.chunked && w.request.Method != http.MethodHead {
		w.kept = append(w.kept, "0\r\n"...)
		w.kept = append(w.appendTrailers(w.kept), "\r\n"...)
	}
	w.flush()
	short := w.length >= 0 && w.written < w.length && w.request.Method != http.MethodHead && !w.bodiless()
	whole := w.finishBody()
	switch {
	case w.broken != nil, short:
		return hangUp
	case w.closes, !whole:
		v.served = true
		return linger
	}
	return readOn
}

// finishBody ends the request's body, and the watch.
func (w *writer) finishBody() bool {
	whole := w.body == nil || w.body.finish()
	return w.viewer.stopWatch() && whole
}

// appendTrailers writes what follows the body.
func (w *writer) appendTrailers(b []byte) []byte {
	late := http.Header{}
	for name, values := range w.header {
		if plain, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			late[plain] = values
		} else if slices.Contains(w.trailers, name) {
			late[name] = values
		}
	}
	return appendHeader(b, late, func(name string) bool { return !mayTrail([]byte(name)) })
}

func appendStatus(b []byte, minor, status int) []byte {
	b = strconv.AppendInt(appendVersion(b, uint8(minor)), int64(status), 10)
	text := http.StatusText(status)
	if text == "" {
		text = "status code " + strconv.Itoa(status)
	}
	return append(append(append(b, ' '), text...), "\r\n"...)
}

// appendHeader writes fields in the order of their names. What cannot be
// written as a field is left out.
func appendHeader(b []byte, header http.Header, skip func(string) bool) []byte {
	names := make([]string, 0, len(header))
	for name := range header {
		if skip == nil || !skip(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if !httpguts.ValidHeaderFieldName(name) {
			continue
		}
		for _, value := range header[name] {
			b = append(append(b, name...), ": "...)
			b = append(append(b, oneLine.Replace(strings.Trim(value, " \t"))...), "\r\n"...)
		}
	}
	return b
}

var oneLine = strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ")

// hasToken reports whether a list has an element.
func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(element), token) {
				return true
			}
		}
	}
	return false
}
