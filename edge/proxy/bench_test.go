package proxy

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// BenchmarkProxy passes requests through on kept-alive connections, with access
// log and metrics on, beside the same without a proxy. Generator, proxy and
// origin share the machine.
func BenchmarkProxy(b *testing.B) {
	page := strings.Repeat("x", 2048)
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, page)
	}))
	defer origin.Close()
	address, err := url.Parse(origin.URL)
	if err != nil {
		b.Fatal(err)
	}
	for name, o := range map[string]Options{
		"legacy":     {Table: always(decided{})},
		"serverless": {Table: always(toServerless), Serverless: Serverless{Origin: Origin{URL: address}}},
		"handler":    {Table: always(toServerless), Serverless: Serverless{Handler: origin.Config.Handler}},
	} {
		b.Run(name, func(b *testing.B) {
			o.Legacy, o.Metrics = Origin{URL: address}, prometheus.NewRegistry()
			o.Logger = slog.New(slog.NewJSONHandler(io.Discard, nil))
			p, err := New(o)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			server := httptest.NewUnstartedServer(nil)
			server.Config = Server(p, Limits{}, nil)
			server.Start()
			defer server.Close()
			ask(b, server.Listener.Addr().String())
		})
	}
	b.Run("direct", func(b *testing.B) { ask(b, address.Host) })
}

// BenchmarkEngine is BenchmarkProxy's legacy and serverless on an Engine, which
// passes the request on as it stands.
func BenchmarkEngine(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	go answerAll(listener, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: sid=1; Path=/\r\nContent-Length: 2048\r\n\r\n"+strings.Repeat("x", 2048))
	address := &url.URL{Scheme: "http", Host: listener.Addr().String()}
	for name, o := range map[string]Options{
		"legacy":     {Table: always(decided{})},
		"serverless": {Table: always(toServerless), Serverless: Serverless{Origin: Origin{URL: address}}},
	} {
		b.Run(name, func(b *testing.B) {
			o.Legacy, o.Metrics = Origin{URL: address}, prometheus.NewRegistry()
			o.Logger = slog.New(slog.NewJSONHandler(io.Discard, nil))
			p, err := New(o)
			if err != nil {
				b.Fatal(err)
			}
			engine := NewEngine(p)
			front, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			go func() { _ = engine.Serve(front) }()
			defer engine.Close()
			ask(b, front.Addr().String())
		})
	}
}

// answerAll answers each request, which has no body, with the same bytes, and
// allocates nothing for it.
func answerAll(listener net.Listener, text string) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			buf := make([]byte, 4096)
			for n := 0; ; {
				m, err := conn.Read(buf[n:])
				if err != nil {
					return
				}
				if n += m; !bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
					continue
				}
				n = 0
				if _, err := io.WriteString(conn, text); err != nil {
					return
				}
			}
		}()
	}
}

// ask sends the same request again and again, on 32 connections.
func ask(b *testing.B, address string) {
	text := []byte(request("GET /shop/rods/muskie-casting-rod", "User-Agent: bench", "Accept: text/html", "Cookie: sid=1; banyan_visitor=v1"))
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		reader := bufio.NewReader(conn)
		for pb.Next() {
			if _, err := conn.Write(text); err != nil {
				b.Error(err)
				return
			}
			res, err := http.ReadResponse(reader, nil)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
		}
	})
}
