package aws_test

import (
	"encoding/json"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/order"
)

// onEach runs a test with the queue on each emulator in turn; the table is on
// moto.
func onEach(t *testing.T, test func(t *testing.T, e *awstest.Emulator)) {
	for name, get := range map[string]func(testing.TB) *awstest.Emulator{
		"moto": awstest.Moto, "fauxqs": awstest.Fauxqs, "local-aws-sqs": awstest.LocalSQS,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, get(t))
		})
	}
}

// rigOn is a rig whose queue is on an emulator.
func rigOn(t *testing.T, e *awstest.Emulator, kind aws.QueueKind, tenant string) *rig {
	r := newRig(t, func(o *aws.Options) { o.Kind, o.Tenant = kind, tenant })
	r.queue = e.SQS()
	r.options.SQS, r.options.Queue = r.queue, e.Queue(t, attributes(t, kind))
	r.reopen(t)
	r.stocked(t, rod, 100)
	return r
}

func TestMessage_FIFOKeepsACustomersOrdersInSequence(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, e *awstest.Emulator) {
		r := rigOn(t, e, aws.FIFO, "")
		var ids []string
		for _, key := range everyKey(4) {
			ids = append(ids, r.accepted(t, orderOf(key, rod, 1)).OrderID)
		}
		other := orderOf("other", rod, 1)
		other.Customer.Email = "bob@example.com"
		bobs := r.accepted(t, other).OrderID

		var anns []string
		groups := map[string]string{}
		for _, m := range r.messages(t) {
			o, err := r.ReadMessage(t.Context(), sdk.ToString(m.Body))
			require.NoError(t, err)
			if o.ID != bobs {
				anns = append(anns, o.ID)
			}
			if _, missing := e.Has(awstest.NoSystemAttribute); missing {
				continue
			}
			require.Equal(t, o.ID, m.Attributes["MessageDeduplicationId"])
			groups[o.ID] = m.Attributes["MessageGroupId"]
			require.NotContains(t, groups[o.ID], "@")
		}
		require.Equal(t, ids, anns)
		for _, id := range ids {
			require.Equal(t, groups[ids[0]], groups[id])
		}
		if len(groups) > 0 {
			require.NotEqual(t, groups[bobs], groups[ids[0]])
			require.Len(t, groups[bobs], 32)
		}
	})
}

func TestMessage_StandardQueueGroupsByTenant(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, e *awstest.Emulator) {
		r := rigOn(t, e, aws.Standard, "shop-7")
		id := r.accepted(t, orderOf("k", rod, 1)).OrderID
		all := r.messages(t)
		require.Len(t, all, 1)
		o, err := r.ReadMessage(t.Context(), sdk.ToString(all[0].Body))
		require.NoError(t, err)
		require.Equal(t, id, o.ID)
		if _, missing := e.Has(awstest.NoStandardGroup); !missing {
			require.Equal(t, "shop-7", all[0].Attributes["MessageGroupId"])
		}
	})
}

func TestMessage_CarriesTheWholeOrderAndItsTrace(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, e *awstest.Emulator) {
		r := rigOn(t, e, aws.FIFO, "")
		asked := orderOf("the key", rod, 2)
		asked.Customer.Name = "Žofie \ufffe \uffff <b>&amp;" // two characters that SQS refuses
		if _, basic := e.Has(awstest.OnlyBasicText); !basic {
			asked.Customer.Name += " 🎣"
		}
		receipt := r.accepted(t, asked)
		asked.ID, asked.AcceptedAt = receipt.OrderID, receipt.AcceptedAt

		all := r.messages(t)
		require.Len(t, all, 1)
		got, err := r.ReadMessage(t.Context(), sdk.ToString(all[0].Body))
		require.NoError(t, err)
		require.Equal(t, asked, got)
		if _, missing := e.Has(awstest.NoTraceHeader); !missing {
			require.Equal(t, "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1",
				all[0].Attributes["AWSTraceHeader"])
		}
	})
}

func TestMessage_LargeBodyGoesByClaimCheck(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *aws.Options) { o.MessageBytes = 1024 })
	r.stocked(t, rod, 3)
	large := orderOf("large", rod, 1)
	large.Customer.Address = strings.Repeat("Albany ", 200)
	receipt := r.accepted(t, large)
	large.ID, large.AcceptedAt = receipt.OrderID, receipt.AcceptedAt

	all := r.messages(t)
	require.Len(t, all, 1)
	var ticket map[string]any
	require.NoError(t, json.Unmarshal([]byte(sdk.ToString(all[0].Body)), &ticket))
	require.Equal(t, map[string]any{
		"id": receipt.OrderID, "key": "large",
		"claim_check": map[string]any{"bucket": r.options.Bucket, "object": "orders/" + receipt.OrderID + ".json"},
	}, ticket)
	got, err := r.ReadMessage(t.Context(), sdk.ToString(all[0].Body))
	require.NoError(t, err)
	require.Equal(t, large, got)
	found, err := r.Find(t.Context(), receipt.OrderID)
	require.NoError(t, err)
	require.Equal(t, large, found.Order)
}

// A body may fit a message and still not an item of the table.
func TestMessage_BodyTooLargeForTheTableIsInTheBucket(t *testing.T) {
	t.Parallel()
	r, queue := sweepRig(t, aws.FIFO)
	large := orderOf("large", rod, 1)
	large.Customer.Address = strings.Repeat("Albany ", 70_000)
	queue.send.set(first(1, errQueueAway), nil)
	receipt := r.accepted(t, large)
	found, err := r.Find(t.Context(), receipt.OrderID)
	require.NoError(t, err)
	require.Equal(t, large.Customer, found.Customer)

	r.clock.Advance(r.options.SendAfter + 60e9)
	r.swept(t, 1)
	all := r.messages(t)
	require.Len(t, all, 1)
	require.Contains(t, sdk.ToString(all[0].Body), "Albany")
}

func TestMessage_RefusedOrderLeavesNoBodyBehind(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *aws.Options) { o.MessageBytes = 1024 })
	r.stocked(t, rod, 1)
	large := orderOf("large", rod, 2)
	large.Customer.Address = strings.Repeat("Albany ", 200)
	_, err := r.Accept(t.Context(), large)
	var soldOut *order.SoldOutError
	require.ErrorAs(t, err, &soldOut)
	large.Lines[0].Quantity = 1
	for range 3 {
		r.accepted(t, large)
	}
	objects, err := awstest.Moto(t).S3().ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &r.options.Bucket})
	require.NoError(t, err)
	require.Len(t, objects.Contents, 1)
}

func TestMessage_WithoutABucketALargeOrderIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *aws.Options) { o.MessageBytes = 1024 })
	r.stocked(t, rod, 1)
	r.options.Bucket, r.options.S3 = "", nil
	r.reopen(t)
	large := orderOf("large", rod, 1)
	large.Customer.Address = strings.Repeat("Albany ", 200)
	_, err := r.Accept(t.Context(), large)
	var invalid *order.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, order.Ledger{}, r.ledger(t))
}

func TestReadMessage_RefusesWhatIsNoOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	const id = "01JDQ8Z5W0ABCDEFGHJKMNPQRS"
	for name, body := range map[string]string{
		"no JSON":          "hello",
		"no order":         `{"hello":"world"}`,
		"no id":            `{"id":"../../etc/passwd"}`,
		"foreign bucket":   `{"id":"` + id + `","claim_check":{"bucket":"theirs","object":"orders/` + id + `.json"}}`,
		"foreign object":   `{"id":"` + id + `","claim_check":{"bucket":"` + r.options.Bucket + `","object":"secrets"}}`,
		"object not there": `{"id":"` + id + `","claim_check":{"bucket":"` + r.options.Bucket + `","object":"orders/` + id + `.json"}}`,
	} {
		_, err := r.ReadMessage(t.Context(), body)
		require.Error(t, err, name)
	}
}

func TestMessage_TraceThatIsNoneIsLeftOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.stocked(t, rod, 3)
	for key, trace := range map[string]string{"a": "", "b": "nonsense", "c": "00-XYZ"} {
		o := orderOf(key, rod, 1)
		o.Trace = trace
		r.accepted(t, o)
	}
	all := r.messages(t)
	require.Len(t, all, 3)
	for _, m := range all {
		require.NotContains(t, m.Attributes, "AWSTraceHeader")
	}
}
