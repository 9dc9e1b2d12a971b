package replay

import "sync"

// hands are the sessions that are being worked on: one capture of each at a
// time, and so many at most for which nobody waits.
type hands struct {
	mu      sync.Mutex
	busy    map[string]bool // by session; true where it takes one of the free hands
	drains  int
	most    int
	changed chan struct{} // cap 1: one was put down, or there is something to look at
	work    sync.WaitGroup
	closed  bool
}

func newHands(most int) *hands {
	return &hands{busy: make(map[string]bool), most: most, changed: make(chan struct{}, 1)}
}

// take reports whether the session could be taken in hand.
func (h *hands) take(session string, drain bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, busy := h.busy[session]; busy || h.closed || drain && h.drains >= h.most {
		return false
	}
	h.busy[session] = drain
	if drain {
		h.drains++
	}
	h.work.Add(1)
	return true
}

// put puts a session down.
func (h *hands) put(session string) {
	h.mu.Lock()
	if h.busy[session] {
		h.drains--
	}
	delete(h.busy, session)
	h.mu.Unlock()
	h.signal()
	h.work.Done()
}

// signal has the loop look again.
func (h *hands) signal() {
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

// count returns how many sessions are in hand.
func (h *hands) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.busy)
}

// close lets nothing more be taken.
func (h *hands) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
}
