package proxy

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// secureOrigin is a server of net/http's on TLS, and how many connections it got.
func secureOrigin(t *testing.T, speaksHTTP2 bool, handler http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	server, conns := httptest.NewUnstartedServer(handler), new(atomic.Int64)
	server.EnableHTTP2 = speaksHTTP2
	server.Config.DisableGeneralOptionsHandler = true
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, conns
}

// startMultiplexed serves a proxy whose legacy is asked by HTTP/2.
func startMultiplexed(t *testing.T, address string, certificate *x509.Certificate, o Options) *edge {
	t.Helper()
	o.Legacy = Origin{URL: &url.URL{Scheme: "https", Host: address}, HTTP2: true, Roots: x509.NewCertPool()}
	o.Legacy.Roots.AddCert(certificate)
	return startEdge(t, o)
}

func onHTTP2(t *testing.T, o Options, handler http.HandlerFunc) (*edge, *atomic.Int64) {
	t.Helper()
	server, conns := secureOrigin(t, true, handler)
	return startMultiplexed(t, server.Listener.Addr().String(), server.Certificate(), o), conns
}

func TestHTTP2_OriginGetsWhatTheViewerSent(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		e, conns := onHTTP2(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("X-Got", strings.TrimSpace(fmt.Sprintln(r.Proto, r.Method, r.RequestURI, r.Host, r.Header["X-Mine"], r.Header["User-Agent"],
				r.Header["X-Banyan-Arm"], r.Header["Accept-Encoding"], r.Header["X-Named"], r.Trailer)))
			_, _ = w.Write(body)
		})
		for _, target := range []string{"/", "/a%2Fb/..//c;d=\"x\"?q=%zz&<>", "//evil.example/x?y", "//", "/?", "/https://shop.example/", "/\xc3\xa4", "/a#b"} {
			a := e.get(request("GET "+target, "X-Mine: 1", "X-Mine: 2", "X-Banyan-Arm: mine", "Connection: x-named", "X-Named: 1"))
			require.Equal(t, http.StatusOK, a.StatusCode, target)
			require.Equal(t, "HTTP/2.0 GET "+target+" shop.example [1 2] [] [legacy] [] [] map[]", a.Header.Get("X-Got"))
		}
		require.Contains(t, e.get(request("OPTIONS *")).Header.Get("X-Got"), "HTTP/2.0 OPTIONS * shop.example")
		require.Equal(t, "abc", e.get(request("POST /", "Content-Length: 3")+"abc").body)
		a := e.get(request("POST /", "Transfer-Encoding: chunked", "Trailer: X-Sum", "Te: trailers") + "3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n")
		require.Equal(t, "abc", a.body)
		require.Contains(t, a.Header.Get("X-Got"), "map[X-Sum:[6]]")
		require.EqualValues(t, 1, conns.Load(), "one connection is enough")
	})
}

func TestHTTP2_AnswerReachesTheViewerWhole(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 1<<17)
	onBoth(t, func(t *testing.T) {
		e, _ := onHTTP2(t, Options{Storefront: shopAddress}, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/hints":
				w.Header().Set("Link", "<https://"+r.Context().Value(http.LocalAddrContextKey).(net.Addr).String()+"/a.css>")
				w.WriteHeader(http.StatusEarlyHints)
				w.Header().Del("Link")
				_, _ = io.WriteString(w, "hinted")
			case "/trailers":
				w.Header().Set("Trailer", "X-Sum, X-Banyan-Arm")
				_, _ = io.WriteString(w, "abc")
				w.(http.Flusher).Flush() // or there would be a length
				w.Header().Set("X-Sum", "6")
				w.Header().Set("X-Banyan-Arm", "lie")
				w.Header().Set(http.TrailerPrefix+"X-Late", "7")
			case "/large":
				_, _ = io.WriteString(w, large)
			case "/none":
				w.WriteHeader(http.StatusNoContent)
			}
		})
		v := e.dial(request("GET /hints"))
		require.Equal(t, "HTTP/1.1 103 Early Hints", v.line())
		require.Equal(t, "Link: <https://shop.example/a.css>", v.line())
		require.Empty(t, v.line())
		require.Equal(t, "hinted", v.answer("GET").body)
		a := e.get(request("GET /trailers", "Te: trailers"))
		require.Equal(t, "abc", a.body)
		require.Equal(t, "6", a.Trailer.Get("X-Sum"))
		require.NotContains(t, a.Trailer, "X-Banyan-Arm")
		require.True(t, large == e.get(request("GET /large")).body)
		require.Equal(t, http.StatusNoContent, e.get(request("GET /none")).StatusCode)
		require.Empty(t, e.get(request("HEAD /large")).body)
	})
}

func TestHTTP2_RequestsShareAConnectionAndEventsDoNotWait(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		release := make(chan struct{})
		e, conns := onHTTP2(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: 1\n\n")
			w.(http.Flusher).Flush()
			select {
			case <-release:
			case <-r.Context().Done():
			}
		})
		var asked sync.WaitGroup
		for range 40 {
			asked.Go(func() {
				v := e.dial(request("GET /events"))
				for v.line() != "data: 1" {
				}
			})
		}
		asked.Wait() // each got its event while all were open
		require.EqualValues(t, 1, conns.Load())
		close(release)
	})
}

func TestHTTP2_ViewerThatHangsUpEndsItsStreamOnly(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		began, ended := make(chan struct{}), make(chan struct{})
		e, conns := onHTTP2(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/wait" {
				close(began)
				<-r.Context().Done()
				close(ended)
			}
		})
		v := e.dial(request("GET /wait"))
		<-began
		_ = v.Close()
		<-ended
		require.Equal(t, http.StatusOK, e.get(request("GET /")).StatusCode)
		require.EqualValues(t, 1, conns.Load())
	})
}

func TestHTTP2_OriginThatTakesTooLongIsNotWaitedFor(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		e, _ := onHTTP2(t, Options{Limits: Limits{LegacyAnswer: 30 * time.Millisecond}}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		require.Equal(t, http.StatusGatewayTimeout, e.get(request("GET /")).StatusCode)
	})
}

func TestHTTP2_OriginThatDoesNotAgreeIsAskedByHTTP1(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		server, conns := secureOrigin(t, false, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
		e := startMultiplexed(t, server.Listener.Addr().String(), server.Certificate(), Options{})
		for range 3 {
			require.Equal(t, "HTTP/1.1", e.get(request("GET /")).body)
		}
		require.EqualValues(t, 2, conns.Load(), "it is not asked to agree each time")
		gone := startMultiplexed(t, closedPort(t), server.Certificate(), Options{})
		require.Contains(t, gone.get(request("POST /")).body, "Nothing was sent")
	})
}

func TestHTTP2_UpgradesGoByHTTP1(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		e, _ := onHTTP2(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", r.Header.Get("Upgrade"))
			w.WriteHeader(http.StatusSwitchingProtocols)
		})
		a := e.dial(request("GET /", "Connection: Upgrade", "Upgrade: echo")).answer("GET")
		require.Equal(t, http.StatusSwitchingProtocols, a.StatusCode)
	})
}

// framedOrigin is an origin that answers frame by frame.
type framedOrigin struct {
	address string
	certs   *httptest.Server // whose certificate it has
	asked   chan string      // the method of each request
}

// answering is told of each request on a connection, the first being 1, and
// reports whether to go on.
type answering func(f *http2.Framer, n int, stream uint32) bool

func startFramed(t *testing.T, answer answering) *framedOrigin {
	t.Helper()
	o := &framedOrigin{asked: make(chan string, 100), certs: httptest.NewUnstartedServer(nil)}
	o.certs.EnableHTTP2 = true
	o.certs.StartTLS()
	t.Cleanup(o.certs.Close)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: o.certs.TLS.Certificates, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	o.address = listener.Addr().String()
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { o.serve(conn, answer) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); open.Wait() })
	return o
}

func (o *framedOrigin) serve(conn net.Conn, answer answering) {
	defer conn.Close()
	_, _ = io.ReadFull(conn, make([]byte, len(http2.ClientPreface)))
	f := http2.NewFramer(conn, conn)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = f.WriteSettings()
	for n := 0; ; {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			o.asked <- frame.PseudoValue("method")
			if n++; !answer(f, n, frame.StreamID) {
				return
			}
		}
	}
}

// head writes the head of an answer, with whatever fields.
func framedHead(f *http2.Framer, stream uint32, ends bool, fields ...string) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: ends})
}

// turnsDown are ways of an origin to not answer the second request on a connection.
var turnsDown = map[string]answering{
	"REFUSED_STREAM": func(f *http2.Framer, _ int, stream uint32) bool {
		return f.WriteRSTStream(stream, http2.ErrCodeRefusedStream) == nil
	},
	"GOAWAY": func(f *http2.Framer, _ int, _ uint32) bool { _ = f.WriteGoAway(1, http2.ErrCodeNo, nil); return false },
	"close":  func(*http2.Framer, int, uint32) bool { return false },
}

func TestHTTP2_WhatMayWriteIsSentOnce(t *testing.T) {
	requests := map[string]struct {
		text  string
		again bool
	}{
		"GET": {request("GET /"), true}, "HEAD": {request("HEAD /"), true}, "DELETE": {request("DELETE /"), false},
		"POST": {request("POST /", "Content-Length: 0"), false}, "PUT": {request("PUT /", "Content-Length: 3") + "abc", false},
	}
	onBoth(t, func(t *testing.T) {
		for name, turnDown := range turnsDown {
			for method, c := range requests {
				var turned atomic.Bool
				origin := startFramed(t, func(f *http2.Framer, n int, stream uint32) bool {
					if n == 2 && turned.CompareAndSwap(false, true) {
						return turnDown(f, n, stream)
					}
					framedHead(f, stream, true, ":status", "200")
					return true
				})
				e := startMultiplexed(t, origin.address, origin.certs.Certificate(), Options{})
				require.Equal(t, http.StatusOK, e.get(request("GET /first")).StatusCode)
				require.Equal(t, "GET", <-origin.asked)
				a := e.get(c.text)
				require.Equal(t, method, <-origin.asked)
				if c.again {
					require.Equal(t, http.StatusOK, a.StatusCode, "%s: %s", name, method)
					require.Equal(t, method, <-origin.asked)
				} else {
					require.Equal(t, http.StatusBadGateway, a.StatusCode, "%s: %s", name, method)
					require.Contains(t, a.body, "may have arrived")
				}
				e.Close()
				require.Empty(t, origin.asked, "%s: %s", name, method)
			}
		}
	})
}

// malformed are heads that are none, or would be another one as HTTP/1.1.
var malformed = map[string]struct {
	fields []string
	passes bool // it may, without what is wrong with it, for some versions of net/http remove that
}{
	"connection":              {[]string{":status", "200", "connection", "evil"}, true},
	"keep-alive":              {[]string{":status", "200", "keep-alive", "evil"}, true},
	"transfer-encoding":       {[]string{":status", "200", "transfer-encoding", "evil"}, true},
	"upgrade":                 {[]string{":status", "200", "upgrade", "evil"}, true},
	"proxy-connection":        {[]string{":status", "200", "proxy-connection", "evil"}, true},
	"two lengths":             {[]string{":status", "200", "content-length", "0", "content-length", "9"}, true},
	"a length with a sign":    {[]string{":status", "200", "content-length", "+9"}, true},
	"a list of lengths":       {[]string{":status", "200", "content-length", "0, 9"}, true},
	"switching protocols":     {[]string{":status", "101"}, false},
	"no status":               {[]string{"x-a", "b"}, false},
	"a status of one digit":   {[]string{":status", "2"}, false},
	"a status of four":        {[]string{":status", "2000"}, false},
	"a line end in a value":   {[]string{":status", "200", "x-a", "b\r\nx-evil: evil"}, false},
	"a space in a name":       {[]string{":status", "200", "x a", "evil"}, false},
	"capitals in a name":      {[]string{":status", "200", "X-A", "evil"}, false},
	"a pseudo-field too many": {[]string{":status", "200", ":path", "/"}, false},
}

func TestHTTP2_MalformedAnswersDoNoHarm(t *testing.T) {
	for name, c := range malformed {
		for _, ends := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " ", ends), func(t *testing.T) {
				onBoth(t, func(t *testing.T) {
					origin := startFramed(t, func(f *http2.Framer, _ int, stream uint32) bool {
						framedHead(f, stream, ends, c.fields...)
						return ends || f.WriteData(stream, true, []byte("ok")) == nil
					})
					e := startMultiplexed(t, origin.address, origin.certs.Certificate(), Options{})
					a := e.get(request("POST /", "Content-Length: 0"))
					require.NotContains(t, fmt.Sprint(a.Header, a.TransferEncoding), "evil")
					require.NotContains(t, a.Header["Content-Length"], "9")
					if !c.passes || a.StatusCode != http.StatusOK {
						require.Equal(t, http.StatusBadGateway, a.StatusCode)
						return
					}
					require.Equal(t, !ends, a.body == "ok")
				})
			})
		}
	}
}

func TestCheck_RefusesWhatWouldBeAnotherAnswerAsHTTP1(t *testing.T) {
	for _, header := range []http.Header{
		{"Connection": {"close"}}, {"Transfer-Encoding": {"chunked"}}, {"Upgrade": {"h2c"}}, {"Keep-Alive": {"a"}}, {"Proxy-Connection": {"a"}},
		{"Content-Length": {"1", "1"}}, {"Content-Length": {"+1"}}, {"Content-Length": {""}}, {"Content-Length": {}}, {"Content-Length": {"1, 1"}},
	} {
		require.ErrorIs(t, check(http.StatusOK, header), errMalformed, header)
	}
	require.NoError(t, check(http.StatusOK, http.Header{"Content-Length": {"12"}, "X-A": {"b"}}))
}

func TestHTTP2_AnswerThatBreaksOffIsNotTakenForWhole(t *testing.T) {
	onBoth(t, func(t *testing.T) {
		for _, length := range []string{"", "100"} {
			origin := startFramed(t, func(f *http2.Framer, _ int, stream uint32) bool {
				fields := []string{":status", "200"}
				if length != "" {
					fields = append(fields, "content-length", length)
				}
				framedHead(f, stream, false, fields...)
				_ = f.WriteData(stream, false, []byte("half"))
				return f.WriteRSTStream(stream, http2.ErrCodeInternal) == nil
			})
			e := startMultiplexed(t, origin.address, origin.certs.Certificate(), Options{})
			v := e.dial(request("GET /"))
			res, err := http.ReadResponse(v.r, nil)
			if err == nil {
				_, err = io.ReadAll(res.Body)
			}
			require.Error(t, err)
		}
	})
}

func TestNew_RefusesHTTP2WithoutTLS(t *testing.T) {
	legacy := closedOrigin(t)
	legacy.HTTP2 = true
	_, err := New(Options{Table: always(decided{}), Legacy: legacy})
	require.ErrorContains(t, err, "HTTP/2 needs an https address")
}
