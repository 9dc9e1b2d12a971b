package local

import (
	"slices"
	"time"
)

// lane is what is known of one ordering key's orders that the cursor has
// passed: how many are in hand, and the parked ones in sequence. A key with
// neither has no lane.
type lane struct {
	key    string
	inHand int
	parked []parked
	batch  uint64 // the batch that its orders in hand belong to
	wake   parked // the head for which a wake is planned

	// A key with a long backlog has no more than MaxLane parked. The cursor
	// goes on without the rest, which is read again, from here on, once the
	// parked ones are gone.
	more bool
	tail int64 // the rest has higher sequence numbers than this
}

// knows reports whether an order that the cursor has passed is either parked
// here or not the lane's any more.
func (l *lane) knows(seq int64) bool { return !l.more || seq <= l.tail }

// hungry reports whether the rest is to be read.
func (l *lane) hungry() bool { return l.more && len(l.parked) == 0 }

// parked is an order that cannot be delivered yet.
type parked struct {
	seq int64
	due time.Time // zero: as soon as the key is free
}

func (l *lane) find(seq int64) (int, bool) {
	return slices.BinarySearchFunc(l.parked, seq, func(p parked, seq int64) int {
		return int(min(1, max(-1, p.seq-seq)))
	})
}

// park puts an order in its place; one that is there already stays as it is.
func (l *lane) park(p parked) (added bool) {
	i, there := l.find(p.seq)
	if !there {
		l.parked = slices.Insert(l.parked, i, p)
	}
	return !there
}

// takeDue takes up to max orders from the head of the lane, stopping at the
// first that is not due: what comes behind it waits for it.
func (l *lane) takeDue(max int, now time.Time) []int64 {
	var seqs []int64
	for _, p := range l.parked[:min(max, len(l.parked))] {
		if p.due.After(now) {
			break
		}
		seqs = append(seqs, p.seq)
	}
	l.parked = slices.Delete(l.parked, 0, len(seqs))
	return seqs
}

// wake says that a free lane's head is due at a time.
type wake struct {
	due  time.Time
	seq  int64
	lane *lane
}

// wakes is a heap, earliest due first, and of those the lowest sequence.
// Entries may be stale; see lanes.nextFree.
type wakes []wake

func (w wakes) Len() int { return len(w) }
func (w wakes) Less(i, j int) bool {
	if !w[i].due.Equal(w[j].due) {
		return w[i].due.Before(w[j].due)
	}
	return w[i].seq < w[j].seq
}
func (w wakes) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w *wakes) Push(x any)   { *w = append(*w, x.(wake)) }
func (w *wakes) Pop() any {
	last := len(*w) - 1
	x := (*w)[last]
	(*w)[last] = wake{}
	*w = (*w)[:last]
	return x
}
