package aws_test

import (
	"testing"

	"github.com/banyan-edge/banyan/api/intake/aws"
	"github.com/banyan-edge/banyan/api/intake/intaketest"
)

func TestStore_PassesTheSuite(t *testing.T) {
	intaketest.Run(t, func(t *testing.T, clock *intaketest.Clock) intaketest.Harness {
		r := newRig(t, func(o *aws.Options) {
			o.Now = clock.Now
			o.Shards = func(onHand int) int { return min(6, onHand/4) } // more than usual, so that they matter
		})
		j := newJoined(t, r)
		return intaketest.Harness{Store: j, Reopen: func(t *testing.T) intaketest.Store {
			r.reopen(t)
			again := *j
			again.Store = r.Store
			return &again
		}}
	})
}
