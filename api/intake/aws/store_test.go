package aws_test

import (
	"testing"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/intake/intaketest"
)

func TestStore_PassesTheSuite(t *testing.T) {
	intaketest.Run(t, func(t *testing.T, clock *intaketest.Clock) intaketest.Harness {
		return suiteOn(t, awstest.Moto(t), clock)
	})
}

// TestStore_PassesTheSuiteWithAnotherQueue has the table on moto all the same.
func TestStore_PassesTheSuiteWithAnotherQueue(t *testing.T) {
	intaketest.RunQueue(t, func(t *testing.T, clock *intaketest.Clock) intaketest.Harness {
		return suiteOn(t, awstest.Fauxqs(t), clock)
	})
}

// suiteOn is a store whose queue is on an emulator that keeps a customer's
// orders in sequence.
func suiteOn(t *testing.T, e *awstest.Emulator, clock *intaketest.Clock) intaketest.Harness {
	r := newRig(t, func(o *aws.Options) {
		o.Now = clock.Now
		o.Shards = func(onHand int) int { return min(6, onHand/4) } // more than usual, so that they matter
	})
	r.queue = e.SQS()
	r.options.SQS, r.options.Queue = r.queue, e.Queue(t, attributes(t, r.options.Kind))
	r.reopen(t)
	j := newJoined(t, r)
	return intaketest.Harness{Store: j, RedrivenGoLast: true, Reopen: func(t *testing.T) intaketest.Store {
		r.reopen(t)
		again := *j
		again.Store = r.Store
		return &again
	}}
}
