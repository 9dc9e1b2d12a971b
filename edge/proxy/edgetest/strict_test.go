package edgetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// message is a request as an origin got it, read in the only way it can be.
type message struct {
	line     string
	fields   []field
	body     []byte // without its chunks' frames
	trailers []field
	chunked  bool
	whole    bool // false: more was to come
	size     int  // bytes on the wire
}

type field struct{ name, value string }

// errTwoWays says that bytes could be read otherwise by another reader.
var errTwoWays = errors.New("can be read in two ways")

// readStrict reads the messages that stand in bytes one after another. It
// admits only what every reader of HTTP/1.1 reads alike, which is less than
// RFC 9112 admits: lines end in CRLF, no line is folded, no byte is a control
// character, one plain length or one plain "chunked", no chunk extension.
func readStrict(raw []byte) (messages []message, err error) {
	for len(raw) > 0 {
		m, err := readMessage(raw)
		if err != nil {
			return messages, err
		}
		messages = append(messages, m)
		if !m.whole {
			break
		}
		raw = raw[m.size:]
	}
	return messages, nil
}

// cursor walks over bytes.
type cursor struct {
	raw []byte
	at  int
}

// errMore says that the bytes end too early.
var errMore = errors.New("more is to come")

// line returns the next line without its end.
func (c *cursor) line() (string, error) {
	end := bytes.IndexByte(c.raw[c.at:], '\n')
	if end < 0 {
		return "", errMore
	}
	text := string(c.raw[c.at : c.at+end])
	c.at += end + 1
	if !strings.HasSuffix(text, "\r") {
		return "", fmt.Errorf("%w: a line that ends in a bare LF: %q", errTwoWays, text)
	}
	text = text[:len(text)-1]
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return "", fmt.Errorf("%w: a control character in %q", errTwoWays, text)
		}
	}
	return text, nil
}

func readMessage(raw []byte) (m message, err error) {
	c := &cursor{raw: raw}
	defer func() {
		if m.size = c.at; errors.Is(err, errMore) {
			m.whole, err = false, nil
		}
	}()
	if m.line, err = c.line(); err != nil {
		return m, err
	}
	if err = checkRequestLine(m.line); err != nil {
		return m, err
	}
	if m.fields, err = c.fields(); err != nil {
		return m, err
	}
	length, err := m.frame()
	if err != nil {
		return m, err
	}
	if m.chunked {
		err = c.chunks(&m)
		m.whole = err == nil
		return m, err
	}
	if len(raw)-c.at < length {
		m.body = raw[c.at:]
		c.at = len(raw)
		return m, errMore
	}
	m.body = raw[c.at : c.at+length]
	c.at += length
	m.whole = true
	return m, nil
}

func checkRequestLine(line string) error {
	parts := strings.Split(line, " ")
	if len(parts) != 3 || parts[1] == "" || parts[2] != "HTTP/1.1" || !token(parts[0]) || strings.Contains(line, "\t") {
		return fmt.Errorf("%w: the request line %q", errTwoWays, line)
	}
	return nil
}

// fields reads fields up to the empty line.
func (c *cursor) fields() (all []field, err error) {
	for {
		text, err := c.line()
		if err != nil || text == "" {
			return all, err
		}
		name, value, colon := strings.Cut(text, ":")
		if !colon || !token(name) {
			return all, fmt.Errorf("%w: the field line %q", errTwoWays, text)
		}
		all = append(all, field{name, strings.Trim(value, " \t")})
	}
}

// frame finds the body's length.
func (m *message) frame() (length int, err error) {
	seen := map[string]int{}
	for _, f := range m.fields {
		plain := plainName(f.name)
		switch plain {
		case "host", "content-length", "transfer-encoding":
			if seen[plain]++; strings.ToLower(f.name) != plain || seen[plain] > 1 {
				return 0, fmt.Errorf("%w: %s again, or disguised: %q", errTwoWays, plain, f.name)
			}
		}
		switch plain {
		case "content-length":
			if _, err := fmt.Sscanf(f.value, "%d", &length); err != nil || fmt.Sprint(length) != f.value || length < 0 {
				return 0, fmt.Errorf("%w: the length %q", errTwoWays, f.value)
			}
		case "transfer-encoding":
			if m.chunked = true; f.value != "chunked" {
				return 0, fmt.Errorf("%w: the encoding %q", errTwoWays, f.value)
			}
		}
	}
	switch {
	case seen["host"] != 1:
		return 0, fmt.Errorf("%w: %d hosts", errTwoWays, seen["host"])
	case seen["content-length"]+seen["transfer-encoding"] > 1:
		return 0, fmt.Errorf("%w: a length and an encoding", errTwoWays)
	}
	return length, nil
}

// plainName is a field's name as a reader has it that takes underscores and
// dots for hyphens, as CGI and what grew out of it do.
func plainName(name string) string {
	return strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name))
}

// chunks reads a chunked body and what follows it.
func (c *cursor) chunks(m *message) error {
	for {
		text, err := c.line()
		if err != nil {
			return err
		}
		var size int
		if _, err := fmt.Sscanf(text, "%x", &size); err != nil || strings.Trim(text, "0123456789abcdefABCDEF") != "" || len(text) > 8 {
			return fmt.Errorf("%w: the chunk size %q", errTwoWays, text)
		}
		if size == 0 {
			break
		}
		if len(c.raw)-c.at < size+2 {
			c.at = len(c.raw)
			return errMore
		}
		m.body = append(m.body, c.raw[c.at:c.at+size]...)
		if c.at += size + 2; string(c.raw[c.at-2:c.at]) != "\r\n" {
			return fmt.Errorf("%w: a chunk that is not followed by CRLF", errTwoWays)
		}
	}
	var err error
	if m.trailers, err = c.fields(); err != nil {
		return err
	}
	for _, f := range m.trailers {
		switch plainName(f.name) {
		case "host", "content-length", "transfer-encoding", "trailer", "connection":
			return fmt.Errorf("%w: the trailer %q", errTwoWays, f.name)
		}
	}
	return nil
}

// token reports whether text is a token (RFC 9110 §5.6.2).
func token(text string) bool {
	const marks = "!#$%&'*+-.^_`|~"
	for i := range len(text) {
		c := text[i]
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte(marks, c) >= 0) {
			return false
		}
	}
	return text != ""
}

// get returns the values of a field, by its usual name.
func (m message) get(name string) (values []string) {
	for _, f := range m.fields {
		if strings.EqualFold(f.name, name) {
			values = append(values, f.value)
		}
	}
	return values
}

func TestReadStrict_TakesOnlyWhatIsReadAlikeEverywhere(t *testing.T) {
	const host = "Host: a\r\n"
	good := "POST /a?b HTTP/1.1\r\n" + host + "X:  y \r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n" +
		"PUT /c HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\nok"
	messages, err := readStrict([]byte(good))
	require.NoError(t, err)
	require.Len(t, messages, 2)
	require.Equal(t, "abc", string(messages[0].body))
	require.Equal(t, []field{{"X-T", "1"}}, messages[0].trailers)
	require.Equal(t, []string{"y"}, messages[0].get("x"))
	require.Equal(t, "ok", string(messages[1].body))
	for i := range len(good) - 1 {
		messages, err := readStrict([]byte(good[:i]))
		require.NoError(t, err, good[:i])
		require.False(t, i > 0 && messages[len(messages)-1].whole && len(messages) == 2, "%q", good[:i])
	}
	for _, bad := range []string{
		"GET / HTTP/1.1\n\n", "GET /  HTTP/1.1\r\n", "GET / HTTP/1.0\r\n", "GET /\r\n", "GET / HTTP/1.1\r\n\r\n", "G@T / HTTP/1.1\r\n",
		"GET / HTTP/1.1\r\n" + host + host + "\r\n", "GET / HTTP/1.1\r\n" + host + " X: y\r\n\r\n", "GET / HTTP/1.1\r\n" + host + "X : y\r\n\r\n",
		"GET / HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n", "GET / HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n", "GET / HTTP/1.1\r\n" + host + ": b\r\n\r\n",
		"GET / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", "GET / HTTP/1.1\r\n" + host + "Content-Length: 01\r\n\r\nx",
		"GET / HTTP/1.1\r\n" + host + "Content_Length: 1\r\n\r\nx", "GET / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
		"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1;a\r\n",
		"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\nxyz", "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0x1\r\n",
		"GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n",
	} {
		_, err := readStrict([]byte(bad))
		require.ErrorIs(t, err, errTwoWays, "%q", bad)
	}
}
