package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"time"
)

// originPool keeps the connections to an origin that are idle, the one used
// last on top.
type originPool struct {
	mu     sync.Mutex
	idle   []*originConn
	timer  *time.Timer // closes those that have been idle for too long
	closed bool
}

// take returns an idle connection, or nil.
func (p *originPool) take() *originConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	c := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	return c
}

// put keeps a connection that is idle since now, if there is room.
func (p *originPool) put(c *originConn, now time.Duration) {
	limits := &c.origin.proxy.options.Limits
	c.rest = now
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= limits.OriginIdleConns {
		_ = c.Close()
		return
	}
	p.idle = append(p.idle, c)
	if p.timer == nil {
		p.timer = time.AfterFunc(limits.OriginIdle, func() { p.expire(c.origin) })
	}
}

// expire closes what has been idle for too long, and comes back for the rest.
func (p *originPool) expire(g *origin) {
	now, limit := g.proxy.mono(), g.proxy.options.Limits.OriginIdle
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = slices.DeleteFunc(p.idle, func(c *originConn) bool {
		old := now-c.rest >= limit
		if old {
			_ = c.Close()
		}
		return old
	})
	p.timer = nil
	if len(p.idle) > 0 && !p.closed {
		oldest := p.idle[0].rest
		for _, c := range p.idle {
			oldest = min(oldest, c.rest)
		}
		p.timer = time.AfterFunc(oldest+limit-now, func() { p.expire(g) })
	}
}

// drop closes all that is idle.
func (p *originPool) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		_ = c.Close()
	}
	p.idle = nil
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}

// connect returns an idle connection or a new one. Its error means that not one
// byte was sent.
func (g *origin) connect(ctx context.Context, now time.Duration) (*originConn, error) {
	limit := g.proxy.options.Limits.OriginIdle
	for c := g.pool.take(); c != nil; c = g.pool.take() {
		if now-c.rest < limit {
			return c, nil
		}
		_ = c.Close()
	}
	return g.dial(ctx)
}

// dial makes a connection.
func (g *origin) dial(ctx context.Context) (*originConn, error) {
	connect := g.proxy.options.Limits.Connect
	dialer := net.Dialer{Timeout: connect, KeepAlive: keepAliveProbe}
	conn, err := dialer.DialContext(ctx, "tcp", g.address)
	if err != nil {
		return nil, &unreachedError{err}
	}
	if g.secure == nil {
		return newOriginConn(g, conn), nil
	}
	secure := tls.Client(conn, g.secure)
	ctx, cancel := context.WithTimeout(ctx, connect)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, &unreachedError{err}
	}
	return newOriginConn(g, secure), nil
}
