package http1

// Response is the head of an answer.
type Response struct {
	Head
	Status int
	Reason Span
}

// Reset makes the answer ready for another one.
func (r *Response) Reset() {
	r.reset()
	r.Status, r.Reason = 0, Span{}
}

// Parse reads a head of at most max fields, as Request.Parse does.
func (r *Response) Parse(b []byte, max int) (int, error) {
	if !r.started {
		if err := r.statusLine(b); err != nil {
			return 0, err
		}
	}
	n, err := r.fields(b, max)
	if err != nil {
		return 0, err
	}
	return n, r.framing()
}

// statusLine reads the first line. The space before an absent reason may be
// absent too: many servers leave it out, and nobody can misread that.
func (r *Response) statusLine(b []byte) error {
	end, err := line(b, 0)
	if err != nil {
		if len(b) > 0 && b[0] != 'H' {
			return ErrStartLine // do not wait for the end of what is no HTTP
		}
		return err
	}
	text := b[:end]
	if len(text) < 12 || text[8] != ' ' || len(text) > 12 && text[12] != ' ' {
		return ErrStartLine
	}
	if r.Minor, err = version(text[:8]); err != nil {
		return err
	}
	for _, c := range text[9:12] {
		if c < '0' || c > '9' {
			return ErrStartLine
		}
		r.Status = r.Status*10 + int(c-'0')
	}
	if r.Status < 100 || !all(text[12:], inValue) {
		return ErrStartLine
	}
	r.Reason = Span{uint32(min(13, end)), uint32(end)}
	r.started, r.next = true, end+2
	return nil
}

// Bodiless reports whether no body follows the head, whatever its fields say:
// an answer to HEAD, an interim one, 204 and 304 (§6.3).
func (r *Response) Bodiless(toHead bool) bool {
	return toHead || r.Status < 200 || r.Status == 204 || r.Status == 304
}

// UntilClose reports whether the body ends with the connection.
func (r *Response) UntilClose(toHead bool) bool {
	return !r.Bodiless(toHead) && !r.Chunked && r.Length < 0
}
