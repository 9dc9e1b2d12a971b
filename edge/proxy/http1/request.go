package http1

import "bytes"

// Request is the head of a request.
type Request struct {
	Head
	Method, Target Span
	Query          uint32 // where the target's ? stands, or its end
	Expects        bool   // Expect: 100-continue, or anything else in Expect
	skipped        bool   // an empty line before the request
}

// Reset makes the request ready for another one.
func (r *Request) Reset() {
	r.reset()
	r.Expects, r.skipped = false, false
}

// Parse reads a head of at most max fields, which begins where b does, and
// returns its length. After ErrIncomplete it is called again with the same
// bytes and more after them; they may have moved.
func (r *Request) Parse(b []byte, max int) (int, error) {
	if !r.started {
		if err := r.requestLine(b); err != nil {
			return 0, err
		}
	}
	n, err := r.fields(b, max)
	if err != nil {
		return 0, err
	}
	if err := r.framing(); err != nil {
		return 0, err
	}
	return n, r.judge(b)
}

// requestLine reads the first line. One empty line before it is passed over,
// as §2.2 asks.
func (r *Request) requestLine(b []byte) error {
	if !r.skipped && len(b) >= 2 && b[0] == '\r' && b[1] == '\n' {
		r.skipped, r.next = true, 2
	}
	from := r.next
	end, err := line(b, from)
	if err != nil {
		if len(b) > from && b[from] != '\r' && kinds[b[from]]&inToken == 0 {
			return ErrStartLine // TLS on a plain port, say: do not wait for more of it
		}
		return err
	}
	text := b[from:end]
	method := bytes.IndexByte(text, ' ')
	if method <= 0 || !all(text[:method], inToken) {
		return ErrStartLine
	}
	last := bytes.LastIndexByte(text, ' ')
	if last <= method {
		return ErrStartLine
	}
	if r.Minor, err = version(text[last+1:]); err != nil {
		return err
	}
	target := text[method+1 : last]
	if len(target) == 0 || !all(target, inTarget) {
		return ErrTarget
	}
	r.Method = Span{uint32(from), uint32(from + method)}
	r.Target = Span{uint32(from + method + 1), uint32(from + last)}
	r.Query = r.Target.End
	if at := bytes.IndexByte(target, '?'); at >= 0 {
		r.Query = r.Target.Start + uint32(at)
	}
	r.started, r.next = true, end+2
	return nil
}

// judge refuses what a head may not say, though each line of it is well formed.
func (r *Request) judge(b []byte) error {
	target, method := r.Target.Of(b), r.Method.Of(b)
	if target[0] != '/' && (string(target) != "*" || string(method) != "OPTIONS") || string(method) == "CONNECT" {
		return ErrTarget
	}
	host, found := r.Lookup(b, Host)
	if !found && r.Minor > 0 || !validHost(host) {
		return ErrHost
	}
	_, r.Expects = r.Lookup(b, Expect)
	return nil
}

// Writable reports whether a request that came another way, by HTTP/2 for one, can
// be written as HTTP/1.1 and be read again as the same: whether Parse would take
// its method, its target and its host. HTTP/2 frames them by length, so that they
// can hold a space or a line end.
func Writable(method, target, host string) bool {
	return method != "" && all([]byte(method), inToken) && target != "" && all([]byte(target), inTarget) && validHost([]byte(host))
}

// Upgrades reports whether the request asks for another protocol.
func (r *Request) Upgrades(b []byte) bool {
	if !r.upgrades || r.Minor == 0 {
		return false
	}
	_, named := r.Lookup(b, Upgrade)
	return named
}

// HasBody reports whether a body follows the head.
func (r *Request) HasBody() bool { return r.Chunked || r.Length > 0 }

// validHost reports whether a value is a host, with or without a port: a name
// or an address of the characters of RFC 3986 §3.2.2, without the comma, which
// makes a list of it for some. The empty value is one, and so is a name with an
// underscore.
func validHost(value []byte) bool {
	if len(value) > 0 && value[0] == '[' {
		end := bytes.IndexByte(value, ']')
		return end > 1 && all(value[1:end], inAddress) && validPort(value[end+1:])
	}
	end := bytes.IndexByte(value, ':')
	if end < 0 {
		end = len(value)
	}
	return all(value[:end], inName) && validPort(value[end:])
}

// validPort reports whether text is empty, or a colon and a port, or nothing
// behind it.
func validPort(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	port := 0
	for _, c := range text[1:] {
		if c < '0' || c > '9' || port > 6553 {
			return false
		}
		port = port*10 + int(c-'0')
	}
	return text[0] == ':' && port <= 65535
}
