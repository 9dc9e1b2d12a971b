package http1

import "bytes"

// Limits of a chunked body's framing: a line that says a size, all that is
// spent on framing beyond 16 bytes a chunk and its data's own length, and what
// follows the last chunk.
const (
	chunkLineBytes = 256
	chunkExcess    = 16 << 10
	TrailerBytes   = 8 << 10
	trailerFields  = 64
)

// Trailers are the fields after a chunked body, each with its name as written.
type Trailers []struct{ Name, Value string }

// Chunks reads a chunked body (§7.1). The zero value is at its beginning.
type Chunks struct {
	Trailers Trailers
	left     int64 // of the chunk's data
	excess   int64
	spent    int // on trailers
	state    chunkState
}

type chunkState uint8

const (
	atSize chunkState = iota
	inData
	atDataEnd
	inTrailers
	ended
)

// Done reports whether the body has come to its end, trailers and all.
func (c *Chunks) Done() bool { return c.state == ended }

// Scan reads on in b, and returns how many bytes it has used up and which of
// them are data, at most so many. It uses up none where it needs more to go on,
// and is then called with the same bytes and more.
func (c *Chunks) Scan(b []byte, most int) (used int, data []byte, err error) {
	for {
		switch c.state {
		case inData:
			n := int(min(c.left, int64(len(b)-used), int64(most)))
			if n == 0 {
				return used, nil, nil
			}
			if c.left -= int64(n); c.left == 0 {
				c.state = atDataEnd
			}
			return used + n, b[used : used+n], nil
		case atDataEnd:
			rest := b[used:]
			if len(rest) > 0 && rest[0] != '\r' || len(rest) > 1 && rest[1] != '\n' {
				return used, nil, ErrChunk
			}
			if len(rest) < 2 {
				return used, nil, nil
			}
			used += 2
			c.state = atSize
		case ended:
			return used, nil, nil
		default:
			n, err := c.line(b[used:])
			if n == 0 || err != nil {
				return used, nil, err
			}
			used += n
		}
	}
}

// line reads a size or a trailer, and returns how many bytes it used up; none
// where the line is not complete.
func (c *Chunks) line(b []byte) (int, error) {
	limit := chunkLineBytes
	if c.state == inTrailers {
		limit = TrailerBytes - c.spent
	}
	end, err := line(b, 0)
	switch {
	case err == ErrIncomplete && len(b) <= limit:
		return 0, nil
	case err == ErrIncomplete || err == nil && end > limit:
		return 0, ErrChunk
	case err != nil:
		return 0, err
	}
	if c.state == inTrailers {
		return end + 2, c.trailer(b, end)
	}
	return end + 2, c.size(b[:end])
}

// size reads the line before a chunk: hexadecimal digits, and extensions,
// which are read over: they concern this connection only.
func (c *Chunks) size(text []byte) error {
	digits := 0
	var size int64
	for ; digits < len(text); digits++ {
		value, ok := hexDigit(text[digits])
		if !ok {
			break
		}
		size = size<<4 | int64(value)
	}
	if digits == 0 || digits > 15 || !validExtensions(text[digits:]) {
		return ErrChunk
	}
	// Bytes of framing that carry next to nothing only cost who reads them.
	c.excess = max(c.excess+int64(len(text))+2-16-2*size, 0)
	if c.excess > chunkExcess {
		return ErrChunk
	}
	c.left, c.state = size, inData
	if size == 0 {
		c.state = inTrailers
	}
	return nil
}

// validExtensions reports whether text is empty or a list of ;name and
// ;name=value, a value being a token or in quotes.
func validExtensions(text []byte) bool {
	for len(text) > 0 {
		if text[0] != ';' {
			return false
		}
		text = trimSpace(text[1:])
		name := tokenLength(text)
		if name == 0 {
			return false
		}
		if text = trimSpace(text[name:]); len(text) == 0 || text[0] != '=' {
			continue
		}
		text = trimSpace(text[1:])
		value := max(tokenLength(text), quotedLength(text))
		if value == 0 {
			return false
		}
		text = trimSpace(text[value:])
	}
	return true
}

func trimSpace(text []byte) []byte { return bytes.TrimLeft(text, " \t") }

// tokenLength returns how long the token is that text begins with.
func tokenLength(text []byte) (n int) {
	for n < len(text) && kinds[text[n]]&inToken != 0 {
		n++
	}
	return n
}

// quotedLength returns how long the quoted string is that text begins with.
func quotedLength(text []byte) int {
	if len(text) == 0 || text[0] != '"' {
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case kinds[c]&inValue == 0:
			return 0
		case c == '\\':
			i++
		}
	}
	return 0
}

// trailer reads a line after the last chunk; an empty one ends the body.
func (c *Chunks) trailer(b []byte, end int) error {
	if end == 0 {
		c.state = ended
		return nil
	}
	f, err := parseField(b, 0, end)
	if err != nil {
		return err
	}
	if c.spent += end + 2; len(c.Trailers) == trailerFields {
		return ErrTooMany
	}
	c.Trailers = append(c.Trailers, struct{ Name, Value string }{string(f.Name.Of(b)), string(f.Value.Of(b))})
	return nil
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
