// Package console is the pages for merchants and ops: what answers for each
// product and a flip of it, the ledger, the orders, the dead letters and the
// mending of them, and the history of flips.
//
// It is HTML that happens to be live. Every page is drawn here, on the server,
// from a typed struct and an embedded template; forms work without script; one
// small script keeps the overview's numbers moving. The same addresses answer
// with JSON to a client that asks for it, which is what the commands use.
//
//	flip: form → parseFlip → Flipper.Flip → 303 → the page, and what happened
//
// A shopper's name, address and email stand on the order's own page and nowhere
// else; a payment token stands nowhere. A page of another site cannot post a
// form here, and a name that was made to point here (DNS rebinding) is refused.
package console
