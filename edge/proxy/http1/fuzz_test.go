package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzRequest holds the parser to two things: in whatever pieces a request
// comes, the outcome is the same; and net/http, where it takes the request
// too, reads the same method, target, host and framing.
func FuzzRequest(f *testing.F) {
	for _, text := range []string{
		"GET /a?b HTTP/1.1\r\nHost: shop.example\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
		"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
	} {
		f.Add([]byte(text), 3)
	}
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		var whole, pieces Request
		whole.Reset()
		pieces.Reset()
		n, err := whole.Parse(text, 50) // all at once
		if cut = max(cut, 0); cut < len(text) {
			if _, early := pieces.Parse(text[:cut], 50); early != nil && !errors.Is(early, ErrIncomplete) {
				require.Error(t, err) // perhaps another: less was looked at
				return
			}
		}
		m, again := pieces.Parse(text, 50)
		require.Equal(t, err, again)
		require.Equal(t, n, m)
		if err != nil {
			return
		}
		require.True(t, bytes.HasSuffix(text[:n], []byte("\r\n\r\n")))
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text[:n])))
		if err != nil {
			return // it takes less than there is, such as no bad escape
		}
		require.Equal(t, r.Method, string(whole.Method.Of(text)))
		require.Equal(t, r.RequestURI, string(whole.Target.Of(text)))
		host, _ := whole.Lookup(text, Host)
		require.Equal(t, r.Host, string(host))
		require.Equal(t, r.ContentLength, map[bool]int64{true: -1, false: max(whole.Length, 0)}[whole.Chunked])
	})
}

// FuzzChunks holds the scanner to net/http's reader: what it takes, that reads
// as the same data.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\n"), 1)
	f.Add([]byte("a;x=\"y\"\r\n0123456789\r\n0\r\nX: y\r\n\r\nrest"), 5)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		data, rest, _, err := readChunks(string(text), max(size, 1))
		whole, _, _, same := readChunks(string(text), len(text)+1)
		require.Equal(t, same == nil, err == nil)
		if err != nil {
			return
		}
		require.Equal(t, whole, data)
		message := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + string(text[:len(text)-len(rest)])
		res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader([]byte(message))), nil)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		if err == nil { // it does not take every trailer
			require.Equal(t, string(body), data)
		}
	})
}
