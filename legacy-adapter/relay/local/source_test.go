package local_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/local"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/relaytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ relay.Source = (*local.Source)(nil)

// bench is a queue with a source on it, in a bubble where time is made up.
type bench struct {
	t      *testing.T
	queue  *relaytest.Queue
	source *local.Source
}

func inBubble(t *testing.T, o local.Options, test func(b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		q := relaytest.NewQueue()
		test(&bench{t, q, local.New(q, o)})
	})
}

func (b *bench) receive(max int) []order.Queued {
	b.t.Helper()
	batch, err := b.source.Receive(b.t.Context(), max)
	require.NoError(b.t, err)
	return batch
}

// nothing requires that no order is due within d.
func (b *bench) nothing(d time.Duration) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), d)
	defer cancel()
	batch, err := b.source.Receive(ctx, 100)
	require.ErrorIs(b.t, err, context.DeadlineExceeded, "%v", seqs(batch))
}

func (b *bench) settle(d order.Disposition, batch ...order.Queued) {
	b.t.Helper()
	b.settleAt(d, time.Time{}, batch...)
}

func (b *bench) settleAt(d order.Disposition, due time.Time, batch ...order.Queued) {
	b.t.Helper()
	settlements := make([]order.Settlement, len(batch))
	for i, q := range batch {
		settlements[i] = order.Settlement{Seq: q.Seq, OrderID: q.Order.ID, Disposition: d, At: time.Now(), DueAt: due}
	}
	require.NoError(b.t, b.source.Settle(b.t.Context(), settlements))
}

func seqs(batch []order.Queued) []int64 {
	out := make([]int64, len(batch))
	for i, q := range batch {
		out[i] = q.Seq
	}
	return out
}

func TestSource_WaitsForAnOrderAndReturnsNoMoreThanAsked(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.nothing(time.Hour)
		go func() {
			time.Sleep(time.Minute)
			b.queue.Put(relaytest.Orders(5)...)
		}()
		require.Equal(t, []int64{1, 2, 3}, seqs(b.receive(3)))
		require.Equal(t, []int64{4, 5}, seqs(b.receive(3)))
		b.nothing(time.Hour)
	})
}

func TestSource_OrdersOfOneCustomerComeInSequence(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.OrderOf("ann", 0), relaytest.OrderOf("bob", 1), relaytest.OrderOf("ann", 2), relaytest.OrderOf("ann", 3))
		first := b.receive(2)
		require.Equal(t, []int64{1, 2}, seqs(first))
		b.nothing(time.Hour) // Ann's first order is in hand
		b.settle(order.DispositionWritten, first[0])
		require.Equal(t, []int64{3, 4}, seqs(b.receive(10)), "several of one customer may be in one batch")
	})
}

func TestSource_ARejectedOrderLetsTheNextOfItsCustomerGo(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.OrderOf("ann", 0), relaytest.OrderOf("ann", 1))
		b.settle(order.DispositionRejected, b.receive(1)...)
		require.Equal(t, []int64{2}, seqs(b.receive(10)))
	})
}

func TestSource_ADeferredOrderHoldsUpItsCustomerOnly(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.OrderOf("ann", 0), relaytest.OrderOf("ann", 1), relaytest.OrderOf("bob", 2))
		due := time.Now().Add(time.Minute)
		b.settleAt(order.DispositionDeferred, due, b.receive(1)...)
		require.Equal(t, []int64{3}, seqs(b.receive(10)))
		b.nothing(59 * time.Second)
		batch := b.receive(10)
		require.Equal(t, []int64{1, 2}, seqs(batch))
		require.Equal(t, 1, batch[0].Attempts)
		require.False(t, time.Now().Before(due))
	})
}

func TestSource_LaterOrdersOfACustomerAreNotDeliveredBeforeTheirOwnTime(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.OrderOf("ann", 0), relaytest.OrderOf("ann", 1), relaytest.OrderOf("ann", 2))
		batch := b.receive(10)
		now := time.Now()
		b.settleAt(order.DispositionDeferred, now.Add(time.Second), batch[0])
		b.settleAt(order.DispositionDeferred, now.Add(time.Minute), batch[1])
		b.settleAt(order.DispositionDeferred, now.Add(time.Second), batch[2])
		batch = b.receive(10)
		require.Equal(t, []int64{1}, seqs(batch))
		b.settle(order.DispositionWritten, batch...)
		b.nothing(58 * time.Second)
		require.Equal(t, []int64{2, 3}, seqs(b.receive(10)))
	})
}

func TestSource_ARedrivenOrderIsFoundBehindTheCursor(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.Orders(3)...)
		batch := b.receive(10)
		b.settle(order.DispositionRejected, batch[0])
		b.settle(order.DispositionWritten, batch[1:]...)
		b.queue.Redrive(1)
		start := time.Now()
		require.Equal(t, []int64{1}, seqs(b.receive(10)))
		require.LessOrEqual(t, time.Since(start), local.RescanEvery)
	})
}

func TestSource_ARedrivenOrderIsFoundWhileABacklogIsDrained(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.Orders(1000)...)
		b.settle(order.DispositionRejected, b.receive(1)...)
		b.queue.Redrive(1)
		var found bool
		for range 5 {
			time.Sleep(local.RescanEvery)
			batch := b.receive(10)
			found = found || batch[0].Seq == 1
			b.settle(order.DispositionWritten, batch...)
		}
		require.True(t, found, "the backlog must not hide it")
	})
}

func TestSource_ARescanDoesNotDeliverWhatIsInHandOrDeferred(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.Orders(4)...)
		batch := b.receive(4)
		b.settleAt(order.DispositionDeferred, time.Now().Add(time.Hour), batch[1])
		b.settle(order.DispositionRejected, batch[3])
		b.queue.Redrive(4)
		require.Equal(t, []int64{4}, seqs(b.receive(10)))
		b.nothing(time.Minute)
	})
}

func TestSource_AnOrderRedrivenByAnotherProcessIsFoundWithoutASignal(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.Order(0))
		b.settle(order.DispositionRejected, b.receive(1)...)
		b.queue.Redrive(1)
		<-b.queue.Arrived() // nobody hears it
		require.Equal(t, []int64{1}, seqs(b.receive(1)))
	})
}

func TestSource_ACancelledOrderIsForgotten(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.OrderOf("ann", 0), relaytest.OrderOf("ann", 1), relaytest.OrderOf("ann", 2))
		first := b.receive(1)
		b.nothing(time.Second)
		b.queue.Cancel(2)
		b.settle(order.DispositionWritten, first...)
		batch := b.receive(10)
		require.Equal(t, []int64{3}, seqs(batch))
		b.settle(order.DispositionWritten, batch...)
		b.nothing(time.Hour)
	})
}

func TestSource_DeferredOrdersKeepTheirTimeOverARestart(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.OrderOf("ann", 0), relaytest.OrderOf("ann", 1), relaytest.OrderOf("bob", 2))
		b.settleAt(order.DispositionDeferred, time.Now().Add(time.Minute), b.receive(1)...)
		b.source = local.New(b.queue, local.Options{})
		require.Equal(t, []int64{3}, seqs(b.receive(10)))
		require.Equal(t, []int64{1, 2}, seqs(b.receive(10)))
	})
}

// tornQueue fails to settle, or to be read, as often as it is told to.
type tornQueue struct {
	*relaytest.Queue
	settles, reads int
}

var errTorn = errors.New("disk full")

func (q *tornQueue) Settle(ctx context.Context, all []order.Settlement) error {
	if q.settles > 0 {
		q.settles--
		return errTorn
	}
	return q.Queue.Settle(ctx, all)
}

func (q *tornQueue) Waiting(ctx context.Context, after int64, limit int) ([]order.Queued, error) {
	if q.reads > 0 {
		q.reads--
		return nil, errTorn
	}
	return q.Queue.Waiting(ctx, after, limit)
}

func TestSource_AnOrderThatCouldNotBeSettledStaysInHand(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		torn := &tornQueue{Queue: b.queue, settles: 1}
		b.source = local.New(torn, local.Options{})
		b.queue.Put(relaytest.OrderOf("ann", 0), relaytest.OrderOf("ann", 1))
		batch := b.receive(1)
		settlement := []order.Settlement{{Seq: batch[0].Seq, OrderID: batch[0].Order.ID}}
		require.ErrorIs(t, b.source.Settle(b.t.Context(), settlement), errTorn)
		b.nothing(time.Hour)
		require.NoError(t, b.source.Settle(b.t.Context(), settlement))
		require.Equal(t, []int64{2}, seqs(b.receive(1)))
	})
}

func TestSource_AnUnreadableQueueLosesNothing(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		torn := &tornQueue{Queue: b.queue}
		b.source = local.New(torn, local.Options{})
		b.queue.Put(relaytest.OrderOf("ann", 0), relaytest.OrderOf("ann", 1))
		first := b.receive(1)
		b.nothing(time.Second)
		b.settle(order.DispositionWritten, first...)
		torn.reads = 1
		_, err := b.source.Receive(b.t.Context(), 1)
		require.ErrorIs(t, err, errTorn)
		require.Equal(t, []int64{2}, seqs(b.receive(1)))
	})
}

func TestSource_AnOrderThatTheQueueDoesNotKnowHoldsNobodyUp(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.OrderOf("ann", 0), relaytest.OrderOf("ann", 1))
		batch := b.receive(1)
		b.queue.Cancel(1)
		err := b.source.Settle(b.t.Context(), []order.Settlement{{Seq: 1, OrderID: batch[0].Order.ID}})
		require.ErrorIs(t, err, order.ErrNotFound)
		require.Equal(t, []int64{2}, seqs(b.receive(1)))
	})
}

func TestSource_DeferredOrdersComeAtOnceWhenTheyAreRousedAndStillInSequence(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.OrderOf("ann", 0), relaytest.OrderOf("ann", 1), relaytest.OrderOf("bob", 2), relaytest.OrderOf("cid", 3))
		batch := b.receive(10)
		require.Len(t, batch, 4)
		b.settleAt(order.DispositionDeferred, time.Now().Add(time.Hour), batch[0])
		b.settleAt(order.DispositionDeferred, time.Now().Add(time.Minute), batch[1], batch[2])
		b.nothing(time.Second)
		go func() {
			time.Sleep(time.Second)
			b.source.Rouse()
		}()
		began := time.Now()
		require.Equal(t, []int64{1, 2, 3}, seqs(b.receive(10)), "Cid's is in hand")
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestSource_OneDeferredOrderIsHastenedAndTheOthersKeepTheirTime(t *testing.T) {
	inBubble(t, local.Options{}, func(b *bench) {
		b.queue.Put(relaytest.OrderOf("ann", 0), relaytest.OrderOf("bob", 1))
		batch := b.receive(10)
		b.settleAt(order.DispositionDeferred, time.Now().Add(time.Hour), batch[0])
		b.settleAt(order.DispositionDeferred, time.Now().Add(time.Minute), batch[1])
		b.source.Hasten()
		require.Equal(t, []int64{2}, seqs(b.receive(10)))
		b.nothing(59 * time.Minute)
		require.Equal(t, []int64{1}, seqs(b.receive(10)))
	})
}
