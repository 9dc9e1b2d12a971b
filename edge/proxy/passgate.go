package proxy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// gate lets go of the origin's connection when the viewer hangs up. From within
// the viewer's wait nobody watches for that, and it costs nothing.
type gate struct {
	watched bool
	gone    atomic.Bool
	mu      sync.Mutex
	conn    *originConn
	ctx     context.Context
	cancel  context.CancelFunc
}

// watch begins to keep the gate, over the connection that is asked now.
func (g *gate) watch(conn *originConn) {
	g.watched, g.conn = true, conn
	g.ctx, g.cancel = context.WithCancel(context.Background())
}

// connect connects to an origin.
func (g *gate) connect(o *origin, now time.Duration) (*originConn, error) {
	if !g.watched {
		return o.connect(noContext, now)
	}
	conn, err := o.connect(g.ctx, now)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	g.conn = conn
	g.mu.Unlock()
	if g.gone.Load() {
		_ = conn.Close()
	}
	return conn, nil
}

// shut is called when the viewer is gone.
func (g *gate) shut() {
	g.gone.Store(true)
	g.cancel()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.conn != nil {
		_ = g.conn.Close()
	}
}

// leave takes the connection out of the gate, and reports whether it is
// untouched.
func (g *gate) leave() bool {
	if !g.watched {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conn = nil
	return !g.gone.Load()
}

// finishPass goes on with a pass whose origin takes its time, and watches the
// viewer meanwhile.
func (v *viewer) finishPass() verdict {
	g := &v.pass.gate
	g.watch(v.pass.conn)
	v.startWatch(g.shut)
	defer g.cancel()
	return v.pass.run()
}

var noContext = context.Background()
