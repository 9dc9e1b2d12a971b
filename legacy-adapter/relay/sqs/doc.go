// Package sqs is the relay's side of an SQS queue of orders: a Source for a
// process that keeps running, and an Inbox for Lambda, where an event source
// mapping polls and deletes.
//
//	Source.Receive → decode → Book.Find → Relay → Book.Settle → delete | hide | dead letter
//
// # How an order outlives an outage
//
// Nothing is counted against an order. What legacy could not take is hidden
// (ChangeMessageVisibility) for as long as the relay's backoff says and comes
// back, in its place: on a FIFO queue the group is locked while its first message
// is hidden, so the orders of one customer stay in sequence and nobody else
// waits. Only an order that legacy refuses, or a message that is no order, becomes
// a dead letter: it is sent to the dead-letter queue by us, at once, with the
// cause in its body, and only then deleted here.
//
// SQS has two ways of its own to end an order, and both are kept at a distance.
//
// Its receive count. Each receipt counts, and beyond maxReceiveCount SQS moves
// the message away, whatever it is worth. The redrive policy therefore has SQS's
// largest count, 1,000 (RedrivePolicy), as a fence that is never reached:
//
//	the first 100 receipts come at the relay's pace (1 s to 5 min apart)
//	after that a message is hidden for 30 minutes or more each time
//	after 10 days, or 800 receipts, it is sent anew and counts from nought
//	10 days: 100 + 10 × 48 = 580 receipts at most, 420 below the fence
//	14 days, were it never sent anew: 100 + 14 × 48 = 772
//
// The price is that after an outage of hours an order may take half an hour more.
// A relay that dies with each batch in hand never gets to hide anything: from 900
// receipts on a message is sent anew before it is tried. Outages of fourteen
// days, and such a crash loop, are tests.
//
// Its retention. A message lives for 14 days from when it was sent, hidden or
// not. So a message that is deferred ten days after it was sent is sent anew,
// together with those of its group that came with it, in their sequence (SQS
// gives out as many of a group at once as it can, up to ten), and the old ones
// deleted. Where no relay looked for twelve days the store's sweep sends what
// still waits; the second message of an order that has ended is dropped. Beyond
// ten days of outage the sequence is not promised for a customer with more than
// ten waiting orders, nor for an order placed in the very moment in which the
// customer's others are sent anew. No order is lost or doubled by that.
//
// # Why not send again each time, why not pause
//
// A fresh copy on each deferral would keep the count at one, but it goes to the
// end of its group: the customer's next order would overtake it. Pausing the
// mapping stops the count too, yet somebody has to notice that legacy is back.
// Instead an Inbox slows Lambda down, which partial batch answers keep it from
// doing itself: while the breaker is open an invocation is held for most of its
// time, one order of it every BreakerRest finds out whether legacy is back, and
// the rest are put back untried. With five environments of 30 seconds some two
// orders a second are received from a queue of any depth, and the first one that
// is written opens the way for all. On a server the queue is left alone meanwhile.
// An operator may still disable the mapping, for up to twelve days.
//
// At most 120,000 messages of a queue are in flight, and hidden ones are. When
// that many are hidden SQS gives out no more, which in an outage is as well.
//
// # What a standard queue gives up
//
// The sequence: orders of one customer are written as they come. All else holds.
//
// # Redrive
//
// An order that legacy refused is a dead letter of the book, which sends it anew
// when somebody redrives it there; Letters.Clear then removes its message here.
// Two kinds of message only the dead-letter queue knows: what is no order, and
// what SQS moved there by itself. Letters shows them, sends them back one by one
// or drops them.
//
// A dead letter that is moved back by a move task of SQS's own is taken out of
// its envelope and delivered. A move task has to be given the order queue as its
// destination: SQS knows the source only of what it moved itself. It has no
// filter, and does not stop where the cause is still there: the command does.
//
// # What it needs to be allowed
//
// On the queue sqs:ReceiveMessage, DeleteMessage, ChangeMessageVisibility,
// GetQueueAttributes and SendMessage; on the dead-letter queue sqs:SendMessage
// and, to find it by the redrive policy, GetQueueUrl. Who looks after dead letters
// needs on that queue ReceiveMessage, DeleteMessage, ChangeMessageVisibility and
// GetQueueAttributes as well.
package sqs
