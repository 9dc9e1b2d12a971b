//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startTestOrigin serves for as long as the test program runs.
func startTestOrigin(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	o, err := newOrigin(l.(*net.TCPListener))
	require.NoError(t, err)
	go o.serve()
	return address
}

func TestOrigin_AnswersEveryKindOfRequest(t *testing.T) {
	address := startTestOrigin(t)
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	in := bufio.NewReader(conn)
	for _, k := range []kind{get2K, get64K, post4K, get2K} {
		w := workload{Kind: k, Products: 10}
		_, err := conn.Write(w.requests()[1])
		require.NoError(t, err)
		resp, err := http.ReadResponse(in, nil)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Len(t, body, map[kind]int{get2K: 2 << 10, get64K: 64 << 10, post4K: 0}[k])
	}
}

func TestOrigin_RequestMayComeInPieces(t *testing.T) {
	conn, err := net.Dial("tcp", startTestOrigin(t))
	require.NoError(t, err)
	defer conn.Close()
	in := bufio.NewReader(conn)
	request := workload{Kind: post4K, Products: 10}.requests()[0]
	for _, size := range []int{1, 7, 1000} {
		for piece := range slices.Chunk(request, size) {
			_, err := conn.Write(piece)
			require.NoError(t, err)
		}
		resp, err := http.ReadResponse(in, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
}

func TestOrigin_EchoesTheHeadItGot(t *testing.T) {
	require.ErrorContains(t, forwards(t.Context(), startTestOrigin(t), workload{}), "the origin was sent")
}

func TestContentLength_IsFoundInAnyCase(t *testing.T) {
	for _, head := range []string{"Content-Length: 7\r\n", "HTTP/1.1 200 OK\r\ncontent-length:7\r\nA: b\r\n", "X: Content-Length: 3\r\nCONTENT-LENGTH: 7 \r\n"} {
		n, err := contentLength([]byte(head))
		require.NoError(t, err, head)
		require.Equal(t, 7, n)
	}
	for _, head := range []string{"", "Content-Length: x\r\n", "Content-Length: -1\r\n", "X-Content-Length: 7\r\n"} {
		_, err := contentLength([]byte(head))
		require.ErrorIs(t, err, errHead, head)
	}
}

func TestArrivals_AreAllAnswered(t *testing.T) {
	for _, k := range []kind{get2K, get64K, post4K} {
		w := workload{Kind: k, Products: 10}
		a := arrivals{Address: startTestOrigin(t), Requests: w.requests(), Rate: 2000, Connections: 3, Span: 100 * time.Millisecond}
		s, err := a.run()
		require.NoError(t, err)
		require.Zero(t, s.Bad)
		require.Equal(t, int64(a.sent), a.took.TotalCount())
		require.Greater(t, a.sent, 50)
	}
}

// A server that holds one answer back makes all that were due meanwhile late,
// and they are counted so.
func TestArrivals_StallIsChargedWithAllThatWaited(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	stalled := time.After(200 * time.Millisecond) // twice as long as requests come
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		for i := 0; ; i++ {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			if i == 0 {
				<-stalled
			}
			io.Copy(io.Discard, r.Body)
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	}()
	a := arrivals{Address: l.Addr().String(), Requests: workload{Kind: get2K, Products: 10}.requests(), Rate: 1000, Connections: 1, Span: 100 * time.Millisecond}
	s, err := a.run()
	require.NoError(t, err)
	require.Greater(t, s.P50, int64(50_000), "half of them waited for more than half of the stall")
	require.Greater(t, a.sent, 50)
}

func TestParseWrk_FindsTheScriptsLine(t *testing.T) {
	f, err := parseWrk([]byte("Running 1s test\n  1 threads\n{\"requests\":50,\"micros\":500000,\"errors\":1,\"p50\":2,\"p99\":3,\"p999\":4}\n"))
	require.NoError(t, err)
	require.Equal(t, flood{50, 500_000, 1, 2, 3, 4}, f)
	require.Equal(t, 100.0, f.perSecond())
	_, err = parseWrk([]byte("unable to connect\n"))
	require.Error(t, err)
}

func TestRequests_AskForProductsOnLegacyAllOverTheCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range (workload{Kind: get2K, Products: 100_000}).requests() {
		_, rest, _ := strings.Cut(string(r), "product-")
		var i int
		_, err := fmt.Sscanf(rest, "%d", &i)
		require.NoError(t, err)
		require.False(t, flipped(i))
		require.Less(t, i, 100_000)
		seen[rest[:6]] = true
	}
	require.Len(t, seen, requestCount)
}
