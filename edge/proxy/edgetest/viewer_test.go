package edgetest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// viewer is a client that says exactly what it is told.
type viewer struct {
	net.Conn
	r   *bufio.Reader
	raw bytes.Buffer // what came
}

// dial connects to an edge.
func (e *edge) dial(t *testing.T) *viewer {
	t.Helper()
	conn, err := net.Dial("tcp", e.address)
	require.NoError(t, err)
	return view(t, conn)
}

// view makes a viewer of a connection.
func view(t *testing.T, conn net.Conn) *viewer {
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	v := &viewer{Conn: conn}
	v.r = bufio.NewReader(io.TeeReader(conn, &v.raw))
	return v
}

// say sends text. An edge that has hung up already is no fault of the test's.
func (v *viewer) say(text string) { _, _ = io.WriteString(v, text) }

// answer is an answer and its body.
type answer struct {
	*http.Response
	body string
}

// answer reads the next final answer; interim ones are passed over.
func (v *viewer) answer(method string) (answer, error) {
	for {
		res, err := http.ReadResponse(v.r, &http.Request{Method: method})
		if err != nil {
			return answer{}, err
		}
		if res.StatusCode < 200 && res.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		body, err := io.ReadAll(res.Body)
		return answer{res, string(body)}, err
	}
}

// ask sends a request and reads its answer.
func (v *viewer) ask(t *testing.T, request string) answer {
	t.Helper()
	v.say(request)
	method, _, _ := strings.Cut(request, " ")
	a, err := v.answer(method)
	require.NoError(t, err)
	return a
}

// line reads one line, without its end.
func (v *viewer) line(t *testing.T) string {
	t.Helper()
	text, err := v.r.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimRight(text, "\r\n")
}

// skipHeader reads up to the empty line.
func (v *viewer) skipHeader(t *testing.T) {
	t.Helper()
	for v.line(t) != "" {
	}
}

// ended reports, by an error, whether anything comes before the edge hangs up.
func (v *viewer) ended() error {
	more, err := io.ReadAll(v.r)
	switch {
	case len(more) > 0:
		return errors.New("more came than the answer: " + string(more))
	case err != nil && !errors.Is(err, io.EOF) && !isReset(err):
		return errors.New("the connection was not closed")
	}
	return nil
}

// isReset reports whether a connection was closed with bytes of ours unread.
func isReset(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && !op.Timeout()
}

// request writes a request with a usual Host.
func request(line string, fields ...string) string {
	return line + " HTTP/1.1\r\nHost: shop.example\r\n" + strings.Join(append(fields, "", ""), "\r\n")
}

// receive waits for what comes on a channel.
func receive[T any](t *testing.T, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(patience):
		require.FailNow(t, "nothing came")
	}
	return got
}
