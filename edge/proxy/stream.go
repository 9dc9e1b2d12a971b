package proxy

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// eventStreamType is what server-sent events are sent as.
const eventStreamType = "text/event-stream"

// drainCheck is how often Drain looks whether only streams are left.
const drainCheck = 20 * time.Millisecond

// Drain shuts the server down without haste: requests in hand finish; upgrades
// and event streams, which would not, are ended once nothing else is left. What
// is still there when the context is done is cut off, and the error says so.
func (p *Proxy) Drain(ctx context.Context, server *http.Server) error {
	shut := make(chan error, 1)
	go func() { shut <- server.Shutdown(ctx) }()
	ticker := time.NewTicker(drainCheck)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if p.working.Load() <= p.open.count() {
				p.open.end()
			}
		case err := <-shut:
			if err != nil {
				_ = server.Close()
			}
			p.open.end()
			p.open.wait()
			p.Close()
			return err
		}
	}
}

// streams are the upgrades and event streams that are open.
type streams struct {
	mu    sync.Mutex
	open  map[io.Closer]struct{}
	ended bool
	gone  sync.WaitGroup
}

// add takes a stream in. After the end it is closed at once.
func (s *streams) add(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		_ = c.Close()
		return
	}
	if s.open == nil {
		s.open = map[io.Closer]struct{}{}
	}
	s.open[c] = struct{}{}
	s.gone.Add(1)
}

// remove lets a stream go.
func (s *streams) remove(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.open[c]; ok {
		delete(s.open, c)
		s.gone.Done()
	}
}

// count returns how many are open.
func (s *streams) count() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.open))
}

// end closes all streams; wait returns when the last has gone.
func (s *streams) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for c := range s.open {
		_ = c.Close()
	}
}

func (s *streams) wait() { s.gone.Wait() }

// eventStream is the body of an event stream from an origin. Ended by the edge
// it ends properly, as if the origin had; a browser then connects again.
type eventStream struct {
	io.ReadCloser
	streams *streams
	ended   atomic.Bool
}

// watch takes an event stream in.
func (s *streams) watch(body io.ReadCloser) io.ReadCloser {
	e := &eventStream{ReadCloser: body, streams: s}
	s.add((*endedStream)(e))
	return e
}

// Read reads on until the origin ends the stream, or the edge does.
func (e *eventStream) Read(piece []byte) (int, error) {
	n, err := e.ReadCloser.Read(piece)
	if err != nil && e.ended.Load() {
		err = io.EOF
	}
	return n, err
}

// Close lets the stream go.
func (e *eventStream) Close() error {
	e.streams.remove((*endedStream)(e))
	return e.ReadCloser.Close()
}

// endedStream is an event stream as seen by who ends it.
type endedStream eventStream

// Close ends the stream: whoever reads it comes to its end.
func (e *endedStream) Close() error {
	e.ended.Store(true)
	return e.ReadCloser.Close()
}
