package sqs_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/relaytest"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/sqs"
)

// rig is a pair of queues of one kind on an emulator, and a book.
type rig struct {
	t            *testing.T
	emulator     *awstest.Emulator
	client       *awssqs.Client
	orders, dead string
	fifo         bool
	book         *book
}

// excused has the known deviations of the emulators that a test here minds, and
// what it leaves out for them. Nothing else is excused.
var excused = map[awstest.Deviation]string{
	awstest.NoTraceHeader:   "whether a dead letter keeps its trace is not asked",
	awstest.NoStandardGroup: "whether a dead letter of a standard queue keeps its tenant is not asked",
	awstest.StaleGroupLock:  "one relay waits at a FIFO queue, and has one order of a customer in hand",
	awstest.OneOfAGroup:     "orders of one customer are taken one after the other, not in one batch",
}

// excuse reports whether the emulator has a deviation that is excused.
func (r *rig) excuse(d awstest.Deviation) bool {
	r.t.Helper()
	require.Contains(r.t, excused, d)
	reason, has := r.emulator.Has(d)
	if has {
		r.t.Logf("%s: %s (%s): %s", r.emulator.Name, d, reason, excused[d])
	}
	return has
}

// onEmulators runs a test on each emulator, with FIFO and with standard queues.
func onEmulators(t *testing.T, test func(t *testing.T, r *rig)) {
	for name, emulator := range map[string]func(testing.TB) *awstest.Emulator{"moto": awstest.Moto, "fauxqs": awstest.Fauxqs} {
		for _, kind := range []string{"fifo", "standard"} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				test(t, newRig(t, emulator(t), kind == "fifo"))
			})
		}
	}
}

func newRig(t *testing.T, emulator *awstest.Emulator, fifo bool) *rig {
	attributes := map[string]string{}
	if fifo {
		attributes = map[string]string{"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
	}
	r := &rig{t: t, emulator: emulator, client: emulator.SQS(), fifo: fifo, book: newBook()}
	r.dead = emulator.Queue(t, attributes)
	attributes["RedrivePolicy"] = sqs.RedrivePolicy(r.arn(r.dead))
	r.orders = emulator.Queue(t, attributes)
	return r
}

func (r *rig) arn(queue string) string {
	r.t.Helper()
	return r.attribute(queue, types.QueueAttributeNameQueueArn)
}

func (r *rig) attribute(queue string, name types.QueueAttributeName) string {
	r.t.Helper()
	out, err := r.client.GetQueueAttributes(r.t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []types.QueueAttributeName{name}})
	require.NoError(r.t, err)
	return out.Attributes[string(name)]
}

// depth is how many messages a queue holds, visible or not, at one moment.
func (r *rig) depth(queue string) (n int) {
	r.t.Helper()
	names := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}
	out, err := r.client.GetQueueAttributes(r.t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: names})
	require.NoError(r.t, err)
	for _, name := range names {
		held, err := strconv.Atoi(out.Attributes[string(name)])
		require.NoError(r.t, err)
		n += held
	}
	return n
}

func (r *rig) options() sqs.Options {
	return sqs.Options{Queue: r.orders, DeadLetters: r.dead, Client: r.client, Decode: decode, Book: r.book, Visibility: 30 * time.Second, Wait: 5 * time.Second}
}

func (r *rig) source(change func(*sqs.Options)) *sqs.Source {
	r.t.Helper()
	o := r.options()
	if change != nil {
		change(&o)
	}
	s, err := sqs.New(o)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { require.NoError(r.t, s.Close()) })
	return s
}

// send accepts orders and sends them as intake does.
func (r *rig) send(orders ...order.Order) {
	r.t.Helper()
	r.book.accept(orders...)
	for _, o := range orders {
		r.sendBody(groupOf(o), o.ID, bodyOf(r.t, o))
	}
}

func groupOf(o order.Order) string { return strings.TrimSuffix(o.OrderingKey(), "@example.com") }

const trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

func (r *rig) sendBody(group, dedup, body string) {
	r.t.Helper()
	in := &awssqs.SendMessageInput{QueueUrl: &r.orders, MessageBody: &body, MessageGroupId: &group,
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String(trace)},
		}}
	if r.fifo {
		in.MessageDeduplicationId = &dedup
	}
	_, err := r.client.SendMessage(r.t.Context(), in)
	require.NoError(r.t, err)
}

// patience is how long a test waits for something that has to happen.
const patience = time.Minute

// receive takes orders until n are in hand.
func (r *rig) receive(s *sqs.Source, n int) []order.Queued {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	var all []order.Queued
	for len(all) < n {
		batch, err := s.Receive(ctx, n-len(all))
		require.NoError(r.t, err, "%d of %d orders", len(all), n)
		all = append(all, batch...)
	}
	return all
}

func (r *rig) settle(s *sqs.Source, d order.Disposition, batch ...order.Queued) {
	r.t.Helper()
	all := make([]order.Settlement, len(batch))
	for i, q := range batch {
		all[i] = order.Settlement{Seq: q.Seq, OrderID: q.Order.ID, Disposition: d, Cause: "in words", At: time.Now(), DueAt: time.Now()}
	}
	require.NoError(r.t, s.Settle(r.t.Context(), all))
}

// letters empties the dead-letter queue.
func (r *rig) letters(n int) (letters []sqs.DeadLetter, messages []types.Message) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	for len(letters) < n {
		out, err := r.client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{
			QueueUrl: &r.dead, MaxNumberOfMessages: 10, WaitTimeSeconds: 5,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		require.NoError(r.t, err)
		for _, m := range out.Messages {
			letters, messages = append(letters, sqs.ReadDeadLetter(*m.Body)), append(messages, m)
		}
		require.NoError(r.t, deleteBut(r.client, r.dead, out, nil))
	}
	require.Zero(r.t, r.depth(r.dead))
	return letters, messages
}

func TestSource_DispositionDecidesWhatBecomesOfAMessage(t *testing.T) {
	onEmulators(t, func(t *testing.T, r *rig) {
		orders := customers(1, "ann", "bob", "cleo", "dora")
		r.send(orders...)
		s := r.source(nil)
		byID := make(map[string]order.Queued)
		for _, q := range r.receive(s, 4) {
			byID[q.Order.ID] = q
			require.Zero(t, q.Attempts)
		}
		for i, d := range []order.Disposition{order.DispositionWritten, order.DispositionDuplicate, order.DispositionDeferred, order.DispositionRejected} {
			r.settle(s, d, byID[orders[i].ID])
		}
		letters, messages := r.letters(1)
		require.Equal(t, orders[3].ID, letters[0].OrderID)
		require.Equal(t, "in words", letters[0].Cause)
		require.JSONEq(t, bodyOf(t, orders[3]), letters[0].Message)
		if !r.excuse(awstest.NoTraceHeader) {
			require.Equal(t, trace, messages[0].Attributes["AWSTraceHeader"])
		}
		if r.fifo || !r.excuse(awstest.NoStandardGroup) {
			require.NotEmpty(t, messages[0].Attributes["MessageGroupId"])
		}
		again := r.receive(s, 1)
		require.Equal(t, orders[2].ID, again[0].Order.ID, "only the deferred one comes again")
		require.Equal(t, 1, again[0].Attempts)
		r.settle(s, order.DispositionWritten, again...)
		require.Zero(t, r.depth(r.orders))
		require.Equal(t, "in words", r.book.cause(orders[3].ID))
		require.Len(t, r.book.written(), 2)
	})
}

func TestSource_AMessageThatIsNoOrderBecomesADeadLetterAndHoldsUpNobody(t *testing.T) {
	onEmulators(t, func(t *testing.T, r *rig) {
		garbage := []string{"not JSON at all", `{"id":"no id"}`, `"a \"quoted\" <word> & more"`}
		for i, body := range garbage {
			r.sendBody("ann", "garbage"+strconv.Itoa(i), body)
		}
		good := relaytest.OrderOf("ann", 1)
		r.send(good)
		s := r.source(nil)
		batch := r.receive(s, 1)
		require.Equal(t, good.ID, batch[0].Order.ID)
		r.settle(s, order.DispositionWritten, batch...)
		letters, _ := r.letters(len(garbage))
		var bodies []string
		for _, l := range letters {
			require.Contains(t, l.Cause, "the message is no order")
			bodies = append(bodies, l.Message)
		}
		require.ElementsMatch(t, garbage, bodies)
		require.Zero(t, r.depth(r.orders))
	})
}

func TestSource_AfterACrashTheOrderIsDeliveredAgain(t *testing.T) {
	onEmulators(t, func(t *testing.T, r *rig) {
		o := relaytest.Order(1)
		r.send(o)
		crashed := r.source(func(o *sqs.Options) { o.Visibility = 2 * time.Second })
		r.receive(crashed, 1)
		crashed.StopHeart()
		batch := r.receive(r.source(nil), 1)
		require.Equal(t, o.ID, batch[0].Order.ID)
		require.Equal(t, 1, batch[0].Attempts)
	})
}

func TestSource_AnOrderThatHasEndedIsNotDeliveredAgain(t *testing.T) {
	onEmulators(t, func(t *testing.T, r *rig) {
		written, cancelled, next := relaytest.OrderOf("ann", 1), relaytest.OrderOf("ann", 2), relaytest.OrderOf("ann", 3)
		r.send(written)
		s := r.source(nil)
		r.settle(s, order.DispositionWritten, r.receive(s, 1)...)
		r.sendBody(groupOf(written), "again", bodyOf(t, written))
		r.send(cancelled)
		r.book.become(cancelled.ID, order.Cancelled)
		r.send(next)
		batch := r.receive(s, 1)
		require.Equal(t, next.ID, batch[0].Order.ID)
		r.settle(s, order.DispositionWritten, batch...)
		if !r.fifo { // where the others may come later, or not be asked for yet
			ctx, cancel := context.WithCancel(t.Context())
			swept := make(chan struct{})
			go func() { defer close(swept); _, _ = s.Receive(ctx, 10) }()
			require.Eventually(t, func() bool { return r.depth(r.orders) == 0 }, patience, 50*time.Millisecond)
			cancel()
			<-swept
		}
		require.Zero(t, r.depth(r.orders))
		require.Zero(t, r.depth(r.dead))
	})
}

func TestSource_OrdersOfOneCustomerComeInSequence(t *testing.T) {
	onEmulators(t, func(t *testing.T, r *rig) {
		if !r.fifo {
			return // a standard queue keeps no sequence
		}
		ann1, bob, ann2 := relaytest.OrderOf("ann", 1), relaytest.OrderOf("bob", 2), relaytest.OrderOf("ann", 3)
		r.send(ann1, bob, ann2)
		s := r.source(nil)
		first := r.receive(s, 1)
		require.Equal(t, ann1.ID, first[0].Order.ID)
		second := r.receive(s, 1)
		require.Equal(t, bob.ID, second[0].Order.ID, "Ann's first is in hand")
		r.settle(s, order.DispositionDeferred, first...)
		r.settle(s, order.DispositionWritten, second...)
		if r.excuse(awstest.OneOfAGroup) {
			for _, next := range []order.Order{ann1, ann2} {
				again := r.receive(s, 1)
				require.Equal(t, next.ID, again[0].Order.ID)
				r.settle(s, order.DispositionWritten, again...)
			}
		} else {
			again := r.receive(s, 2)
			require.Equal(t, []string{ann1.ID, ann2.ID}, []string{again[0].Order.ID, again[1].Order.ID})
			r.settle(s, order.DispositionWritten, again...)
		}
		require.Zero(t, r.depth(r.orders))
	})
}

func TestSource_AnOldMessageThatIsDeferredIsSentAnewInSequence(t *testing.T) {
	onEmulators(t, func(t *testing.T, r *rig) {
		orders := customers(2, "ann")
		if r.fifo && r.excuse(awstest.OneOfAGroup) {
			orders = orders[:1]
		}
		r.send(orders...)
		s := r.source(func(o *sqs.Options) { o.Now = func() time.Time { return time.Now().Add(sqs.RenewAge + time.Hour) } })
		r.settle(s, order.DispositionDeferred, r.receive(s, len(orders))...)
		fresh := r.receive(r.source(nil), len(orders))
		for i, q := range fresh {
			require.Zero(t, q.Attempts, "its receipts are counted anew")
			if r.fifo {
				require.Equal(t, orders[i].ID, q.Order.ID)
			}
		}
		require.Equal(t, len(orders), r.depth(r.orders), "the old ones are gone")
	})
}

func TestSource_ARedrivenDeadLetterIsDelivered(t *testing.T) {
	onEmulators(t, func(t *testing.T, r *rig) {
		o := relaytest.Order(1)
		r.book.accept(o)
		body, err := sqs.DeadLetter{OrderID: o.ID, Cause: "out_of_stock", At: time.Now(), Message: bodyOf(t, o)}.Body()
		require.NoError(t, err)
		r.sendBody("ann", "moved", body)
		s := r.source(nil)
		batch := r.receive(s, 1)
		require.Equal(t, o.ID, batch[0].Order.ID)
		r.settle(s, order.DispositionRejected, batch...)
		letters, _ := r.letters(1)
		require.Equal(t, "in words", letters[0].Cause)
		require.JSONEq(t, bodyOf(t, o), letters[0].Message, "one envelope, not two")
	})
}
