package http1

import (
	"bytes"
	"encoding/binary"
)

// Span is a place in the bytes that were parsed.
type Span struct{ Start, End uint32 }

// Of returns the bytes at the place.
func (s Span) Of(b []byte) []byte { return b[s.Start:s.End] }

// Len returns how many bytes that is.
func (s Span) Len() int { return int(s.End - s.Start) }

// Field is a header field: where its name and its value, without the space
// around it, stand.
type Field struct {
	Name, Value Span
	ID          ID
}

// ID is a field name that a proxy has to know; Other is all the rest.
type ID uint8

// The names that are known, whatever case they are written in.
const (
	Other ID = iota
	Accept
	Connection
	ContentLength
	ContentLocation
	ContentType
	Cookie
	Date
	Expect
	Forwarded
	Host
	HTTP2Settings
	KeepAlive
	Link
	Location
	ProxyAuthenticate
	ProxyAuthorization
	ProxyConnection
	Refresh
	RetryAfter
	SetCookie
	TE
	Traceparent
	Tracestate
	Trailer
	TransferEncoding
	Upgrade
	UserAgent
	XForwardedFor
	XForwardedHost
	XForwardedProto
	XRealIP
)

type known struct {
	name string
	id   ID
}

// byLength lists the names by how long they are: hardly any two share a length
// and a first letter.
var byLength = func() (lists [32][]known) {
	for _, k := range []known{
		{"accept", Accept}, {"connection", Connection}, {"content-length", ContentLength}, {"content-location", ContentLocation},
		{"content-type", ContentType}, {"cookie", Cookie}, {"date", Date}, {"expect", Expect}, {"forwarded", Forwarded},
		{"host", Host}, {"http2-settings", HTTP2Settings}, {"keep-alive", KeepAlive}, {"link", Link}, {"location", Location},
		{"proxy-authenticate", ProxyAuthenticate}, {"proxy-authorization", ProxyAuthorization}, {"proxy-connection", ProxyConnection},
		{"refresh", Refresh}, {"retry-after", RetryAfter}, {"set-cookie", SetCookie}, {"te", TE}, {"traceparent", Traceparent},
		{"tracestate", Tracestate}, {"trailer", Trailer}, {"transfer-encoding", TransferEncoding}, {"upgrade", Upgrade},
		{"user-agent", UserAgent}, {"x-forwarded-for", XForwardedFor}, {"x-forwarded-host", XForwardedHost},
		{"x-forwarded-proto", XForwardedProto}, {"x-real-ip", XRealIP},
	} {
		lists[len(k.name)] = append(lists[len(k.name)], k)
	}
	return lists
}()

// IDOf returns the ID of a field name.
func IDOf(name []byte) ID {
	if len(name) == 0 || len(name) >= len(byLength) {
		return Other
	}
	first := name[0] | 0x20
	for _, k := range byLength[len(name)] {
		if k.name[0] == first && EqualFold(name, k.name) {
			return k.id
		}
	}
	return Other
}

// EqualFold reports whether name is lower, which has no capitals, in any case.
func EqualFold(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i := range len(lower) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// What a byte may be part of.
const (
	inToken   = 1 << iota // a name or a method (RFC 9110 §5.6.2)
	inValue               // a field's value: no control byte but the tab
	inTarget              // a request target: no space and no control byte
	lenient               // a value in an answer: neither NUL nor an end of line
	inName                // a host's name
	inAddress             // an address in brackets
)

var kinds = func() (kinds [256]uint8) {
	for i := range kinds {
		c := byte(i)
		if c >= 0x20 && c != 0x7f || c == '\t' {
			kinds[c] |= inValue
		}
		if c > 0x20 && c != 0x7f {
			kinds[c] |= inTarget
		}
		alphanumeric := 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
		if alphanumeric || bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) >= 0 {
			kinds[c] |= inToken
		}
		if alphanumeric || bytes.IndexByte([]byte("-._~%!$&'()*+;="), c) >= 0 {
			kinds[c] |= inName
		}
		if _, hex := hexDigit(c); hex || c == ':' || c == '.' {
			kinds[c] |= inAddress
		}
	}
	return kinds
}()

// all reports whether every byte of b is of the kind.
func all(b []byte, kind uint8) bool {
	for _, c := range b {
		if kinds[c]&kind == 0 {
			return false
		}
	}
	return true
}

// Eight bytes at a time.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// validValue reports whether b has no control byte but the tab. Nearly every
// value has none at all, which can be seen of eight bytes at once: subtracting
// 0x20 from each borrows where one is less, and what differs from 0x7f in no bit
// borrows when 1 is subtracted.
func validValue(b []byte) bool {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		del := x ^ 0x7f*ones
		if ((x-0x20*ones)&^x|(del-ones)&^del)&highs != 0 && !all(b[i:i+8], inValue) {
			return false
		}
	}
	return all(b[i:], inValue)
}

// line finds the line that begins at from; end is where its CRLF stands.
func line(b []byte, from int) (end int, err error) {
	n := bytes.IndexByte(b[from:], '\n')
	if n < 0 {
		return 0, ErrIncomplete
	}
	end = from + n - 1
	if end < from || b[end] != '\r' {
		return 0, ErrLineEnd
	}
	return end, nil
}

// parseField reads the field in b[from:end].
func parseField(b []byte, from, end int) (Field, error) {
	if b[from] == ' ' || b[from] == '\t' {
		return Field{}, ErrFold
	}
	colon := from
	for colon < end && kinds[b[colon]]&inToken != 0 {
		colon++
	}
	if colon == from || colon == end || b[colon] != ':' {
		return Field{}, ErrFieldName
	}
	start := colon + 1
	for start < end && (b[start] == ' ' || b[start] == '\t') {
		start++
	}
	for end > start && (b[end-1] == ' ' || b[end-1] == '\t') {
		end--
	}
	if !validValue(b[start:end]) {
		return Field{}, ErrValue
	}
	return Field{Span{uint32(from), uint32(colon)}, Span{uint32(start), uint32(end)}, IDOf(b[from:colon])}, nil
}
