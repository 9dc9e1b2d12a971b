package order

// Ledger is the count that must balance: every accepted order is written,
// waiting, dead or cancelled (orders given up on count as cancelled). Accepted
// is counted on its own when orders are accepted, not summed from the others,
// so that an order that vanished shows.
type Ledger struct {
	Accepted  int64 `json:"accepted"`
	Written   int64 `json:"written"`
	Waiting   int64 `json:"waiting"`
	Dead      int64 `json:"dead"`
	Cancelled int64 `json:"cancelled"`
}

// Balanced reports whether no order is missing and none is counted twice.
func (l Ledger) Balanced() bool {
	return l.Accepted == l.Written+l.Waiting+l.Dead+l.Cancelled
}

// Stock is what is known of one SKU.
type Stock struct {
	SKU    string `json:"sku"`
	OnHand int    `json:"on_hand"` // units that legacy had when nothing was held or sold
	Held   int    `json:"held"`    // promised to orders not yet written
	Sold   int    `json:"sold"`    // written
}

// Left is how many can still be promised, never below zero.
func (s Stock) Left() int { return max(0, s.OnHand-s.Held-s.Sold) }
