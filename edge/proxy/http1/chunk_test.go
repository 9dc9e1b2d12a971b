package http1

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// readChunks reads a body that comes in pieces of this size.
func readChunks(text string, size int) (data string, rest string, c Chunks, err error) {
	b, end := []byte(text), 0
	for start := 0; ; {
		used, piece, err := c.Scan(b[start:end], 7)
		data += string(piece)
		start += used
		switch {
		case err != nil || c.Done():
			return data, string(b[start:]), c, err
		case used > 0:
		case end == len(b):
			return data, string(b[start:]), c, ErrIncomplete
		default:
			end = min(end+size, len(b))
		}
	}
}

func TestChunks_ReadHoweverTheyCome(t *testing.T) {
	text := "3\r\nabc\r\n00a;name;other = \"a;\\\"b\" \r\n0123456789\r\n0\r\nX-Sum: 9\r\nx-empty:\r\n\r\nnext"
	for size := 1; size <= len(text); size++ {
		data, rest, c, err := readChunks(text, size)
		require.NoError(t, err)
		require.Equal(t, "abc0123456789", data)
		require.Equal(t, Trailers{{"X-Sum", "9"}, {"x-empty", ""}}, c.Trailers)
		require.Equal(t, "next"[:min(4, len(rest))], rest[:min(4, len(rest))])
	}
}

func TestChunks_WhatIsNotExactlyAChunkIsRefused(t *testing.T) {
	for _, text := range []string{
		"\r\n", "x\r\n", "-1\r\n", "+1\r\na\r\n", "0x1\r\na\r\n", " 1\r\na\r\n", "1 \r\na\r\n", "1\ra\r\n", "1\na\r\n", "1\r\nab\r\n", "1\r\na\n",
		"1\r\na\rx", "1;\r\na\r\n", "1;=a\r\na\r\n", "1;a=\r\na\r\n", "1;a=\"b\r\na\r\n", "1;a=\"\x00\"\r\na\r\n", "1,a\r\na\r\n",
		"1000000000000000\r\n", "ffffffffffffffff1\r\n", strings.Repeat("0", 300) + "\r\n", strings.Repeat("1", 300),
		"1;a=" + strings.Repeat("b", 300) + "\r\na\r\n", "0\r\nX : a\r\n\r\n", "0\r\n a\r\n\r\n", "0\r\nX: a\n\r\n", "0\r\nX: " + strings.Repeat("a", 9000) + "\r\n\r\n",
		"0\r\n" + strings.Repeat("X: "+strings.Repeat("a", 200)+"\r\n", 60) + "\r\n", "0\r\n" + strings.Repeat("X:1\r\n", 65) + "\r\n",
		strings.Repeat("1;a="+strings.Repeat("b", 200)+"\r\na\r\n", 100),
	} {
		_, _, _, err := readChunks(text, len(text))
		require.Error(t, err)
		require.NotErrorIs(t, err, ErrIncomplete, "%.40q", text)
	}
}

func TestChunks_SmallOnesAreNotTakenForAnAttack(t *testing.T) {
	data, _, _, err := readChunks(strings.Repeat("1\r\na\r\n", 10_000)+"0\r\n\r\n", 512)
	require.NoError(t, err)
	require.Len(t, data, 10_000)
}
