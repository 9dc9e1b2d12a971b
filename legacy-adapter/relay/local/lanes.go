package local

import (
	"container/heap"
	"slices"
	"sync"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// lanes are the lanes of all keys. Its methods may be called at any time by
// Settle and by the one Receive that looks.
type lanes struct {
	mu      sync.Mutex
	limit   int // of parked
	most    int // of parked, of one key
	byKey   map[string]*lane
	long    map[*lane]struct{} // those that have more than they know
	inHand  map[int64]*lane
	parked  int
	wakes   wakes
	batch   uint64             // number of the batch being put together
	settled map[int64]struct{} // during a scan: settled since it began; else nil
}

func (l *lanes) init(limit, most int) {
	l.limit, l.most = limit, most
	l.long = make(map[*lane]struct{})
	l.byKey = make(map[string]*lane)
	l.inHand = make(map[int64]*lane)
}

// beginBatch starts a new batch: lanes in hand so far belong to earlier ones.
func (l *lanes) beginBatch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batch++
}

// full reports whether the cursor has to stop.
func (l *lanes) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.parked >= l.limit
}

func (l *lanes) lane(key string) *lane {
	found, ok := l.byKey[key]
	if !ok {
		found = &lane{key: key}
		l.byKey[key] = found
	}
	return found
}

// admit takes an order that the cursor passes: in hand, as part of the batch
// being put together, or parked.
func (l *lanes) admit(q order.Queued, now time.Time) (taken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lane := l.lane(q.Order.OrderingKey())
	elsewhere := lane.inHand > 0 && lane.batch != l.batch
	if !elsewhere && len(lane.parked) == 0 && !lane.more && !q.DueAt.After(now) {
		l.take(lane, q.Seq)
		return true
	}
	switch {
	case lane.more: // behind what is left out already
	case len(lane.parked) >= l.room():
		l.leaveOut(lane, q.Seq-1)
	default:
		l.park(lane, parked{q.Seq, q.DueAt})
	}
	return false
}

func (l *lanes) take(lane *lane, seq int64) {
	lane.inHand++
	lane.batch = l.batch
	l.inHand[seq] = lane
}

func (l *lanes) park(lane *lane, p parked) {
	if lane.park(p) {
		l.parked++
	}
	l.wakeIfFree(lane)
}

// wakeIfFree plans when a lane with nothing in hand is looked at, and drops a
// lane that is empty.
func (l *lanes) wakeIfFree(lane *lane) {
	switch {
	case lane.inHand > 0:
	case lane.hungry():
	case len(lane.parked) == 0:
		delete(l.byKey, lane.key)
	case lane.wake != lane.parked[0]:
		lane.wake = lane.parked[0]
		heap.Push(&l.wakes, wake{lane.wake.due, lane.wake.seq, lane})
	}
}

// nextFree returns the free lane whose head is due first, without the entries
// of lanes that were taken or changed since they were planned.
func (l *lanes) nextFree() (wake, bool) {
	for len(l.wakes) > 0 {
		w := l.wakes[0]
		planned := parked{w.seq, w.due}
		if w.lane.inHand == 0 && len(w.lane.parked) > 0 && w.lane.parked[0] == planned {
			return w, true
		}
		heap.Pop(&l.wakes)
		if w.lane.wake == planned {
			w.lane.wake = parked{}
		}
	}
	return wake{}, false
}

// nextDue is when the next parked order is due, if any is known.
func (l *lanes) nextDue() (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.nextFree()
	return w.due, ok
}

// takeDue takes up to max parked orders that are due in hand, and returns
// their sequence numbers in order.
func (l *lanes) takeDue(max int, now time.Time) []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	var seqs []int64
	for len(seqs) < max {
		w, ok := l.nextFree()
		if !ok || w.due.After(now) {
			break
		}
		taken := w.lane.takeDue(max-len(seqs), now)
		for _, seq := range taken {
			l.take(w.lane, seq)
		}
		l.parked -= len(taken)
		seqs = append(seqs, taken...)
	}
	slices.Sort(seqs)
	return seqs
}

// putBack parks orders again that were taken but could not be read.
func (l *lanes) putBack(seqs []int64, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, seq := range seqs {
		l.leaveHand(seq, &parked{seq, now})
	}
}

// forget drops an order that was taken but does not wait any more.
func (l *lanes) forget(seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaveHand(seq, nil)
}

// settle ends the deliveries of orders in hand: deferred ones are parked, the
// others are gone.
func (l *lanes) settle(settlements []order.Settlement) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range settlements {
		var again *parked
		if s.Disposition == order.DispositionDeferred {
			again = &parked{s.Seq, s.DueAt}
		}
		l.leaveHand(s.Seq, again)
		if l.settled != nil {
			l.settled[s.Seq] = struct{}{}
		}
	}
}

func (l *lanes) leaveHand(seq int64, again *parked) {
	lane, ok := l.inHand[seq]
	if !ok {
		return
	}
	delete(l.inHand, seq)
	lane.inHand--
	if again != nil && lane.park(*again) {
		l.parked++
	}
	l.wakeIfFree(lane)
}

// beginScan starts a look at the queue below the cursor. The page that is read
// may be older than a settlement made meanwhile, so those are noted.
func (l *lanes) beginScan() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = make(map[int64]struct{})
}

// endScan parks the orders of a page that are neither in hand nor parked. It
// returns false where not all could be, for want of room.
func (l *lanes) endScan(page []order.Queued) (all bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	settled := l.settled
	l.settled = nil
	for _, q := range page {
		_, held := l.inHand[q.Seq]
		_, ended := settled[q.Seq]
		lane := l.byKey[q.Order.OrderingKey()]
		if held || ended || lane != nil && !lane.knows(q.Seq) {
			continue
		}
		if l.parked >= 2*l.limit {
			return false
		}
		l.park(l.lane(q.Order.OrderingKey()), parked{q.Seq, q.DueAt})
	}
	return true
}
