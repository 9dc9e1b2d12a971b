package relay

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/banyan-edge/banyan/api/order"
)

// deliver takes one batch to legacy and settles it. Where it is cut short (ctx
// ends) the batch is left unsettled: the queue delivers it again, and what was
// written is then a duplicate.
func (r *Relay) deliver(ctx context.Context, batch []order.Queued) {
	end, err := r.budget.Lease(ctx, Drain, Work{Kind: "write", Size: len(batch)})
	if err != nil {
		return
	}
	report, err := r.breaker.allow()
	if err != nil {
		end(context.Canceled) // the lease was not used
		r.logger.Info("orders put back", "orders", len(batch), "err", err)
		r.settle(ctx, r.postponed(batch))
		return
	}
	start := r.now()
	outcomes := r.write(ctx, ordersOf(batch))
	end(noAnswer(outcomes))
	report(outcomes)
	took := r.now().Sub(start)
	r.metrics.batches.Observe(took.Seconds())
	r.settle(ctx, r.settlements(batch, outcomes))
	r.count(outcomes)
	r.log(ctx, batch, outcomes, took)
}

// noAnswer returns what kept legacy from answering a batch, or nil where it
// answered: it was away, or time ran out.
func noAnswer(outcomes []Outcome) error {
	for _, o := range outcomes {
		if o.Disposition == order.DispositionDeferred && (isAway(o.Err) || errors.Is(o.Err, context.DeadlineExceeded)) {
			return o.Err
		}
	}
	return nil
}

// write asks legacy within WriteTimeout. A legacy that panics or answers for
// fewer orders than it was asked costs a retry, not the process.
func (r *Relay) write(ctx context.Context, orders []order.Order) (outcomes []Outcome) {
	ctx, cancel := context.WithTimeout(ctx, r.writeTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			r.logger.Error("legacy write panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			outcomes = unanswered(nil, len(orders))
		}
	}()
	return unanswered(r.legacy.Write(ctx, orders), len(orders))
}

var errUnanswered = errors.New("legacy gave no answer for this order")

// unanswered fills up outcomes to n with deferred ones.
func unanswered(outcomes []Outcome, n int) []Outcome {
	for len(outcomes) < n {
		outcomes = append(outcomes, Outcome{order.DispositionDeferred, errUnanswered.Error(), errUnanswered})
	}
	return outcomes[:n]
}

// settlements turns outcomes into what the queue is to be told. The orders of
// one key that were deferred together come back together, in order.
func (r *Relay) settlements(batch []order.Queued, outcomes []Outcome) []order.Settlement {
	now := r.now()
	due := make(map[string]time.Time)
	settlements := make([]order.Settlement, len(batch))
	for i, q := range batch {
		o := outcomes[i]
		settlements[i] = order.Settlement{
			Seq: q.Seq, OrderID: q.Order.ID, Disposition: o.Disposition, Cause: o.Cause, At: now,
		}
		if o.Disposition != order.DispositionDeferred {
			continue
		}
		key := q.Order.OrderingKey()
		if _, ok := due[key]; !ok {
			due[key] = now.Add(r.backoff(q.Attempts))
		}
		settlements[i].DueAt = due[key]
	}
	return settlements
}

// postponed defers a batch that was in hand when the breaker opened until
// legacy is asked again.
func (r *Relay) postponed(batch []order.Queued) []order.Settlement {
	now, until := r.now(), r.breaker.restsUntil()
	settlements := make([]order.Settlement, len(batch))
	for i, q := range batch {
		settlements[i] = order.Settlement{
			Seq: q.Seq, OrderID: q.Order.ID, Disposition: order.DispositionDeferred,
			Cause: "legacy is away (the breaker is open)", At: now, DueAt: until,
		}
	}
	return settlements
}

// settle tells the queue, again and again until it listens: an order that was
// written and not settled would be held up, and its customer's later ones.
func (r *Relay) settle(ctx context.Context, settlements []order.Settlement) {
	for failures := 0; ; failures++ {
		err := r.source.Settle(ctx, settlements)
		if err == nil || ctx.Err() != nil {
			return
		}
		if errors.Is(err, order.ErrNotFound) {
			r.logger.Error("the queue does not know an order that it gave out", "err", err)
			return
		}
		wait := min(r.backoffCap, receiveRest<<min(failures, 8))
		r.logger.Error("queue not settled", "orders", len(settlements), "err", err, "again_in", wait)
		r.pause(ctx, wait)
	}
}

func (r *Relay) count(outcomes []Outcome) {
	ended := 0
	for _, o := range outcomes {
		r.metrics.dispositions.WithLabelValues(o.Disposition.String()).Inc()
		if o.Disposition != order.DispositionDeferred {
			ended++
		}
	}
	r.rate.add(r.now(), ended)
}
