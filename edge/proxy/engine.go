package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Engine serves a Proxy on listeners, by an HTTP/1.1 of its own that is as
// strict as package http1 and takes no more system calls than it must:
//
//	accept → viewer.read → http1.Request → Table.Decide → pass | ServeHTTP
//
// A request that an origin is to answer, and that is there as a whole, is passed
// on at once, head to head, without an http.Request being made (pass.go).
// Everything else, such as a handler in this process, an upload that is still
// on its way, an upgrade, goes through Proxy.ServeHTTP. HTTP/2, which a
// TLS listener's handshake may have agreed on, is net/http's, before the same
// Proxy.
type Engine struct {
	proxy *Proxy
	log   *slog.Logger
	http2 *http.Server
	h2    *handover
	begun sync.Once // serving HTTP/2

	multiplexed atomic.Int64 // connections that speak it

	draining atomic.Bool
	mu       sync.Mutex
	ended    bool
	viewers  map[*viewer]struct{}
	open     map[net.Listener]struct{}
	serving  sync.WaitGroup // a count for each viewer
}

// NewEngine returns the engine of a proxy, with the proxy's limits.
func NewEngine(p *Proxy) *Engine {
	e := &Engine{proxy: p, log: p.log, viewers: map[*viewer]struct{}{}, open: map[net.Listener]struct{}{}, h2: newHandover()}
	e.http2 = Server(p, p.options.Limits, p.log)
	e.http2.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			e.multiplexed.Add(1)
		case http.StateClosed, http.StateHijacked:
			e.multiplexed.Add(-1)
		}
	}
	return e
}

// Serve accepts connections until the listener is closed, which Drain and Close
// do; then it returns http.ErrServerClosed. Connections may be TLS, in whatever
// state of their handshake.
func (e *Engine) Serve(l net.Listener) error {
	if !e.track(l) {
		_ = l.Close()
		return http.ErrServerClosed
	}
	defer e.untrack(l)
	var pause time.Duration
	for {
		conn, err := l.Accept()
		if err == nil {
			pause = 0
			e.admit(conn)
			continue
		}
		if e.stopped() {
			return http.ErrServerClosed
		}
		var temporary interface{ Temporary() bool }
		if !errors.As(err, &temporary) || !temporary.Temporary() {
			return err
		}
		// Too many open files, most likely: what is served goes on meanwhile.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		e.log.Warn("accept failed", "error", err.Error(), "again_in", pause.String())
		time.Sleep(pause)
	}
}

func (e *Engine) stopped() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ended || e.draining.Load()
}

func (e *Engine) track(l net.Listener) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended || e.draining.Load() {
		return false
	}
	e.open[l] = struct{}{}
	return true
}

func (e *Engine) untrack(l net.Listener) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, l)
}

// admit begins to serve a connection, or turns it away.
func (e *Engine) admit(conn net.Conn) {
	v := newViewer(e, conn)
	e.mu.Lock()
	full := len(e.viewers)+int(e.multiplexed.Load()) >= e.proxy.options.Limits.Connections && !e.closeIdle()
	if full || e.ended {
		e.mu.Unlock()
		e.proxy.metrics.refused(refusedFull)
		v.turnAway()
		return
	}
	e.viewers[v] = struct{}{}
	e.serving.Add(1)
	e.mu.Unlock()
	go v.serve()
}

// closeLook is how many connections are looked at to find one that rests.
const closeLook = 64

// closeIdle closes a connection to make room for a new one: of some that rest,
// whichever come first, the one that has rested longest. It reports whether
// there was one, and is called with the lock held.
func (e *Engine) closeIdle() bool {
	var oldest *viewer
	looked := 0
	for v := range e.viewers {
		if v.state.Load() == resting && (oldest == nil || v.since.Load() < oldest.since.Load()) {
			oldest = v
		}
		if looked++; looked == closeLook {
			break
		}
	}
	if oldest == nil || !oldest.retire() {
		return false
	}
	delete(e.viewers, oldest)
	return true
}

// forget takes a viewer out.
func (e *Engine) forget(v *viewer) {
	e.mu.Lock()
	delete(e.viewers, v)
	e.mu.Unlock()
	e.serving.Done()
}

// Drain stops accepting and shuts down without haste, as Proxy.Drain has it:
// connections that rest are closed, requests in hand finish, upgrades and event
// streams are ended once nothing else is left. What is still there when the
// context is done is cut off, and the error says so.
func (e *Engine) Drain(ctx context.Context) error {
	shut := make(chan error, 1)
	go func() { shut <- e.http2.Shutdown(ctx) }()
	e.draining.Store(true)
	e.closeListeners()
	ticker := time.NewTicker(drainCheck)
	defer ticker.Stop()
	var err error
	for waiting := shut; err == nil; {
		if waiting == nil && e.retireIdle() == 0 {
			break
		}
		select {
		case err = <-waiting:
			waiting = nil
		case <-ctx.Done():
			err = ctx.Err()
		case <-ticker.C:
			e.retireIdle()
			if e.proxy.working.Load() <= e.proxy.open.count() {
				e.proxy.open.end()
			}
		}
	}
	e.proxy.open.end()
	e.proxy.open.wait()
	return errors.Join(err, e.Close())
}

// retireIdle closes the connections that rest, and returns how many others
// there are.
func (e *Engine) retireIdle() (others int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for v := range e.viewers {
		if !v.retire() {
			others++
		}
	}
	return others
}

func (e *Engine) closeListeners() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.open {
		_ = l.Close()
	}
}

// Close closes everything at once, and returns when nothing is served any more.
// Its error is that of the access log, whose last lines are written here.
func (e *Engine) Close() error {
	e.draining.Store(true)
	e.closeListeners()
	e.mu.Lock()
	e.ended = true
	for v := range e.viewers {
		_ = v.conn.Close()
	}
	e.mu.Unlock()
	_ = e.http2.Close()
	e.h2.close()
	e.proxy.open.end()
	e.serving.Wait()
	e.proxy.Close()
	if log := e.proxy.options.AccessLog; log != nil {
		return log.Flush()
	}
	return nil
}

// handover is a listener that yields the connections on which HTTP/2 was
// agreed.
type handover struct {
	conns chan net.Conn
	once  sync.Once
	ended chan struct{}
}

func newHandover() *handover {
	return &handover{conns: make(chan net.Conn), ended: make(chan struct{})}
}

// Accept waits for the next connection.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.ended:
		return nil, net.ErrClosed
	}
}

// Close ends the listener.
func (h *handover) Close() error { h.close(); return nil }

func (h *handover) close() { h.once.Do(func() { close(h.ended) }) }

// Addr is nobody's address.
func (h *handover) Addr() net.Addr { return &net.TCPAddr{} }

// serveHTTP2 hands a connection over to net/http.
func (e *Engine) serveHTTP2(conn net.Conn) {
	e.begun.Do(func() { e.serving.Go(func() { _ = e.http2.Serve(e.h2) }) })
	e.h2.give(conn)
}

// give hands a connection over.
func (h *handover) give(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.ended:
		_ = conn.Close()
	}
}
