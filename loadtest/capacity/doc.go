// Package capacity says on paper what a sale needs: it plays a flash sale
// through the rules of Banyan and of AWS, event by event, and reports the queue,
// the environments, the quotas that would be hit first, and the bill.
//
//	Plan → Simulate → Result (series, quotas, time to empty) → Bill
//
// The rules are those of the code: orders are accepted one by one and queued,
// the relay takes batches of them under the budget, and a batch costs a fixed
// part and a part for each order. A test plays the same sale through the real
// relay and holds the two against each other. What AWS does is from its
// published quotas (see quota.go) and prices (see price.go), each with its
// source and date.
package capacity
