package local

import (
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// room is how many orders of one key may be parked. Once half of what there is
// room for is taken it is a few only, so that many keys with long backlogs do
// not fill it up together.
func (l *lanes) room() int {
	if 2*l.parked < l.limit {
		return l.most
	}
	return max(1, l.most/crowdedShare)
}

// crowdedShare divides MaxLane where there are many long backlogs.
const crowdedShare = 25

// leaveOut notes that a lane's orders after tail are not parked.
func (l *lanes) leaveOut(lane *lane, tail int64) {
	lane.more, lane.tail = true, tail
	l.long[lane] = struct{}{}
}

// hungry returns a lane whose parked orders are gone and that has more, and
// from where on they are.
func (l *lanes) hungry() (found *lane, after int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for lane := range l.long { // in no order, so that each has its turn
		if lane.hungry() {
			return lane, lane.tail
		}
	}
	return nil, 0
}

// feed parks what a page of the queue, read from a lane's tail on, has of the
// lane. last is the end of what the cursor has passed, or of the page.
func (l *lanes) feed(lane *lane, page []order.Queued, last int64, end bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range page {
		switch {
		case q.Seq > last || q.Order.OrderingKey() != lane.key:
			continue
		case len(lane.parked) >= l.room():
			lane.tail = q.Seq - 1
			l.wakeIfFree(lane)
			return
		case lane.park(parked{q.Seq, q.DueAt}):
			l.parked++
		}
	}
	lane.tail = last
	if end {
		lane.more = false
		delete(l.long, lane)
	}
	l.wakeIfFree(lane)
}

// rouse makes everything that is parked due as soon as its key is free.
func (l *lanes) rouse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lane := range l.byKey {
		for i := range lane.parked {
			lane.parked[i].due = time.Time{}
		}
		l.wakeIfFree(lane)
	}
}

// hasten makes the free lane that is due first due now.
func (l *lanes) hasten(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.nextFree()
	if !ok || !w.due.After(now) {
		return
	}
	for i, p := range w.lane.parked {
		if !p.due.After(w.due) {
			w.lane.parked[i].due = now
		}
	}
	l.wakeIfFree(w.lane)
}
