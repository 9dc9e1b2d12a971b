// Package relay takes accepted orders from a queue to the legacy database: at
// least once in, exactly once in effect, at the pace that legacy can bear.
//
// The one flow:
//
//	Relay.Run → Source.Receive → Breaker → Legacy.Write → one transaction → Source.Settle
//
// A delivery ends as written or duplicate, comes back later as deferred (for
// ever: no count of attempts kills an order), or becomes a dead letter as
// rejected. While legacy is away the breaker is open and the queue is left
// alone; once it is back, what was deferred is due. The Budget is the number of
// legacy connections that everything together may hold; it shrinks while legacy
// answers slowly (governor.go).
//
// The package knows no queue and no database. relay/local is a Source;
// legacydb is a Legacy. The guarantee and its tests are in ../DESIGN.md.
package relay
