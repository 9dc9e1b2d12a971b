package sqs

import (
	"sync"
	"time"
)

// heart calls beat now and then for as long as it returns true.
type heart struct {
	beat  func() bool
	every time.Duration

	mu      sync.RWMutex // held while it beats; shared by those who keep it from beating
	timer   *time.Timer
	beating bool
	stopped bool
	starts  sync.Mutex // guards timer, beating and stopped
}

// start sees to it that the heart beats.
func (h *heart) start() {
	h.starts.Lock()
	defer h.starts.Unlock()
	if h.beating || h.stopped {
		return
	}
	h.beating = true
	if h.timer == nil {
		h.timer = time.AfterFunc(h.every, h.strike)
		return
	}
	h.timer.Reset(h.every)
}

func (h *heart) strike() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.starts.Lock()
	stopped := h.stopped
	h.beating = false // a start from here on is not missed
	h.starts.Unlock()
	if !stopped && h.beat() {
		h.start()
	}
}

// hold keeps the heart from beating until resume is called.
func (h *heart) hold() (resume func()) {
	h.mu.RLock()
	return h.mu.RUnlock
}

// stop ends it for good, and waits where it is beating.
func (h *heart) stop() {
	h.starts.Lock()
	h.stopped = true
	if h.timer != nil {
		h.timer.Stop()
	}
	h.starts.Unlock()
	h.mu.Lock() // until a beat under way has ended
	defer h.mu.Unlock()
}
