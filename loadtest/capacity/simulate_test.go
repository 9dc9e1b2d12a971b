package capacity_test

import (
	"context"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/loadtest/capacity"
)

func simulate(t require.TestingT, p capacity.Plan) capacity.Result {
	r, err := capacity.Simulate(p)
	require.NoError(t, err)
	return r
}

// line is a queue for the real relay: orders come as the plan says.
type line struct {
	mu   sync.Mutex
	n    int // waiting
	more chan struct{}
	took int // settled
	last time.Time
}

func (l *line) put(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n += n
	select {
	case l.more <- struct{}{}:
	default:
	}
}

func (l *line) Receive(ctx context.Context, most int) ([]order.Queued, error) {
	for {
		l.mu.Lock()
		n := min(l.n, most)
		l.n -= n
		l.mu.Unlock()
		if n > 0 {
			return make([]order.Queued, n), nil
		}
		select {
		case <-l.more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (l *line) Settle(_ context.Context, settled []order.Settlement) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took += len(settled)
	l.last = time.Now()
	return nil
}

// slow is a legacy that takes its time.
type slow struct{ each, batch time.Duration }

func (s slow) Write(_ context.Context, orders []order.Order) []relay.Outcome {
	time.Sleep(s.batch + time.Duration(len(orders))*s.each)
	outcomes := make([]relay.Outcome, len(orders))
	for i := range outcomes {
		outcomes[i].Disposition = order.DispositionWritten
	}
	return outcomes
}

// drainReally plays a spike through the real relay, in made-up time, and returns
// when the last order was written, since the spike began, and how many were.
func drainReally(t *testing.T, p capacity.Plan) (empty time.Duration, written int) {
	synctest.Test(t, func(t *testing.T) {
		queue := &line{more: make(chan struct{}, 1)}
		r := relay.New(relay.Options{Source: queue, Legacy: slow{p.WriteOrder, p.WriteBatch}, Budget: relay.NewBudget(p.Connections)})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		began, come := time.Now(), 0
		for at := time.Duration(0); at < p.For; at += 10 * time.Millisecond {
			due := int(p.Spike * (at + 10*time.Millisecond).Seconds())
			queue.put(due - come)
			come = due
			time.Sleep(10 * time.Millisecond)
		}
		for queue.waits(come) {
			time.Sleep(100 * time.Millisecond)
		}
		stop()
		require.NoError(t, <-ended)
		empty, written = queue.last.Sub(began), queue.took
	})
	return empty, written
}

func (l *line) waits(come int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.took < come
}

// TestSimulate_AgreesWithTheRealRelay holds the paper against the code: three
// rates, below, near and far above what legacy can take.
func TestSimulate_AgreesWithTheRealRelay(t *testing.T) {
	for _, spike := range []float64{200, 1500, 10_000} {
		p := capacity.Plan{Target: capacity.Local, Rate: 0.001, Spike: spike, For: 30 * time.Second, Lead: 1, Connections: 5,
			WriteOrder: 4 * time.Millisecond, WriteBatch: 20 * time.Millisecond, AcceptPerSecond: 20_000}
		paper := simulate(t, p)
		empty, written := drainReally(t, p)
		require.InEpsilon(t, written, paper.Accepted, 0.01, "orders at %v a second", spike)
		require.InEpsilon(t, empty.Seconds(), paper.EmptyAt.Seconds(), 0.10, "time to empty at %v a second", spike)
	}
}

// anyPlan is a sale that somebody might plan.
func anyPlan(t *rapid.T) capacity.Plan {
	target := rapid.SampledFrom([]capacity.Target{capacity.AWS, capacity.Local}).Draw(t, "target")
	return capacity.Plan{
		Target: target, Rate: rapid.Float64Range(0.1, 50).Draw(t, "rate"), Spike: rapid.Float64Range(1, 3000).Draw(t, "spike"),
		For:         time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second,
		Connections: rapid.IntRange(1, 50).Draw(t, "connections"), WriteOrder: time.Duration(rapid.IntRange(1, 20).Draw(t, "write")) * time.Millisecond,
		Accept: time.Duration(rapid.IntRange(5, 500).Draw(t, "accept")) * time.Millisecond, Lead: time.Second,
	}
}

func TestSimulate_LosesNoOrderAndNeverExceedsTheBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		r := simulate(t, p)
		require.LessOrEqual(t, r.Most, p.Connections)
		last := 0.0
		for _, at := range r.Series {
			require.InDelta(t, at.Accepted, at.Written+at.Waiting, 1e-6, "accepted = written + waiting")
			require.InDelta(t, at.Tried, at.Accepted+at.Refused, 1.01, "what is not accepted was refused")
			require.LessOrEqual(t, at.Connected, p.Connections)
			require.GreaterOrEqual(t, at.Written, last)
			last = at.Written
		}
		if r.EmptyAt == capacity.Never {
			require.GreaterOrEqual(t, p.Rate, r.Drain)
		}
	})
}

func TestSimulate_SaysWhatIsTooLittle(t *testing.T) {
	calm := simulate(t, capacity.Plan{Spike: 100, For: time.Minute})
	require.Zero(t, calm.Refused.Sum())
	for _, n := range calm.Needs {
		require.Less(t, n.Share(), 1.0, n.Quota)
	}

	cold := simulate(t, capacity.Plan{Spike: 3000, For: time.Minute, Accept: 400 * time.Millisecond, ServerlessEach: 0.01, WarmWrites: 40_000, Concurrency: 3000})
	require.Positive(t, cold.Refused.Environment, "environments come at 1,000 in 10 s")
	warm := simulate(t, capacity.Plan{Spike: 2000, For: time.Minute, Accept: 400 * time.Millisecond, ServerlessEach: 0.01, WarmWrites: 40_000, Concurrency: 3000, Warm: 3000})
	require.Zero(t, warm.Refused.Environment)

	throttled := simulate(t, capacity.Plan{Spike: 20_000, For: 10 * time.Second, Accept: 20 * time.Millisecond, Concurrency: 10_000, Warm: 10_000})
	require.Positive(t, throttled.Refused.Throttle)
	require.Greater(t, throttled.Needs[0].Share(), 1.0)

	table := simulate(t, capacity.Plan{Spike: 1000, For: 10 * time.Second, Accept: 20 * time.Millisecond, ServerlessEach: 0.01})
	require.Positive(t, table.Refused.Table, "a new table takes 4,000 units a second")
	machine := simulate(t, capacity.Plan{Target: capacity.Local, Spike: 20_000, For: time.Second})
	require.InEpsilon(t, 10_000, machine.Refused.Machine, 0.02)
	require.Empty(t, machine.Needs)
}

// TestSimulate_InternetScale plays 100,000 orders a second and 10,000,000
// shoppers in front of a database of 25 connections.
func TestSimulate_InternetScale(t *testing.T) {
	r := simulate(t, capacity.Plan{Rate: 100, Spike: 100_000, For: time.Minute, Shoppers: 10e6, Connections: 25, WriteOrder: time.Millisecond,
		Target: capacity.Local, AcceptPerSecond: 1e6})
	require.InEpsilon(t, 6e6, r.Accepted, 0.2)
	require.InEpsilon(t, 25_000, r.Drain, 0.01)
	require.InEpsilon(t, 240, r.EmptyAt.Seconds(), 0.05, "6,000,000 at 25,000 a second")
	require.Equal(t, 25, r.Most)
}

// The same on AWS, with the quotas that such a sale has to ask for.
func TestSimulate_InternetScaleOnAWS(t *testing.T) {
	r := simulate(t, capacity.Plan{Rate: 100, Spike: 100_000, For: time.Minute, Shoppers: 10e6, Connections: 25, WriteOrder: time.Millisecond, Accept: 50 * time.Millisecond,
		Concurrency: 30_000, Warm: 30_000, WarmWrites: 2e6, APIRate: 500_000, Shards: 1000})
	require.Zero(t, r.Refused.Sum())
	require.InEpsilon(t, 240, r.EmptyAt.Seconds(), 0.05)
	require.Equal(t, "SQS FIFO messages", simulate(t, capacity.Plan{FIFO: true, ServerlessEach: 0.01, Spike: 100_000, For: time.Second, Concurrency: 1e5, Warm: 1e5, WarmWrites: 2e6, APIRate: 1e6, Shards: 2000}).Needs[0].Quota)
}

func TestPlan_RefusesWhatMakesNoSense(t *testing.T) {
	for _, p := range []capacity.Plan{
		{Target: "moon"}, {Rate: -1}, {Spike: 2e6}, {For: 48 * time.Hour}, {Connections: -1}, {WriteOrder: -1}, {Warm: 5, Concurrency: 2}, {MemoryMB: 1}, {Ramp: time.Hour, For: time.Minute},
	} {
		_, err := capacity.Simulate(p)
		require.ErrorIs(t, err, capacity.ErrPlan, "%+v", p)
	}
}

func TestBill_GrowsWithTheSale(t *testing.T) {
	small := simulate(t, capacity.Plan{Spike: 100, For: time.Minute})
	large := simulate(t, capacity.Plan{Spike: 200, For: time.Minute})
	require.InEpsilon(t, 2, capacity.Total(large.Bill.Sale)/capacity.Total(small.Bill.Sale), 0.1)
	require.InDelta(t, capacity.Total(small.Bill.Month), capacity.Total(large.Bill.Month), 1e-9, "a quiet month knows nothing of the sale")
	for _, l := range small.Bill.Sale {
		require.NotEmpty(t, l.Source)
		require.False(t, math.IsNaN(l.Cost()) || l.Cost() < 0, l.What)
	}
	// The sum that is known for a million checkouts with 256 MB, 50 ms and two
	// write units each is 4.6 dollars (API, functions, queue and edge).
	million := simulate(t, capacity.Plan{Spike: 1000, For: 1000 * time.Second, WarmWrites: 40_000, MemoryMB: 256, Shoppers: 1, RequestsEach: 1e-9, ServerlessEach: 1e-9})
	service := map[string]float64{}
	for _, l := range million.Bill.Sale {
		service[l.Service] += l.Cost()
	}
	require.InEpsilon(t, 1.0, service["API Gateway"], 0.02)
	require.InEpsilon(t, 0.37+0.04, service["Lambda"], 0.15)
	require.InEpsilon(t, 0.48, service["SQS"], 0.02)
}

func TestQuotas_AreTheRulesOfTheCode(t *testing.T) {
	require.EqualValues(t, relay.DefaultBatchSize, capacity.RelayBatch)
}
