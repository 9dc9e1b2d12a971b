package publish

import (
	"context"
	"errors"
	"fmt"
)

// ErrContended: others wrote to the store at the same time, again and again.
var ErrContended = errors.New("somebody else writes to the store at the same time")

// errAgain: the store is not what it was thought to be; it has to be read anew.
var errAgain = errors.New("the store is not as it was read")

// Publish makes the store hold the wanted table and reads back that it does. It
// may be stopped, killed, or met by another publish at any call: run again, it
// ends what was begun. An error that is a Problem left the store as it was.
func (p *Publisher) Publish(ctx context.Context, job Job) (Result, error) {
	r := &run{caller: caller{Publisher: p}, job: job}
	began := p.now()
	err := r.publish(ctx)
	r.result.Calls, r.result.Cost = r.calls, USD(r.calls)*Prices.Call
	r.result.Took = p.now().Sub(began)
	if err != nil {
		return r.result, fmt.Errorf("publish epoch %d: %w", job.Wanted.Epoch, err)
	}
	return r.result, nil
}

// run is one Publish.
type run struct {
	caller
	job    Job
	result Result
	state  State
}

func (r *run) publish(ctx context.Context) (err error) {
	if r.state, err = r.remembered(ctx); err != nil {
		return err
	}
	r.result.Plan = Compare(r.state, r.job.Wanted, r.job.Base)
	for round := range rounds {
		plan := Compare(r.state, r.job.Wanted, nil)
		if err := plan.Refusal(r.job.Overwrite); err != nil {
			return err
		}
		if plan.Nothing() {
			r.result.Verified, r.result.Left = true, 0
			r.result.Published = round > 0
			r.memory.Keep(r.state)
			return nil
		}
		if err = r.once(ctx, plan); !errors.Is(err, errAgain) {
			return err
		}
		r.log.Info("the store changed meanwhile; reading it anew", "epoch", r.job.Wanted.Epoch, "cause", err)
		if err := r.backOff(ctx, round); err != nil {
			return err
		}
		if r.state, err = r.read(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w; gave up after %d rounds", ErrContended, rounds)
}

// once makes the calls of one plan, and reads back what they did.
func (r *run) once(ctx context.Context, plan Plan) error {
	begun, done := r.job.marks(r.state, r.now())
	calls := order(plan, r.job.Wanted, begun, done)
	at := Progress{AllCalls: len(calls), AllItems: plan.Items()}
	r.result.Left = plan.Items()
	var touched []string
	for _, b := range calls {
		etag, o, err := r.update(ctx, r.state.ETag, b)
		switch o {
		case succeeded:
		case conflicted, uncertain:
			return errors.Join(errAgain, err)
		default:
			return err
		}
		r.state.take(b, etag)
		for _, w := range b {
			touched = append(touched, w.key)
			if w.mark == nil {
				at.Items++
			}
		}
		at.Calls++
		r.result.Left = plan.Items() - at.Items
		r.progress(at)
	}
	r.result.Published = true
	if err := r.verify(ctx, touched); err != nil {
		return err
	}
	r.result.Verified = true
	r.memory.Keep(r.state)
	r.log.Info("published", "epoch", done.Epoch, "items", plan.Items(), "calls", r.calls)
	return nil
}
