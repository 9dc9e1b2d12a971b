package edgetest

import (
	"bufio"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/edge/proxy"
)

// listening is an origin that does with each connection what it is told.
type listening struct {
	listener net.Listener
	open     sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// startListener starts an origin; a connection is closed when serve returns.
func startListener(t *testing.T, serve func(io.ReadWriteCloser)) *listening {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o := &listening{listener: listener}
	o.open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			o.mu.Lock()
			o.conns = append(o.conns, conn)
			o.mu.Unlock()
			o.open.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(o.close)
	return o
}

func (o *listening) close() {
	_ = o.listener.Close()
	o.mu.Lock()
	for _, c := range o.conns {
		_ = c.Close()
	}
	o.mu.Unlock()
	o.open.Wait()
}

// count returns how many connections there have been.
func (o *listening) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.conns)
}

func (o *listening) origin() proxy.Origin {
	return proxy.Origin{URL: &url.URL{Scheme: "http", Host: o.listener.Addr().String()}}
}

// bufioOf returns r as it is where it is buffered already.
func bufioOf(r io.Reader) *bufio.Reader {
	if buffered, ok := r.(*bufio.Reader); ok {
		return buffered
	}
	return bufio.NewReader(r)
}
