package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Bounds of HTTP/2 towards an origin, beside those of limits.go.
const (
	streamWindow = 512 << 10   // of an answer that its viewer has not taken yet
	disagreement = time.Minute // for which an origin that did not agree to HTTP/2 is not asked to again
)

// multiplex keeps the HTTP/2 connections to an origin. Each carries as many
// requests at once as the origin takes; one more dials another.
type multiplex struct {
	origin    *origin
	transport *http.Transport

	mu      sync.Mutex
	conns   []*http.ClientConn
	dialing *flight       // nil: nobody is
	plain   time.Duration // until when the origin is taken to speak HTTP/1.1 only
}

// flight is a connection that is being made, for all who wait for one.
type flight struct {
	done chan struct{}
	err  error
}

// errDisagreed says that the origin would rather speak HTTP/1.1.
var errDisagreed = errors.New("HTTP/2 was not agreed on")

func newMultiplex(g *origin) *multiplex {
	limits := &g.proxy.options.Limits
	m := &multiplex{origin: g}
	m.transport = &http.Transport{
		DialTLSContext:         m.handshake,
		Protocols:              new(http.Protocols),
		DisableCompression:     true,
		ExpectContinueTimeout:  continueWait,
		IdleConnTimeout:        limits.OriginIdle,
		MaxResponseHeaderBytes: originHeaderBytes,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream: streamWindow,
			SendPingTimeout:           keepAliveProbe,
			PingTimeout:               limits.Connect,
		},
	}
	m.transport.Protocols.SetHTTP2(true)
	return m
}

// agreed reports whether the origin has not lately turned HTTP/2 down.
func (m *multiplex) agreed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.origin.proxy.mono() >= m.plain
}

// connect returns a connection with room for a request, which is reserved, and
// whether it was there already; nil where the origin speaks HTTP/1.1. Its error
// means that not one byte was sent.
func (m *multiplex) connect(ctx context.Context) (conn *http.ClientConn, kept bool, err error) {
	for kept = true; m.agreed(); kept = false {
		m.mu.Lock()
		if conn := m.take(); conn != nil {
			m.mu.Unlock()
			return conn, kept, nil
		}
		f := m.dialing
		if f == nil {
			f = &flight{done: make(chan struct{})}
			m.dialing = f
			go m.dial(f)
		}
		m.mu.Unlock()
		select {
		case <-f.done:
			if f.err != nil {
				return nil, false, &unreachedError{f.err}
			}
		case <-ctx.Done():
			return nil, false, &unreachedError{ctx.Err()}
		}
	}
	return nil, false, nil
}

// take reserves a place on a connection, or returns nil. It is called with the
// lock held.
func (m *multiplex) take() *http.ClientConn {
	m.conns = slices.DeleteFunc(m.conns, func(c *http.ClientConn) bool { return c.Err() != nil })
	for _, conn := range m.conns {
		if conn.Reserve() == nil {
			return conn
		}
	}
	return nil
}

// dial makes a connection, for nobody in particular.
func (m *multiplex) dial(f *flight) {
	conn, err := m.transport.NewClientConn(context.Background(), "https", m.origin.address)
	m.mu.Lock()
	defer m.mu.Unlock()
	defer close(f.done)
	m.dialing = nil
	switch {
	case errors.Is(err, errDisagreed):
		m.plain = m.origin.proxy.mono() + disagreement
	case err != nil:
		f.err = err
	default:
		m.conns = append(m.conns, conn)
	}
}

// handshake connects, and offers both versions.
func (m *multiplex) handshake(ctx context.Context, network, address string) (net.Conn, error) {
	limit := m.origin.proxy.options.Limits.Connect
	dialer := net.Dialer{Timeout: limit, KeepAlive: keepAliveProbe}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	offer := m.origin.secure.Clone()
	offer.NextProtos = []string{"h2", "http/1.1"}
	secure := tls.Client(conn, offer)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = secure.HandshakeContext(ctx)
	if err == nil && secure.ConnectionState().NegotiatedProtocol != "h2" {
		err = errDisagreed
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// drop closes the connections that are idle, and the others when they are.
func (m *multiplex) drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, conn := range m.conns {
		if conn.InFlight() == 0 {
			_ = conn.Close()
			continue
		}
		conn.SetStateHook(func(c *http.ClientConn) {
			if c.InFlight() == 0 {
				go func() { _ = c.Close() }()
			}
		})
	}
	m.conns = nil
}
