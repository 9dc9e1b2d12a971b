// Package sale rehearses a flash sale and says what became of it: shoppers come
// whether or not the storefront keeps up, every accepted order is looked up in
// the legacy database afterwards, and one report says what happened in words
// that a merchant understands and figures that an engineer can use.
//
//	Plan → Stream (open loop) → Book (latencies, outcomes) → Truth → Report
//
// The generator is open-loop: a request is due when the plan says, not when the
// one before it was answered, and its latency counts from when it was due. A
// storefront that stands still is therefore charged for every shopper who came
// meanwhile (Gil Tene's "coordinated omission").
package sale
