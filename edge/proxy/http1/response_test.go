package http1

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResponse_SaysHowItsBodyEnds(t *testing.T) {
	for text, want := range map[string]struct{ bodiless, untilClose, reusable bool }{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n":                           {reusable: true},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n":                  {reusable: true},
		"HTTP/1.1 200 OK\r\n\r\n":                                                {untilClose: true, reusable: true},
		"HTTP/1.1 200\r\nConnection: close\r\n\r\n":                              {untilClose: true},
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n":                           {},
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n": {reusable: true},
		"HTTP/1.1 204 No Content\r\n\r\n":                                        {bodiless: true, reusable: true},
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n":                 {bodiless: true, reusable: true},
		"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n":                          {bodiless: true, reusable: true},
	} {
		var r Response
		r.Reset()
		n, err := r.Parse([]byte(text), 10)
		require.NoError(t, err, text)
		require.Equal(t, len(text), n)
		require.Equal(t, want.bodiless, r.Bodiless(false), text)
		require.Equal(t, want.untilClose, r.UntilClose(false), text)
		require.Equal(t, want.reusable, r.Reusable(), text)
		require.True(t, r.Bodiless(true), "an answer to HEAD has no body")
	}
}

func TestResponse_WhatIsNoAnswerIsRefused(t *testing.T) {
	for text, want := range map[string]error{
		"SSH-2.0-OpenSSH\r\n":                   ErrStartLine,
		"SSH":                                   ErrStartLine,
		"HTTP/1.1 20\r\n\r\n":                   ErrStartLine,
		"HTTP/1.1 2000 OK\r\n\r\n":              ErrStartLine,
		"HTTP/1.1 099 OK\r\n\r\n":               ErrStartLine,
		"HTTP/1.1 +20 OK\r\n\r\n":               ErrStartLine,
		"HTTP/1.1  200 OK\r\n\r\n":              ErrStartLine,
		"HTTP/1.1 200 a\rb\r\n\r\n":             ErrStartLine,
		"HTTP/2.0 200 OK\r\n\r\n":               ErrVersion,
		"HTTP/1.1 200 OK\n\n":                   ErrLineEnd,
		"HTTP/1.1 200 OK\r\nX: a\n\r\n":         ErrLineEnd,
		"HTTP/1.1 200 OK\r\nX : a\r\n\r\n":      ErrFieldName,
		"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n": ErrFold,
		"HTTP/1.1 200 OK\r\nX: \a\r\n\r\n":      ErrValue,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n":                   ErrLength,
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n":          ErrBoth,
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n":                               ErrCoding,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n": ErrCoding,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n":                     ErrCoding,
		"HTTP/1.1 200 OK\r\nA: 1\r\nB: 1\r\nC: 1\r\n\r\n":                                     ErrTooMany,
	} {
		var r Response
		r.Reset()
		_, err := r.Parse([]byte(text), 2)
		require.ErrorIs(t, err, want, "%q", text)
	}
}
