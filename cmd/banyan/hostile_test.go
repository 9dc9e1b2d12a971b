package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// goodOrder is a good order's JSON, to be spoilt.
const goodOrder = `{"customer":{"email":"ann@example.com","name":"Ann Angler","address":"1 Main St, Albany NY 12207"},` +
	`"lines":[{"sku":"muskie-casting-rod","quantity":1,"price":{"amount":18900,"currency":"USD"}}],"payment":{"token":"tok_demo"}}`

func spoilt(from, to string) string { return strings.Replace(goodOrder, from, to, 1) }

func post(contentType, body string) string {
	return fmt.Sprintf("POST /checkout HTTP/1.1\r\nHost: shop.example.com\r\nAccept: application/json\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", contentType, len(body), body)
}

func TestUp_BadInputGetsAClearAnswerAndLeavesNothingBehind(t *testing.T) {
	s := up(t, filepath.Join(t.TempDir(), "data"))
	address := strings.TrimPrefix(s.Storefront, "http://")
	idle := s.goroutines()
	const get = "GET %s HTTP/1.1\r\nHost: shop.example.com\r\n%s\r\n"

	for name, c := range map[string]struct {
		request string
		status  []int // 0: the connection is closed without an answer
		says    string
	}{
		"neither JSON nor a form":  {post("text/plain", "one rod please"), []int{415}, ""},
		"a body that is not JSON":  {post("application/json", "{one rod"), []int{400}, "is not JSON"},
		"a form without fields":    {post("application/x-www-form-urlencoded", "a=b"), []int{400}, "email"},
		"a field too long":         {post("application/json", spoilt("Ann Angler", strings.Repeat("A", 300))), []int{400}, "customer.name"},
		"a negative quantity":      {post("application/json", spoilt(`"quantity":1`, `"quantity":-1`)), []int{400}, "is below 1"},
		"an unknown product":       {post("application/json", spoilt("muskie-casting-rod", "no-such-rod")), []int{422}, "no-such-rod"},
		"a wrong price":            {post("application/json", spoilt("18900", "1")), []int{409}, "18900"},
		"a body over the limit":    {post("application/json", spoilt("Ann Angler", strings.Repeat("A", 300<<10))), []int{413}, ""},
		"a bad idempotency key":    {strings.Replace(post("application/json", goodOrder), "\r\n\r\n", "\r\nIdempotency-Key: two words\r\n\r\n", 1), []int{400}, "Idempotency-Key"},
		"a cookie of 64 KB":        {fmt.Sprintf(get, "/", "Cookie: a="+strings.Repeat("x", 64<<10)+"\r\n"), []int{431}, ""},
		"a header without a colon": {fmt.Sprintf(get, "/", "Evil\r\n"), []int{400}, ""},
		"a header with a CR":       {fmt.Sprintf(get, "/", "X-A: a\rX-B: b\r\n"), []int{400}, ""},
		"an encoded slash":         {fmt.Sprintf(get, "/shop/rods%2fmuskie-casting-rod", ""), []int{200}, "Muskie"}, // legacy's own reading, untouched
		"dot segments":             {fmt.Sprintf(get, "/shop/../../etc/passwd", ""), []int{404}, ""},
		"a bad escape":             {fmt.Sprintf(get, "/shop/%zz", ""), []int{400}, ""},
		"two lengths":              {"POST /checkout HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", []int{400}, ""},
		"not HTTP":                 {"\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", []int{400, 0}, ""},
		"no host":                  {"GET / HTTP/1.1\r\n\r\n", []int{400}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := raw(t, address, c.request)
			require.Contains(t, c.status, status, "%s", body)
			require.Contains(t, body, c.says)
			next, _ := statusOf(t, s.Storefront+"/")
			require.Equal(t, http.StatusOK, next, "the next request is fine")
		})
	}
	t.Run("clients that go away", func(t *testing.T) {
		for range 50 {
			conn, err := net.Dial("tcp", address)
			require.NoError(t, err)
			fmt.Fprintf(conn, "POST /checkout HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(goodOrder), goodOrder[:len(goodOrder)/2])
			conn.Close()
		}
	})

	l := s.ledger()
	require.Zero(t, l.Accepted, "nothing of it was taken for an order")
	require.True(t, l.Balanced)
	http.DefaultClient.CloseIdleConnections()
	require.Eventually(t, func() bool { return s.goroutines() <= idle+10 }, 20*time.Second, 50*time.Millisecond,
		"nothing leaks: %d goroutines at first, %d now", idle, s.goroutines())
}

// raw sends bytes as they are and returns the answer's status and body; 0 is a
// connection that was closed without one.
func raw(t *testing.T, address, request string) (int, string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	go io.WriteString(conn, request) // the server may answer and close before it has read all
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

func statusOf(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, body := get(t, url)
	return resp.StatusCode, body
}

var goroutineCount = regexp.MustCompile(`(?m)^go_goroutines (\d+)`)

// goroutines asks the process's own metrics.
func (s *storefront) goroutines() int {
	s.t.Helper()
	_, body := get(s.t, s.Console+"/metrics")
	m := goroutineCount.FindStringSubmatch(body)
	require.NotNil(s.t, m, "%s", body)
	n, err := strconv.Atoi(m[1])
	require.NoError(s.t, err)
	return n
}
