package local_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/local"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/relaytest"
)

// delivery watches a source: which orders are in hand, and which ended.
type delivery struct {
	t     *rapid.T
	queue *relaytest.Queue
	src   *local.Source
	hands [][]order.Queued
	ended map[int64]bool
	put   int

	roused time.Time // what is due later may come from then on
}

// receive takes a batch, if one is due, and checks it against the rules.
func (d *delivery) receive(max int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	batch, err := d.src.Receive(ctx, max)
	if err != nil {
		return false
	}
	if len(batch) == 0 || len(batch) > max {
		d.t.Fatalf("%d orders where at most %d were asked for", len(batch), max)
	}
	here := make(map[string]int64)
	for _, q := range batch {
		key := q.Order.OrderingKey()
		if q.DueAt.After(time.Now()) && d.roused.IsZero() {
			d.t.Fatalf("order %d came before it was due", q.Seq)
		}
		if d.ended[q.Seq] {
			d.t.Fatalf("order %d came again after it had ended", q.Seq)
		}
		if q.Seq < here[key] {
			d.t.Fatalf("order %d came after %d of the same customer", q.Seq, here[key])
		}
		here[key] = q.Seq
		for _, hand := range d.hands {
			for _, other := range hand {
				if other.Order.OrderingKey() == key {
					d.t.Fatalf("order %d came while %d of the same customer was in another hand", q.Seq, other.Seq)
				}
			}
		}
	}
	d.noneSkipped(batch)
	d.hands = append(d.hands, batch)
	return true
}

// noneSkipped checks that nothing that still waits came before an order of the
// same customer that is delivered now.
func (d *delivery) noneSkipped(batch []order.Queued) {
	now := make(map[int64]bool)
	last := make(map[string]int64)
	for _, q := range batch {
		now[q.Seq] = true
		last[q.Order.OrderingKey()] = q.Seq
	}
	waiting, _ := d.queue.Waiting(context.Background(), 0, d.put)
	for _, w := range waiting {
		if !now[w.Seq] && !d.redriven(w) && w.Seq < last[w.Order.OrderingKey()] {
			d.t.Fatalf("order %d was passed over for %d of the same customer", w.Seq, last[w.Order.OrderingKey()])
		}
	}
}

// redriven orders were dead letters once, and have lost their place.
func (d *delivery) redriven(w order.Queued) bool {
	for _, s := range d.queue.Told() {
		if s.Seq == w.Seq && s.Disposition == order.DispositionRejected {
			return true
		}
	}
	return false
}

// settle ends a hand: orders end until one is deferred, of each customer.
func (d *delivery) settle(n int) {
	hand := d.hands[n]
	d.hands = append(d.hands[:n:n], d.hands[n+1:]...)
	settlements := make([]order.Settlement, len(hand))
	deferred := make(map[string]bool)
	for i, q := range hand {
		word := rapid.SampledFrom([]order.Disposition{0, 0, 0, 1, 2, 3}).Draw(d.t, "disposition")
		if deferred[q.Order.OrderingKey()] {
			word = order.DispositionDeferred
		}
		s := order.Settlement{Seq: q.Seq, OrderID: q.Order.ID, Disposition: word}
		if word == order.DispositionDeferred {
			deferred[q.Order.OrderingKey()] = true
			s.DueAt = time.Now().Add(time.Duration(rapid.IntRange(0, 60).Draw(d.t, "seconds")) * time.Second)
		} else {
			d.ended[q.Seq] = true
		}
		settlements[i] = s
	}
	if err := d.src.Settle(context.Background(), settlements); err != nil {
		d.t.Fatal(err)
	}
}

func (d *delivery) redriveOne() {
	for seq := range d.queue.Dead() {
		delete(d.ended, seq)
		d.queue.Redrive(seq)
		return
	}
}

// TestSource_KeepsEveryCustomersSequenceWhateverHappens drives a source with
// arrivals, deliveries, deferrals, rejections and redrives in any order.
func TestSource_KeepsEveryCustomersSequenceWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(*testing.T) {
			q := relaytest.NewQueue()
			limit, most := rapid.IntRange(1, 50).Draw(rt, "limit"), rapid.IntRange(1, 20).Draw(rt, "most of one customer")
			d := &delivery{t: rt, queue: q, src: local.New(q, local.Options{MaxParked: limit, MaxLane: most}), ended: make(map[int64]bool)}
			for range rapid.IntRange(1, 80).Draw(rt, "steps") {
				d.step()
			}
			d.finish()
		})
	})
}

func (d *delivery) step() {
	switch rapid.SampledFrom([]string{"put", "put", "receive", "receive", "settle", "wait", "redrive", "rouse"}).Draw(d.t, "step") {
	case "put":
		customer := fmt.Sprint(rapid.IntRange(0, 4).Draw(d.t, "customer"))
		d.queue.Put(relaytest.OrderOf(customer, d.put))
		d.put++
	case "receive":
		d.receive(rapid.IntRange(1, 5).Draw(d.t, "max"))
	case "settle":
		if len(d.hands) > 0 {
			d.settle(rapid.IntRange(0, len(d.hands)-1).Draw(d.t, "hand"))
		}
	case "wait":
		time.Sleep(time.Duration(rapid.IntRange(0, 90).Draw(d.t, "seconds")) * time.Second)
	case "redrive":
		d.redriveOne()
	case "rouse":
		d.src.Rouse()
		d.roused = time.Now()
	}
}

// finish writes whatever is left, and requires that nothing is.
func (d *delivery) finish() {
	for range 10*d.put + 100 {
		time.Sleep(time.Minute)
		for d.receive(10) {
		}
		for _, hand := range d.hands {
			for _, q := range hand {
				_ = d.src.Settle(context.Background(), []order.Settlement{{Seq: q.Seq, OrderID: q.Order.ID}})
				d.ended[q.Seq] = true
			}
		}
		d.hands = nil
		if d.queue.Len() == 0 {
			return
		}
	}
	d.t.Fatalf("%d orders were never delivered", d.queue.Len())
}

// endless is a queue of any length that is in nobody's memory. Every second
// order is of one and the same customer.
type endless struct{ length int64 }

func (endless) Arrived() <-chan struct{}                         { return nil }
func (endless) Settle(context.Context, []order.Settlement) error { return nil }
func (e endless) Waiting(_ context.Context, after int64, limit int) ([]order.Queued, error) {
	var page []order.Queued
	for seq := after + 1; seq <= e.length && len(page) < limit; seq++ {
		q := order.Queued{Seq: seq}
		q.Order.Customer.Email = "whale@example.com"
		if seq%2 == 0 {
			q.Order.Customer.Email = strconv.FormatInt(seq, 10) + "@example.com"
		}
		page = append(page, q)
	}
	return page, nil
}

// TestSource_MemoryIsFlatWhileAMillionOrdersWait has half a million orders of a
// customer whose first one is never settled, and as many of others.
func TestSource_MemoryIsFlatWhileAMillionOrdersWait(t *testing.T) {
	src := local.New(endless{1_000_000}, local.Options{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	received := 0
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		batch, err := src.Receive(ctx, 1000)
		cancel()
		if err != nil {
			break // nothing is left that may go
		}
		received += len(batch)
		var settled []order.Settlement
		for _, q := range batch {
			if q.Seq > 1 { // the whale's first order stays in hand
				settled = append(settled, order.Settlement{Seq: q.Seq})
			}
		}
		require.NoError(t, src.Settle(t.Context(), settled))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.GreaterOrEqual(t, received, 500_000, "nobody waits for the whale")
	require.Less(t, received, 502_000)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(4<<20))
	runtime.KeepAlive(src)
}

// TestSource_ALongBacklogOfOneCustomerIsDeliveredWholeAndInSequence has a
// customer with far more orders than are kept in mind, and others in between.
func TestSource_ALongBacklogOfOneCustomerIsDeliveredWholeAndInSequence(t *testing.T) {
	const length = 6_000
	q := relaytest.NewQueue()
	for n := range length {
		customer := "whale"
		if n%10 == 0 {
			customer = fmt.Sprint(n)
		}
		q.Put(relaytest.OrderOf(customer, n))
	}
	src := local.New(q, local.Options{})
	last, others := int64(0), 0
	for received := 0; received < length; {
		batch, err := src.Receive(t.Context(), 10)
		require.NoError(t, err)
		received += len(batch)
		var settled []order.Settlement
		for _, o := range batch {
			if o.Order.OrderingKey() == relaytest.OrderOf("whale", 0).OrderingKey() {
				require.Greater(t, o.Seq, last, "in sequence")
				last = o.Seq
			} else {
				others++
			}
			settled = append(settled, order.Settlement{Seq: o.Seq, OrderID: o.Order.ID})
		}
		require.NoError(t, src.Settle(t.Context(), settled))
	}
	require.Equal(t, length/10, others)
	require.Zero(t, q.Len())
}

func TestSource_ManyCustomersWithLongBacklogsHoldNobodyUp(t *testing.T) {
	const whales, backlog = 40, 30
	q := relaytest.NewQueue()
	n := 0
	for range backlog {
		for whale := range whales {
			q.Put(relaytest.OrderOf(fmt.Sprint("whale", whale), n))
			n++
		}
	}
	q.Put(relaytest.OrderOf("ann", n))
	src := local.New(q, local.Options{MaxParked: 200, MaxLane: 25})
	first, err := src.Receive(t.Context(), whales) // stays in hand
	require.NoError(t, err)
	require.Len(t, first, whales)
	batch, err := src.Receive(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, batch, 1)
	require.EqualValues(t, n+1, batch[0].Seq)
}
