package http1

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// head writes the head of a request, with a Host.
func head(lines ...string) string {
	return strings.Join(append(lines, "Host: shop.example", "", ""), "\r\n")
}

func TestRequest_PlacesAreInTheBytes(t *testing.T) {
	text := "POST /a%zz?b=c?d HTTP/1.1\r\nHost: shop.example:8080\r\nX-Odd:\t a,  b ;c \t\r\ncontent-LENGTH: 3\r\nCookie: a=\"b\"\r\n\r\nabc"
	var r Request
	for range 2 { // used again it is as new
		r.Reset()
		n, err := r.Parse([]byte(text), 10)
		require.NoError(t, err)
		require.Equal(t, len(text)-3, n)
		b := []byte(text)
		require.Equal(t, "POST", string(r.Method.Of(b)))
		require.Equal(t, "/a%zz?b=c?d", string(r.Target.Of(b)))
		require.Equal(t, "/a%zz", text[r.Target.Start:r.Query])
		require.Equal(t, "X-Odd", string(r.Fields[1].Name.Of(b)))
		require.Equal(t, "a,  b ;c", string(r.Fields[1].Value.Of(b)))
		require.Equal(t, []ID{Host, Other, ContentLength, Cookie}, []ID{r.Fields[0].ID, r.Fields[1].ID, r.Fields[2].ID, r.Fields[3].ID})
		require.EqualValues(t, 3, r.Length)
		require.True(t, r.HasBody())
		require.True(t, r.Reusable())
	}
}

func TestRequest_ThatComesByteByByteIsTheSame(t *testing.T) {
	text := "\r\n" + head("GET / HTTP/1.1", "Connection: close, X-Mine", "X-Mine: 1")
	var r Request
	r.Reset()
	for i := range len(text) {
		moved := []byte(text[:i]) // each time elsewhere
		_, err := r.Parse(moved, 10)
		require.ErrorIs(t, err, ErrIncomplete, "%q", moved)
	}
	n, err := r.Parse([]byte(text), 10)
	require.NoError(t, err)
	require.Equal(t, len(text), n)
	require.Len(t, r.Fields, 3)
	require.False(t, r.Reusable())
	require.True(t, r.Named([]byte(text), []byte("x-mine")))
}

func TestRequest_WhatTwoReadersCouldReadDifferentlyIsRefused(t *testing.T) {
	for text, want := range map[string]error{
		"GET / HTTP/1.1\nHost: a\n\n":                                                      ErrLineEnd,
		head("GET / HTTP/1.1", "X: a\nb"):                                                  ErrLineEnd,
		head("GET / HTTP/1.1", "X: a\rb"):                                                  ErrValue,
		head("GET / HTTP/1.1", "X: a\x00b"):                                                ErrValue,
		head("GET / HTTP/1.1", "X: a", " b"):                                               ErrFold,
		head("GET / HTTP/1.1", "\tX: a"):                                                   ErrFold,
		head("GET / HTTP/1.1", "X : a"):                                                    ErrFieldName,
		head("GET / HTTP/1.1", ": a"):                                                      ErrFieldName,
		head("GET / HTTP/1.1", "X"):                                                        ErrFieldName,
		head("GET / HTTP/1.1", "X\x7f: a"):                                                 ErrFieldName,
		head("GET / HTTP/1.1", "Content-Length: 1", "Content-Length: 1"):                   ErrLength,
		head("GET / HTTP/1.1", "Content-Length: 1, 1"):                                     ErrLength,
		head("GET / HTTP/1.1", "Content-Length: +1"):                                       ErrLength,
		head("GET / HTTP/1.1", "Content-Length: 0x1"):                                      ErrLength,
		head("GET / HTTP/1.1", "Content-Length:"):                                          ErrLength,
		head("GET / HTTP/1.1", "Content-Length: 9999999999999999999"):                      ErrLength,
		head("GET / HTTP/1.1", "Content-Length: 1", "Transfer-Encoding: chunked"):          ErrBoth,
		head("GET / HTTP/1.1", "Transfer-Encoding: gzip, chunked"):                         ErrCoding,
		head("GET / HTTP/1.1", "Transfer-Encoding: identity"):                              ErrCoding,
		head("GET / HTTP/1.1", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"): ErrCoding,
		head("GET / HTTP/1.1", "Transfer-Encoding: \x0bchunked"):                           ErrValue,
		head("GET / HTTP/1.0", "Transfer-Encoding: chunked"):                               ErrCoding,
		head("GET / HTTP/1.1", "Host: b"):                                                  ErrHost,
		"GET / HTTP/1.1\r\n\r\n":                                                           ErrHost,
		"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n":                                              ErrHost,
		"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n":                                             ErrHost,
		"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n":                                              ErrHost,
		"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n":                                          ErrHost,
		"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n":                                           ErrHost,
		head("GET / HTTP/1.2"):                                                             ErrVersion,
		head("GET / HTTP/2.0"):                                                             ErrVersion,
		head("GET / http/1.1"):                                                             ErrStartLine,
		head("GET / HTTP/1.1 "):                                                            ErrStartLine,
		head("GET /"):                                                                      ErrStartLine,
		head("GET  / HTTP/1.1"):                                                            ErrTarget,
		head("GET /a b HTTP/1.1"):                                                          ErrTarget,
		head("GET\t/ HTTP/1.1"):                                                            ErrStartLine,
		head("GET http://shop.example/ HTTP/1.1"):                                          ErrTarget,
		head("GET a HTTP/1.1"):                                                             ErrTarget,
		head("GET * HTTP/1.1"):                                                             ErrTarget,
		head("CONNECT shop.example:443 HTTP/1.1"):                                          ErrTarget,
		head("CONNECT / HTTP/1.1"):                                                         ErrTarget,
		head("GET /\x00 HTTP/1.1"):                                                         ErrTarget,
		head("GET /\x7f HTTP/1.1"):                                                         ErrTarget,
		head("G(T / HTTP/1.1"):                                                             ErrStartLine,
		"\r\n\r\n" + head("GET / HTTP/1.1"):                                                ErrStartLine,
		"\x16\x03\x01\x02\x00":                                                             ErrStartLine,
		head("GET / HTTP/1.1", "A: 1", "B: 1", "C: 1", "D: 1", "E: 1", "F: 1", "G: 1", "H:1"): ErrTooMany,
	} {
		var r Request
		r.Reset()
		_, err := r.Parse([]byte(text), 8)
		require.ErrorIs(t, err, want, "%q", text)
		require.Contains(t, err.Error(), "http1: ")
	}
}

func TestRequest_WhatIsOddButPlainIsTaken(t *testing.T) {
	for _, text := range []string{
		head("OPTIONS * HTTP/1.1"), head("BUY / HTTP/1.1"), head("GET //a|b\"<>\\^`{}[]\xc3\xa9#x HTTP/1.1"), "GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET / HTTP/1.1\r\nHost: my_shop.test.\r\n\r\n",
		head("GET / HTTP/1.1", "X:", "X-Latin: caf\xe9", "X-Tab: a\tb"), head("PUT / HTTP/1.1", "transfer-encoding: CHUNKED"),
	} {
		var r Request
		r.Reset()
		_, err := r.Parse([]byte(text), 10)
		require.NoError(t, err, "%q", text)
	}
}

func TestRequest_UpgradeNeedsBothFieldsAndHTTP11(t *testing.T) {
	for text, want := range map[string]bool{
		head("GET / HTTP/1.1", "Connection: keep-alive, Upgrade", "Upgrade: websocket"): true,
		head("GET / HTTP/1.0", "Connection: Upgrade", "Upgrade: websocket"):             false,
		head("GET / HTTP/1.1", "Upgrade: websocket"):                                    false,
		head("GET / HTTP/1.1", "Connection: Upgrade"):                                   false,
	} {
		var r Request
		r.Reset()
		_, err := r.Parse([]byte(text), 10)
		require.NoError(t, err)
		require.Equal(t, want, r.Upgrades([]byte(text)), text)
	}
}

func TestRequest_NoControlByteHidesInAValue(t *testing.T) {
	for at := range 20 {
		for c := range 256 {
			value := []byte("aaaa\taaaaaaaaa\xe9aaaaa")
			value[at] = byte(c)
			require.Equal(t, all(value, inValue), validValue(value), "%q", value)
		}
	}
}

func TestWritable_IsWhatParseTakes(t *testing.T) {
	for _, c := range []struct {
		method, target, host string
		want                 bool
	}{
		{"GET", "/a?b", "shop.example:8080", true},
		{"BREW", "/\xc3\xa4", "[::1]", true},
		{"OPTIONS", "*", "", true},
		{"", "/", "shop.example", false},
		{"GET /a", "/", "shop.example", false},
		{"GET\r\n", "/", "shop.example", false},
		{"GET", "", "shop.example", false},
		{"GET", "/a HTTP/1.1", "shop.example", false},
		{"GET", "/a\r\nHost: evil", "shop.example", false},
		{"GET", "/a\tb", "shop.example", false},
		{"GET", "/a\x7f", "shop.example", false},
		{"GET", "/a\x00", "shop.example", false},
		{"GET", "/", "shop.example/a", false},
		{"GET", "/", "shop.example, evil.example", false},
		{"GET", "/", "shop.example:evil", false},
		{"GET", "/", "user@shop.example", false},
	} {
		require.Equal(t, c.want, Writable(c.method, c.target, c.host), "%q", c)
		if len(c.target) > 0 && (c.target[0] == '/' || c.target == "*") {
			var r Request
			r.Reset()
			_, err := r.Parse([]byte(c.method+" "+c.target+" HTTP/1.1\r\nHost: "+c.host+"\r\n\r\n"), 10)
			require.Equal(t, c.want, err == nil, "%q: %v", c, err)
		}
	}
}
