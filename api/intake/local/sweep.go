package local

import "database/sql/driver"

// sweep removes the claims of expired idempotency keys, in small steps beside
// the orders that add new ones. It walks the orders in the order of acceptance
// and stops at the first whose key is still in force, so a key goes some time
// after it expired: what counts is not the row but the order's expiry, which
// accept looks at.
type sweep struct {
	at  int64 // Seq of the last order looked at, as written in the ledger
	due int64 // Unix nanoseconds: no key expires before; a hint, zero means look
}

// step sweeps twice as many keys as the transaction claimed, and a few, so that
// it catches up, and returns where it got to.
func (s *sweep) step(t *tx) int64 {
	at, now := s.at, t.now.UnixNano()
	if t.events.accepted == 0 || now < s.due {
		return at
	}
	type key struct {
		seq   int64
		claim []byte
	}
	var expired []key
	s.due = 0
	t.query(t.sweepable, func(row []driver.Value) error {
		if expires := row[2].(int64); s.due == 0 && expires <= now {
			expired = append(expired, key{row[0].(int64), row[1].([]byte)})
		} else if s.due == 0 {
			s.due = expires
		}
		return nil
	}, at, 2*t.events.accepted+8)
	for _, k := range expired {
		t.exec(t.unclaim, k.claim, k.seq)
		at = k.seq
	}
	return at
}
