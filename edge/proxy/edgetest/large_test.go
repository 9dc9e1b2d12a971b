package edgetest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/proxy"
)

// largeBytes is the size of a body that nobody could hold by mistake. It goes up
// and down, in two framings, through every engine: a gigabyte in all.
const largeBytes = 128 << 20

// heldBytes is what viewer, edge and origin together may hold beyond what they
// held before a large body.
const heldBytes = 32 << 20

// stream writes a pattern of n bytes.
func stream(w io.Writer, n int64) error {
	piece := make([]byte, 256<<10)
	for i := range piece {
		piece[i] = byte(i)
	}
	for n > 0 {
		wrote, err := w.Write(piece[:min(n, int64(len(piece)))])
		if n -= int64(wrote); err != nil {
			return err
		}
	}
	return nil
}

// heapPeak counts the most the heap holds until stop is called.
func heapPeak() (stop func() uint64) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	begin, peak, done, out := m.HeapAlloc, uint64(0), make(chan struct{}), make(chan uint64)
	go func() {
		ticks := time.NewTicker(20 * time.Millisecond)
		defer ticks.Stop()
		for {
			select {
			case <-ticks.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			case <-done:
				out <- peak - min(peak, begin)
				return
			}
		}
	}()
	return func() uint64 { close(done); return <-out }
}

func TestEdge_LargeBodiesAreStreamedInLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("a gigabyte takes some seconds")
	}
	eachEngine(t, func(t *testing.T, e engine) {
		for name, framing := range map[string]string{"with a length": fmt.Sprint("Content-Length: ", largeBytes), "in chunks": "Transfer-Encoding: chunked"} {
			t.Run(name, func(t *testing.T) { streamBothWays(t, e, framing) })
		}
	})
}

// framedStream streams half of largeBytes in the framing that was announced.
func framedStream(w io.Writer, framing string) error {
	if strings.HasPrefix(framing, "Content-Length") {
		return stream(w, largeBytes)
	}
	for range 2 {
		if _, err := fmt.Fprintf(w, "%x\r\n", largeBytes/2); err != nil {
			return err
		}
		if err := stream(w, largeBytes/2); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\r\n"); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "0\r\n\r\n")
	return err
}

func streamBothWays(t *testing.T, e engine, framing string) {
	got := make(chan int64, 1)
	origin := startListener(t, func(c io.ReadWriteCloser) {
		r, head, err := headOnly(c)
		if err != nil {
			return
		}
		body := io.Reader(io.LimitReader(r, largeBytes))
		if strings.Contains(strings.ToLower(head), "chunked") {
			body = newChunked(r)
		}
		n, _ := io.Copy(io.Discard, body)
		got <- n
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"+framing+"\r\n\r\n")
		_ = framedStream(c, framing)
	})
	edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
	conn, err := net.Dial("tcp", edge.address)
	require.NoError(t, err)
	defer conn.Close()
	stop := heapPeak()
	_, err = io.WriteString(conn, request("PUT /film", framing))
	require.NoError(t, err)
	require.NoError(t, framedStream(conn, framing))
	require.EqualValues(t, largeBytes, receive(t, got))
	r, _, err := headOnly(conn)
	require.NoError(t, err)
	body := io.Reader(io.LimitReader(r, largeBytes))
	if strings.Contains(framing, "chunked") {
		body = newChunked(r)
	}
	n, err := io.Copy(io.Discard, body)
	require.NoError(t, err)
	require.EqualValues(t, largeBytes, n)
	require.Less(t, stop(), uint64(heldBytes))
}

// newChunked reads a chunked body.
func newChunked(r io.Reader) io.Reader {
	head := strings.NewReader("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	res, err := http.ReadResponse(bufioOf(io.MultiReader(head, r)), nil)
	if err != nil {
		return head
	}
	return res.Body
}

// TestEdge_LengthsBeyond32BitsAreRead asks for more than a file of 4 GB, and
// hangs up when the first of it is there.
func TestEdge_LengthsBeyond32BitsAreRead(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		heads := make(chan string, 1)
		origin := startListener(t, func(c io.ReadWriteCloser) {
			_, head, err := headOnly(c)
			if err != nil {
				return
			}
			heads <- head
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n\r\n")
			_ = stream(c, 1<<20)
			_, _ = io.Copy(io.Discard, c) // until the edge hangs up
		})
		edge := e.startEdge(t, proxy.Options{Legacy: origin.origin()})
		v := edge.dial(t)
		v.say(request("PUT /film", "Content-Length: 5368709121") + "first")
		require.Contains(t, receive(t, heads), "Content-Length: 5368709121\r\n")
		res, err := http.ReadResponse(v.r, nil)
		require.NoError(t, err)
		require.EqualValues(t, 5<<30, res.ContentLength)
		require.NoError(t, v.Close())
	})
}
