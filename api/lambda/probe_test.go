package lambda_test

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/lambda"
	"github.com/banyan-edge/banyan/api/lambda/gateway"
)

// seen is everything of a request that a handler can see.
type seen struct {
	Method, RequestURI, Proto, Host               string
	Path, RawPath, EscapedPath, RawQuery, URLHost string
	Header                                        http.Header
	Cookies                                       []string
	Query, Form, PostForm                         url.Values
	FormError                                     string
	Body                                          []byte
	ContentLength                                 int64
	TransferEncoding                              []string
	RemoteIP, RemotePort                          string
	TLS                                           bool
}

// probe answers every request with what it saw of it.
func probe(w http.ResponseWriter, r *http.Request) {
	s := seen{
		Method: r.Method, RequestURI: r.RequestURI, Proto: r.Proto, Host: r.Host,
		Path: r.URL.Path, RawPath: r.URL.RawPath, EscapedPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, URLHost: r.URL.Host,
		Header: r.Header.Clone(), Query: r.URL.Query(), ContentLength: r.ContentLength, TransferEncoding: r.TransferEncoding, TLS: r.TLS != nil,
	}
	for _, c := range r.Cookies() {
		s.Cookies = append(s.Cookies, c.Name+"="+c.Value)
	}
	s.RemoteIP, s.RemotePort, _ = net.SplitHostPort(r.RemoteAddr)
	var body strings.Builder
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.TeeReader(r.Body, &body), r.Body}
	if err := r.ParseForm(); err != nil {
		s.FormError = err.Error()
	}
	_, _ = io.Copy(io.Discard, r.Body)
	s.Form, s.PostForm, s.Body = r.Form, r.PostForm, []byte(body.String())
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s)
}

// arms are the ways to run one handler: by net/http itself, by the gateway and
// the adapter, and by the adapter behind each of the fronts.
type arms struct {
	direct *httptest.Server
	wraps  map[string]*httptest.Server
}

func serveArms(t testing.TB, h http.Handler) arms {
	adapter := lambda.New(h, lambda.Options{})
	a := arms{direct: quietServer(t, h), wraps: map[string]*httptest.Server{
		"gateway": quietServer(t, gateway.New(gateway.Options{Invoke: adapter.Invoke})),
	}}
	for _, f := range fronts {
		a.wraps[f.name] = quietServer(t, f.serve(adapter.Invoke))
	}
	return a
}

// quietServer keeps net/http's complaints about the handlers to itself.
func quietServer(t testing.TB, h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// answer is everything of a response that a shopper can see.
type answer struct {
	status int
	header http.Header
	body   string
	broken bool // the connection ended before the body
}

// exchange sends the bytes of one request and reads its response.
func exchange(t require.TestingT, s *httptest.Server, raw string) answer {
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	go func() { _, _ = io.WriteString(conn, raw) }()

	method, _, _ := strings.Cut(raw, " ")
	from := bufio.NewReader(conn)
	res, err := http.ReadResponse(from, &http.Request{Method: method})
	for err == nil && res.StatusCode < 200 {
		res, err = http.ReadResponse(from, &http.Request{Method: method})
	}
	if err != nil {
		return answer{broken: true}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body), err != nil}
}

func (a answer) seen(t require.TestingT) (s seen) {
	require.Equal(t, http.StatusOK, a.status, a.body)
	require.NoError(t, json.Unmarshal([]byte(a.body), &s))
	return s
}
