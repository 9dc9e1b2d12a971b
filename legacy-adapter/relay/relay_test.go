package relay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/banyan-edge/banyan/api/order"
	"github.com/banyan-edge/banyan/legacy-adapter/relay"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/local"
	"github.com/banyan-edge/banyan/legacy-adapter/relay/relaytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// legacy answers as it is told to.
type legacy func(ctx context.Context, orders []order.Order) []relay.Outcome

func (l legacy) Write(ctx context.Context, orders []order.Order) []relay.Outcome {
	return l(ctx, orders)
}

// outcomes gives every order the same outcome.
func outcomes(orders []order.Order, o relay.Outcome) []relay.Outcome {
	all := make([]relay.Outcome, len(orders))
	for i := range all {
		all[i] = o
	}
	return all
}

func writes(_ context.Context, orders []order.Order) []relay.Outcome {
	return outcomes(orders, relay.Outcome{Disposition: order.DispositionWritten})
}

type awayError struct{}

func (awayError) Error() string { return "connection refused" }
func (awayError) Away() bool    { return true }

func isAway(_ context.Context, orders []order.Order) []relay.Outcome {
	return outcomes(orders, relay.Outcome{Disposition: order.DispositionDeferred, Cause: "away", Err: fmt.Errorf("write: %w", awayError{})})
}

// running is a relay at work in a bubble where time is made up.
type running struct {
	t     *testing.T
	queue *relaytest.Queue
	relay *relay.Relay
	end   func() error // ends Run and returns what it returned
}

func inBubble(t *testing.T, to legacy, o relay.Options, test func(r *running)) {
	synctest.Test(t, func(t *testing.T) {
		q := relaytest.NewQueue()
		if o.Source == nil {
			o.Source = local.New(q, local.Options{})
		} else {
			o.Source.(*tornSource).Source = local.New(q, local.Options{})
		}
		if o.Budget == nil {
			o.Budget = relay.NewBudget(4)
		}
		o.Legacy = to
		r := &running{t: t, queue: q, relay: relay.New(o)}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.relay.Run(ctx) }()
		r.end = sync.OnceValue(func() error {
			cancel()
			return <-ended
		})
		test(r)
		_ = r.end()
	})
}

// empty waits, however long in made-up time, until no order waits.
func (r *running) empty(within time.Duration) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), within)
	defer cancel()
	require.NoError(r.t, r.queue.Empty(ctx))
	synctest.Wait()
}

func TestRelay_DispositionDecidesWhatBecomesOfADelivery(t *testing.T) {
	for _, c := range []struct {
		disposition order.Disposition
		waits, dead bool
	}{
		{order.DispositionWritten, false, false},
		{order.DispositionDuplicate, false, false},
		{order.DispositionDeferred, true, false},
		{order.DispositionRejected, false, true},
	} {
		t.Run(c.disposition.String(), func(t *testing.T) {
			to := func(_ context.Context, orders []order.Order) []relay.Outcome {
				return outcomes(orders, relay.Outcome{Disposition: c.disposition, Cause: "in words"})
			}
			inBubble(t, to, relay.Options{}, func(r *running) {
				r.queue.Put(relaytest.Order(0))
				require.NoError(t, r.queue.Until(r.t.Context(), func() bool { return len(r.queue.Told()) == 1 }))
				require.Equal(t, c.waits, r.queue.Len() == 1)
				require.Equal(t, c.dead, len(r.queue.Dead()) == 1)
				told := r.queue.Told()[0]
				require.Equal(t, c.disposition, told.Disposition)
				require.Equal(t, "in words", told.Cause)
				require.Equal(t, c.waits, !told.DueAt.IsZero())
			})
		})
	}
}

func TestRelay_AWeekOfMaintenanceCostsNoOrder(t *testing.T) {
	var back time.Time
	to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
		if time.Now().Before(back) {
			return isAway(ctx, orders)
		}
		return writes(ctx, orders)
	}
	inBubble(t, to, relay.Options{}, func(r *running) {
		back = time.Now().Add(7 * 24 * time.Hour)
		r.queue.Put(relaytest.Orders(20)...)
		r.empty(7*24*time.Hour + 2*relay.BackoffCap)
		require.Empty(t, r.queue.Dead())
		require.False(t, time.Now().Before(back))
		require.LessOrEqual(t, time.Since(back), relay.BackoffCap+relay.BreakerRest)
	})
}

func TestRelay_WhatWasDeferredIsWrittenAsSoonAsLegacyIsBack(t *testing.T) {
	var back time.Time
	to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
		if time.Now().Before(back) {
			return isAway(ctx, orders)
		}
		return writes(ctx, orders)
	}
	always := func() float64 { return 0.99 } // nobody's backoff is short by luck
	inBubble(t, to, relay.Options{Rand: always}, func(r *running) {
		back = time.Now().Add(3 * time.Hour)
		r.queue.Put(relaytest.Orders(2000)...)
		r.empty(4 * time.Hour)
		require.LessOrEqual(t, time.Since(back), 3*relay.BreakerRest)
	})
}

func TestRelay_NoCountOfAttemptsKillsAnOrder(t *testing.T) {
	attempts := 0
	to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
		if attempts++; attempts <= 5000 {
			return outcomes(orders, relay.Outcome{Disposition: order.DispositionDeferred, Cause: "a deadlock"})
		}
		return writes(ctx, orders)
	}
	inBubble(t, to, relay.Options{}, func(r *running) {
		r.queue.Put(relaytest.Order(0))
		r.empty(365 * 24 * time.Hour)
		require.Equal(t, 5001, attempts)
		told := r.queue.Told()
		require.Equal(t, order.DispositionWritten, told[len(told)-1].Disposition)
	})
}

func TestRelay_OpenBreakerLeavesTheQueueAlone(t *testing.T) {
	var away atomic.Bool
	away.Store(true)
	to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
		if away.Load() {
			return isAway(ctx, orders)
		}
		return writes(ctx, orders)
	}
	inBubble(t, to, relay.Options{BatchSize: 2, Workers: 1}, func(r *running) {
		r.queue.Put(relaytest.Orders(1000)...)
		time.Sleep(relay.BreakerRest / 2)
		require.Equal(t, "open", r.relay.State().Breaker)
		require.Len(t, r.queue.Told(), 2*relay.BreakerFailures, "the rest was not touched")
		asked := r.queue.Asked()
		time.Sleep(relay.BreakerRest / 4)
		require.Equal(t, asked, r.queue.Asked(), "the queue is not even read")

		time.Sleep(relay.BreakerRest / 2)
		require.Len(t, r.queue.Told(), 2*relay.BreakerFailures+1, "a single order asks whether legacy is back")
		away.Store(false)
		r.empty(time.Hour)
		require.Equal(t, "closed", r.relay.State().Breaker)
	})
}

func TestRelay_ABatchInHandWhenTheBreakerOpensIsPutBack(t *testing.T) {
	tries := 0
	to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
		tries++
		time.Sleep(time.Second)
		return isAway(ctx, orders)
	}
	o := relay.Options{BatchSize: 1, Workers: 5, Budget: relay.NewBudget(1), BackoffBase: time.Hour,
		Rand: func() float64 { return 0.5 }} // none that was put back is due again meanwhile
	inBubble(t, to, o, func(r *running) {
		r.queue.Put(relaytest.Orders(5)...)
		synctest.Wait()
		require.Equal(t, 5, r.relay.State().InHand)
		time.Sleep(relay.BreakerFailures * time.Second)
		synctest.Wait()
		require.Equal(t, "open", r.relay.State().Breaker)
		require.Equal(t, relay.BreakerFailures, tries)
		told := r.queue.Told()
		require.Len(t, told, 5, "nothing is kept in hand")
		for _, s := range told[relay.BreakerFailures:] {
			require.Equal(t, order.DispositionDeferred, s.Disposition)
			require.Equal(t, relay.BreakerRest, s.DueAt.Sub(s.At), "until legacy is asked again")
		}
	})
}

func TestRelay_TroubleWithOneOrderDoesNotOpenTheBreaker(t *testing.T) {
	for name, o := range map[string]relay.Outcome{
		"rejected":  {Disposition: order.DispositionRejected, Cause: "out_of_stock"},
		"duplicate": {Disposition: order.DispositionDuplicate},
		"deferred":  {Disposition: order.DispositionDeferred, Cause: "a deadlock", Err: errors.New("40P01")},
	} {
		t.Run(name, func(t *testing.T) {
			to := func(_ context.Context, orders []order.Order) []relay.Outcome { return outcomes(orders, o) }
			inBubble(t, to, relay.Options{BatchSize: 1}, func(r *running) {
				r.queue.Put(relaytest.Orders(50)...)
				synctest.Wait()
				require.GreaterOrEqual(t, len(r.queue.Told()), 50)
				require.Equal(t, "closed", r.relay.State().Breaker)
			})
		})
	}
}

func TestRelay_AWrittenOrderShowsThatLegacyIsThere(t *testing.T) {
	to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
		all := isAway(ctx, orders)
		all[0] = relay.Outcome{Disposition: order.DispositionWritten}
		return all
	}
	inBubble(t, to, relay.Options{BatchSize: 2}, func(r *running) {
		r.queue.Put(relaytest.Orders(50)...)
		r.empty(24 * time.Hour)
		require.Equal(t, "closed", r.relay.State().Breaker)
	})
}

func TestRelay_BackoffIsFullJitterWithACap(t *testing.T) {
	for _, rand := range []float64{0, 0.5, 0.999} {
		tries := 0
		to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
			if tries++; tries > 40 {
				return writes(ctx, orders)
			}
			return outcomes(orders, relay.Outcome{Disposition: order.DispositionDeferred})
		}
		inBubble(t, to, relay.Options{Rand: func() float64 { return rand }}, func(r *running) {
			r.queue.Put(relaytest.Order(0))
			r.empty(24 * time.Hour)
			bound := relay.BackoffBase
			for _, told := range r.queue.Told()[:40] {
				require.Equal(t, time.Duration(rand*float64(bound)), told.DueAt.Sub(told.At))
				bound = min(2*bound, relay.BackoffCap)
			}
		})
	}
}

func TestRelay_OrdersOfOneCustomerThatAreDeferredComeBackTogether(t *testing.T) {
	tries := 0
	to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
		if tries++; tries == 1 {
			return outcomes(orders, relay.Outcome{Disposition: order.DispositionDeferred})
		}
		return writes(ctx, orders)
	}
	inBubble(t, to, relay.Options{}, func(r *running) {
		r.queue.Put(relaytest.OrderOf("ann", 0), relaytest.OrderOf("ann", 1), relaytest.OrderOf("ann", 2))
		r.empty(time.Minute)
		told := r.queue.Told()
		require.Equal(t, told[0].DueAt, told[1].DueAt)
		require.Equal(t, told[0].DueAt, told[2].DueAt)
		require.Equal(t, 2, tries)
	})
}

func TestRelay_ALegacyThatPanicsOrSaysTooLittleCostsARetry(t *testing.T) {
	tries := 0
	to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
		switch tries++; tries {
		case 1:
			panic("nil map")
		case 2:
			return writes(ctx, orders)[:1]
		}
		return writes(ctx, orders)
	}
	inBubble(t, to, relay.Options{}, func(r *running) {
		r.queue.Put(relaytest.Orders(3)...)
		r.empty(time.Hour)
		require.Empty(t, r.queue.Dead())
	})
}

func TestRelay_WriteHasItsTime(t *testing.T) {
	to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
		deadline, _ := ctx.Deadline()
		require.Equal(t, 7*time.Second, time.Until(deadline))
		return writes(ctx, orders)
	}
	inBubble(t, to, relay.Options{WriteTimeout: 7 * time.Second}, func(r *running) {
		r.queue.Put(relaytest.Order(0))
		r.empty(time.Minute)
	})
}

func TestRelay_EndFinishesWhatIsInHand(t *testing.T) {
	to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
		time.Sleep(5 * time.Second)
		return outcomes(orders, relay.Outcome{Disposition: order.DispositionWritten, Err: ctx.Err()})
	}
	inBubble(t, to, relay.Options{BatchSize: 1, Workers: 2}, func(r *running) {
		r.queue.Put(relaytest.Orders(10)...)
		time.Sleep(time.Second)
		require.NoError(t, r.end())
		require.Len(t, r.queue.Told(), 2, "what was in hand is settled, nothing more was taken")
		require.Equal(t, 8, r.queue.Len())
	})
}

func TestRelay_EndDoesNotWaitForEver(t *testing.T) {
	to := func(context.Context, []order.Order) []relay.Outcome {
		time.Sleep(24 * time.Hour) // deaf to its context
		return nil
	}
	inBubble(t, to, relay.Options{BatchSize: 3}, func(r *running) {
		r.queue.Put(relaytest.Orders(3)...)
		synctest.Wait()
		require.ErrorContains(t, r.end(), "3 orders were still in hand")
		require.Equal(t, 3, r.queue.Len())
		time.Sleep(25 * time.Hour) // made-up hours, for the deaf one to end
	})
}

// tornSource fails as often as it is told to.
type tornSource struct {
	relay.Source
	receives, settles int
}

func (s *tornSource) Receive(ctx context.Context, max int) ([]order.Queued, error) {
	if s.receives > 0 {
		s.receives--
		return nil, errors.New("disk full")
	}
	return s.Source.Receive(ctx, max)
}

func (s *tornSource) Settle(ctx context.Context, all []order.Settlement) error {
	if s.settles > 0 {
		s.settles--
		return errors.New("disk full")
	}
	return s.Source.Settle(ctx, all)
}

func TestRelay_GoesOnWhenTheQueueFailsForAWhile(t *testing.T) {
	written := 0
	to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
		written += len(orders)
		return writes(ctx, orders)
	}
	inBubble(t, to, relay.Options{Source: &tornSource{receives: 7, settles: 7}}, func(r *running) {
		r.queue.Put(relaytest.Orders(3)...)
		r.empty(time.Hour)
		require.Equal(t, 3, written, "settling is repeated, not writing")
	})
}

func TestRelay_StateSaysHowFastTheQueueIsEmptied(t *testing.T) {
	to := func(ctx context.Context, orders []order.Order) []relay.Outcome {
		time.Sleep(100 * time.Millisecond)
		return writes(ctx, orders)
	}
	inBubble(t, to, relay.Options{BatchSize: 5, Workers: 1, Budget: relay.NewBudget(1)}, func(r *running) {
		r.queue.Put(relaytest.Orders(2000)...)
		time.Sleep(15 * time.Second)
		require.InDelta(t, 50, r.relay.State().Rate, 2)
		r.empty(time.Hour)
		time.Sleep(12 * time.Second)
		require.Zero(t, r.relay.State().Rate)
	})
}

func TestRelay_LogsALineForEveryOrder(t *testing.T) {
	var log bytes.Buffer
	dispositions := []order.Disposition{order.DispositionWritten, order.DispositionDuplicate, order.DispositionRejected}
	to := func(_ context.Context, orders []order.Order) []relay.Outcome {
		all := outcomes(orders, relay.Outcome{})
		for i := range all {
			all[i].Disposition = dispositions[i]
		}
		all[2].Cause = "out_of_stock"
		return all
	}
	inBubble(t, to, relay.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))}, func(r *running) {
		orders := relaytest.Orders(3)
		r.queue.Put(orders...)
		r.empty(time.Minute)
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		require.Len(t, lines, 3)
		for i, want := range []string{"order written", "order was already written", "order rejected"} {
			var line map[string]any
			require.NoError(t, json.Unmarshal([]byte(lines[i]), &line))
			require.Equal(t, want, line["msg"])
			require.Equal(t, orders[i].ID, line["order_id"])
			require.Equal(t, dispositions[i].String(), line["outcome"])
			require.Equal(t, fmt.Sprintf("%032x", i+1), line["trace_id"])
			require.EqualValues(t, 1, line["attempts"])
			require.Contains(t, line, "took")
			require.NotContains(t, lines[i], "Angler", "no personal data")
		}
	})
}

func TestRelay_MetricsCountDispositions(t *testing.T) {
	metrics := prometheus.NewRegistry()
	inBubble(t, writes, relay.Options{Metrics: metrics}, func(r *running) {
		r.queue.Put(relaytest.Orders(3)...)
		r.empty(time.Minute)
		require.NoError(t, testutil.GatherAndCompare(metrics, strings.NewReader(`
# HELP banyan_relay_dispositions_total Deliveries of orders to legacy by what became of them.
# TYPE banyan_relay_dispositions_total counter
banyan_relay_dispositions_total{disposition="deferred"} 0
banyan_relay_dispositions_total{disposition="duplicate"} 0
banyan_relay_dispositions_total{disposition="rejected"} 0
banyan_relay_dispositions_total{disposition="written"} 3
# HELP banyan_relay_breaker_state The breaker: 0 closed, 1 half-open, 2 open (the queue is left alone).
# TYPE banyan_relay_breaker_state gauge
banyan_relay_breaker_state 0
# HELP banyan_relay_in_hand Orders received from the queue and not yet settled.
# TYPE banyan_relay_in_hand gauge
banyan_relay_in_hand 0
# HELP banyan_budget_limit Legacy connections that everything together may hold now.
# TYPE banyan_budget_limit gauge
banyan_budget_limit 4
`), "banyan_relay_dispositions_total", "banyan_relay_breaker_state", "banyan_relay_in_hand", "banyan_budget_limit"))
	})
}

func TestRelay_NeedsASourceALegacyAndABudget(t *testing.T) {
	require.Panics(t, func() { relay.New(relay.Options{}) })
}
