// Package replay takes orders, and whatever else a shopper sends, to a legacy
// that can be reached over HTTP only: a request is kept durably, and sent to
// legacy when legacy can bear it.
//
//	Capture → Store.Accept → Budget → Store.Begin → legacy's own answer → Store.Settle
//
// The shopper's request is held for a moment: with legacy healthy the shopper
// sees exactly what legacy answers. Where the answer does not come in time the
// shopper gets 202 and a page to follow; that is never before the request is on
// disk, and so is the first byte to legacy.
//
// A request ends as written (2xx, 3xx), as cancelled (4xx, with the shopper
// there to see it) or as a dead letter (4xx later). It comes back, for ever, as
// long as nothing was sent. Where something was sent and no answer came, nobody
// knows what legacy did: the route's lookup finds out, and only what legacy does
// not have is sent again. A legacy that answers with 500 and does not have it
// gets it again too, some ten times over two hours; then it is a dead letter,
// and the session's next one goes. Requests of one session go in order, those of
// different sessions never wait for each other.
//
// The package knows no database. replay/local is a Store on SQLite.
package replay
