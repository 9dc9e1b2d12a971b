// Package local is a relay's Source over the embedded queue. It decides which
// of the waiting orders are due, in an order that keeps each customer's orders
// in the sequence of acceptance, and remembers what is in hand.
//
//	Receive: rescan → parked orders that are due → the queue from the cursor on
//	Settle:  the queue first, then the key is free for its next order
//
// Different ordering keys never wait for each other. What the cursor has
// passed and cannot be delivered yet (its customer has an earlier order in
// hand or deferred, or it is not due) is parked: as a sequence number, not as
// a body, and no more than MaxLane of one key and MaxParked of all, so that
// memory stays flat however many orders wait. The rest of a longer backlog is
// left out and read again once what is parked of it is gone. Nothing here is durable and nothing needs to be:
// after a restart the cursor starts at zero.
package local
