package sqs

import (
	"math/rand/v2"
	"time"
)

// How receipts are spent. The package comment has the arithmetic.
const (
	// MaxReceiveCount is what the queue's redrive policy is to say: SQS's
	// largest. No good order ever comes near it.
	MaxReceiveCount = 1000

	// FreeReceives is how many receipts of a message are spent at the pace that
	// the relay asks for.
	FreeReceives = 100
	// SpareDelay is the least time between two receipts beyond FreeReceives.
	SpareDelay = 30 * time.Minute

	// RenewReceives is after how many receipts, and RenewAge how long after it
	// was sent, a message that is deferred is sent anew: with a count of
	// nought and all of the retention before it.
	RenewReceives = 800
	RenewAge      = 10 * 24 * time.Hour
	// RescueReceives is after how many receipts a message is sent anew before
	// anything else is tried with it: who received it before never got so far
	// as to defer it.
	RescueReceives = 900
)

// The span in which a message comes back that could not be looked at.
const (
	backoffBase = time.Second
	backoffCap  = 5 * time.Minute
)

// longestHidden is how long a message is hidden at most. SQS allows 12 hours
// from the receipt; some of that has gone by.
const longestHidden = 11*time.Hour + 30*time.Minute

// hiddenFor says how long a deferred message is hidden whose order is wanted
// back after a time: in whole seconds, and not so short that its receipts run
// out.
func hiddenFor(receives int, wanted time.Duration) time.Duration {
	least := time.Second
	if receives > FreeReceives {
		least = SpareDelay
	}
	whole := (wanted + time.Second - 1).Truncate(time.Second)
	return min(max(least, whole), longestHidden)
}

// backoff is how long a message waits that could not be looked at, by how often
// it was received: anywhere up to a bound that doubles.
func backoff(receives int) time.Duration {
	bound := backoffCap
	if receives < 10 {
		bound = min(bound, backoffBase<<max(0, receives))
	}
	return rand.N(bound)
}

// waits are how long the messages of a batch wait that could not be looked at:
// those of a group alike, since the longest hidden one locks the group.
type waits map[string]time.Duration

func (w waits) of(m Message) time.Duration {
	key := m.key()
	if _, ok := w[key]; !ok {
		w[key] = backoff(m.Receives)
	}
	return w[key]
}

// tired reports whether a message that is deferred is to be sent anew.
func (d *desk) tired(m Message) bool {
	return m.Receives >= RenewReceives || !m.SentAt.IsZero() && d.now().Sub(m.SentAt) >= RenewAge
}
