package http1

import (
	"bytes"
)

// MaxHead is the most bytes that a head can be parsed of.
const MaxHead = 1 << 24

// Head is what requests and answers have in common: fields, and how the body
// is framed. Its places are in the bytes last given to Parse.
type Head struct {
	Fields []Field
	Minor  uint8 // of the version, HTTP/1.Minor
	// Length is the Content-Length, or -1 where there is none.
	Length  int64
	Chunked bool // the body is chunked
	Close   bool // Connection says that it ends here
	Keep    bool // Connection says keep-alive, which HTTP/1.0 has to ask for

	next     int   // where the next line begins
	started  bool  // the first line is read
	codings  uint8 // Transfer-Encoding fields
	lengths  uint8 // Content-Length fields
	hosts    uint8
	upgrades bool // Connection says upgrade
	names    bool // Connection names fields
}

// reset makes the head ready for another message.
func (h *Head) reset() {
	*h = Head{Fields: h.Fields[:0], Length: -1}
}

// fields reads fields up to the empty line, at most max of them, and returns
// the length of the head.
func (h *Head) fields(b []byte, max int) (int, error) {
	for {
		end, err := line(b, h.next)
		if err != nil {
			return 0, err
		}
		if end == h.next {
			return end + 2, nil
		}
		if len(h.Fields) >= max {
			return 0, ErrTooMany
		}
		f, err := parseField(b, h.next, end)
		if err != nil {
			return 0, err
		}
		if f.ID != Other {
			if err := h.known(f, f.Value.Of(b)); err != nil {
				return 0, err
			}
		}
		h.Fields = append(h.Fields, f)
		h.next = end + 2
	}
}

// known takes note of a field that concerns framing or the connection.
func (h *Head) known(f Field, value []byte) error {
	switch f.ID {
	case ContentLength:
		if h.lengths++; h.lengths > 1 {
			return ErrLength
		}
		length, ok := parseLength(value)
		if !ok {
			return ErrLength
		}
		h.Length = length
	case TransferEncoding:
		if h.codings++; h.codings > 1 || !EqualFold(value, "chunked") {
			return ErrCoding
		}
		h.Chunked = true
	case Host:
		if h.hosts++; h.hosts > 1 {
			return ErrHost
		}
	case Connection:
		for option := range Elements(value) {
			switch {
			case EqualFold(option, "close"):
				h.Close = true
			case EqualFold(option, "keep-alive"):
				h.Keep = true
			case EqualFold(option, "upgrade"):
				h.upgrades = true
			default:
				h.names = true
			}
		}
	}
	return nil
}

// framing judges what the fields say together.
func (h *Head) framing() error {
	switch {
	case h.codings > 0 && h.lengths > 0:
		return ErrBoth
	case h.codings > 0 && h.Minor == 0:
		return ErrCoding
	}
	return nil
}

// Reusable reports whether the connection can carry another message, as far as
// the sender of this one says.
func (h *Head) Reusable() bool { return !h.Close && (h.Minor >= 1 || h.Keep) }

// Lookup returns the first field with this ID.
func (h *Head) Lookup(b []byte, id ID) ([]byte, bool) {
	for i := range h.Fields {
		if h.Fields[i].ID == id {
			return h.Fields[i].Value.Of(b), true
		}
	}
	return nil, false
}

// Named reports whether Connection names the field, which makes it one that
// concerns this connection only (RFC 9110 §7.6.1).
func (h *Head) Named(b, name []byte) bool {
	if !h.names {
		return false
	}
	for i := range h.Fields {
		if h.Fields[i].ID != Connection {
			continue
		}
		for option := range Elements(h.Fields[i].Value.Of(b)) {
			if bytes.EqualFold(option, name) {
				return true
			}
		}
	}
	return false
}

// Elements yields the elements of a list, without the space around them.
func Elements(value []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(value) > 0 {
			element := value
			if comma := bytes.IndexByte(value, ','); comma >= 0 {
				element, value = value[:comma], value[comma+1:]
			} else {
				value = nil
			}
			if element = bytes.Trim(element, " \t"); len(element) > 0 && !yield(element) {
				return
			}
		}
	}
}

// parseLength reads a Content-Length: decimal digits and nothing else, few
// enough that none can overflow.
func parseLength(value []byte) (int64, bool) {
	if len(value) == 0 || len(value) > 18 {
		return 0, false
	}
	var length int64
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
		length = length*10 + int64(c-'0')
	}
	return length, true
}

// ValidLength reports whether text is a Content-Length that Parse would take.
func ValidLength(text string) bool {
	_, ok := parseLength([]byte(text))
	return ok
}

// version reads HTTP/1.0 or HTTP/1.1.
func version(b []byte) (minor uint8, err error) {
	if len(b) != 8 || string(b[:5]) != "HTTP/" || b[6] != '.' || b[5] < '0' || b[5] > '9' || b[7] < '0' || b[7] > '9' {
		return 0, ErrStartLine
	}
	if b[5] != '1' || b[7] > '1' {
		return 0, ErrVersion
	}
	return b[7] - '0', nil
}
