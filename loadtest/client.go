package loadtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// Client is one keep-alive HTTP/1.1 connection that sends prepared requests. It
// reads only what a load generator needs of an answer, so that the generator's
// share of the processor stays small beside what is measured.
type Client struct {
	conn net.Conn
	in   *bufio.Reader
}

// Dial connects to host:port.
func Dial(address string) (*Client, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &Client{conn: conn, in: bufio.NewReaderSize(conn, 8<<10)}, nil
}

// Close closes the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Do sends one whole request and returns the answer's status. The body is read
// and thrown away; it must come with a Content-Length.
func (c *Client) Do(request []byte) (status int, err error) {
	status, length, err := c.send(request)
	if err != nil {
		return 0, err
	}
	_, err = c.in.Discard(length)
	return status, err
}

// Ask is Do for callers who want the body.
func (c *Client) Ask(request []byte) (status int, body []byte, err error) {
	status, length, err := c.send(request)
	if err != nil {
		return 0, nil, err
	}
	body = make([]byte, length)
	_, err = io.ReadFull(c.in, body)
	return status, body, err
}

// SetDeadline bounds everything that follows on the connection.
func (c *Client) SetDeadline(at time.Time) error { return c.conn.SetDeadline(at) }

// send writes the request and reads the answer up to its body.
func (c *Client) send(request []byte) (status, length int, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, 0, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, 0, fmt.Errorf("not an HTTP/1.1 status line: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	length, err = c.headers()
	return status, length, err
}

var errNoLength = errors.New("answer without a Content-Length")

// headers reads up to the empty line and returns the Content-Length.
func (c *Client) headers() (length int, err error) {
	length = -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			if length < 0 {
				return 0, errNoLength
			}
			return length, nil
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if found && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, fmt.Errorf("Content-Length %q: %w", value, err)
			}
		}
	}
}
