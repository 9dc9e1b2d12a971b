package replay

import "sync"

// hub is where shoppers wait for what becomes of their requests.
type hub struct {
	mu    sync.Mutex
	rooms map[string]*room // by the capture's id
}

// room holds those who wait for one capture.
type room struct {
	id      string
	waiting int
	ended   chan struct{}
	record  Record // once ended is closed
}

// enter waits for a capture, which need not be there yet.
func (h *hub) enter(id string) *room {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.rooms[id]
	if m == nil {
		if h.rooms == nil {
			h.rooms = make(map[string]*room)
		}
		m = &room{id: id, ended: make(chan struct{})}
		h.rooms[id] = m
	}
	m.waiting++
	return m
}

// leave stops waiting, and reports whether nobody else waits.
func (h *hub) leave(m *room) (last bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m.waiting--
	if m.waiting == 0 && h.rooms[m.id] == m {
		delete(h.rooms, m.id)
	}
	return m.waiting == 0
}

// end tells those who wait.
func (h *hub) end(r Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if m := h.rooms[r.ID]; m != nil {
		delete(h.rooms, r.ID)
		m.record = r
		close(m.ended)
	}
}

// waits reports whether somebody waits for a capture.
func (h *hub) waits(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rooms[id] != nil
}

// count returns for how many captures somebody waits.
func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.rooms)
}
